"""Pictures: a result becomes a Plotly figure, or a page that stands alone.

No colours, fonts or templates are chosen here but a neutral grey for references: the app's theme supplies
them, in light and dark. Every function takes ``t``, which translates its words.
"""
