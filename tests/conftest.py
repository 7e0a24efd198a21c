"""For all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stores import OPENED


@pytest.fixture(autouse=True)
def _stores_are_closed() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().dispose()
