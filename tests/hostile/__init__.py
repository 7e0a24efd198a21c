"""Hostile text: a corpus, places that it comes from, and what must not change when it does."""
