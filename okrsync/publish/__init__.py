"""Where the weekly page goes: one interface, a file a wiki."""
