"""What the heads of a model do with one text or many: readings, effects, steps, ablations, habits.

The web process imports this too, so modules import no library at their top that a picture does not need.
"""
