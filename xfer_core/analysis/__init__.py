"""What a model's layers know and attend to: arrays in, arrays out.

Results are frozen dataclasses of arrays that cross process borders; torch, scikit-learn and umap are imported
inside the functions that need them, so that a page can hold a result without paying for its making.
"""
