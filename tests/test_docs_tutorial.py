"""The tutorials: every command runs, and prints what the page shows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from okrsync.sandbox.company import found_company
from tests.doc_blocks import ROOT
from tests.doc_tutorial import Reader, difference, environment


@pytest.mark.parametrize("document", ["tutorial/demo.md", "tutorial/own.md", "zh/quickstart.md"])
def test_tutorial(document: str, tmp_path: Path) -> None:
    company = found_company(tmp_path / "company")
    desk = tmp_path / "desk"
    desk.mkdir()
    with company.on_loopback():
        reader = Reader(desk, environment(os.environ["http_proxy"], tmp_path))
        reader.follow(ROOT / "docs" / document)
    assert len(reader.ran) >= 5


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\n…\nd\n", "a\nb\nc\nd\n", True),
        ("…\nd\n", "a\nd\n", True),
        ("a…c\n", "abc\n", True),
        ("a\n", "a\nb\n", False),
        ("b\n", "a\nb\n", False),
        ("a\n…\ne\n", "a\nb\n", False),
        ("a.c\n", "abc\n", False),
        ("a\n", "", False),
        ("j: 1 read, 1 new\ng: 2 read, 2 new\n", "g: 2 read, 2 new\nj: 1 read, 1 new\n", True),
        ("b\na\n", "a\nb\n", False),
    ],
)
def test_difference(shown: str, printed: str, same: bool) -> None:
    assert (difference(shown, printed) is None) == same
