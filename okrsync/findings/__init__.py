"""Evidence of the five failure modes: one interface, a file a mode, ``catalogue`` lists all rules."""
