"""The store: what was pulled, how it is linked, what was measured. Nothing else in okrsync touches the database."""
