"""Measurements of speed and of the statistics; not tests: nothing here is asserted."""
