"""Where measurements come from: one interface, a file a source."""
