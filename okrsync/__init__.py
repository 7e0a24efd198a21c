"""okrsync keeps work and key results apart, and then compares them."""

__version__ = "0.1.0"
