"""Canvas components of our own: a Python wrapper here, the drawing in ``assets/web/NAME.js``."""
