"""The examples of the pages in ``docs/findings/``: tests run every one of them (``tests/test_finding_examples.py``)."""

from __future__ import annotations

from docs.examples import alignment, bottleneck, drift, persistence, strategy
from docs.examples.example import Pair

EXAMPLES: dict[str, Pair] = {
    **alignment.EXAMPLES,
    **persistence.EXAMPLES,
    **strategy.EXAMPLES,
    **drift.EXAMPLES,
    **bottleneck.EXAMPLES,
}
"""Rule → data that fires it, and the nearest that does not."""
