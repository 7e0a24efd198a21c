"""What texts point at: every form of reference, what only looks like one, and texts made to be slow."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okrsync.model import Reference, ReferenceKind
from okrsync.references import closed_in, named_in, references_of, trailers_in

REPO = "Acme/Storefront"
_PIECES = [
    "SHOP-1",
    "A_B2-30",
    "shop-1",
    "#45",
    "#0",
    "a/b",
    "x",
    "é",
    "修",
    "fixes ",
    "Closes: ",
    "resolved\n",
    "fixed",
    "-",
    "/",
]
_PIECES += ["_", ".", "&", "##", " ", "\n", "1", ".2", "K", "ſ", "fıxeſ "]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SHOP-101: faster cart", ("SHOP-101",)),
        ("see SHOP-101 and SHOP-7, SHOP-101 again", ("SHOP-101", "SHOP-7")),
        ("feature/SHOP-101-cart", ("SHOP-101",)),
        ("SHOP-101_cart", ("SHOP-101",)),
        ("修复SHOP-101的问题", ("SHOP-101",)),
        ("A_B2-3", ("A_B2-3",)),
        ("https://acme.atlassian.net/browse/SHOP-101?x=1", ("SHOP-101",)),
        ("in UTF-8", ("UTF-8",)),
        ("shop-101, xSHOP-101, SHOP-0, SHOP-012, SHOP-101a, SHOP-10.2, S-1", ()),
        ("#45", ("acme/storefront#45",)),
        ("(#45) and #46.", ("acme/storefront#45", "acme/storefront#46")),
        ("修复#45", ("acme/storefront#45",)),
        ("Other/Repo.js#7", ("other/repo.js#7",)),
        ("https://github.com/Other/Repo/issues/7#issuecomment-1", ("other/repo#7",)),
        ("https://ghe.acme.example/Other/Repo/pull/8.", ("other/repo#8",)),
        ("it&#39;s abc#45 #003 # 45 ##45 #45a a/#45 https://x.example/#45", ()),
        ("https://github.com/acme/storefront#45", ()),
        ("https://github.com/acme/storefront/issues/new", ()),
        ("#46 SHOP-2 a/b#1 #46", ("acme/storefront#46", "SHOP-2", "a/b#1")),
        ("", ()),
    ],
)
def test_named(text: str, expected: tuple[str, ...]) -> None:
    assert named_in(text, repo=REPO) == expected


def test_a_bare_number_needs_a_repository() -> None:
    assert named_in("#45 and a/b#1", repo=None) == ("a/b#1",)
    assert closed_in("fixes #45", repo=None) == ()


@pytest.mark.parametrize(
    "keyword",
    ["close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved", "FIXES", "Closes"],
)
@pytest.mark.parametrize("gap", [" ", ": ", ":"])
def test_every_closing_keyword(keyword: str, gap: str) -> None:
    assert closed_in(f"{keyword}{gap}#45", repo=REPO) == ("acme/storefront#45",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fixes SHOP-101", ("SHOP-101",)),
        ("closes a/b#3 and resolves https://github.com/c/d/issues/4", ("a/b#3", "c/d#4")),
        ("Fixes #45, #46", ("acme/storefront#45",)),
        ("prefixes #45; fixing #46; fixes the #47; fixes#48; un-fixed #49; fixes shop-1", ()),
    ],
)
def test_closed(text: str, expected: tuple[str, ...]) -> None:
    assert closed_in(text, repo=REPO) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Faster cart\n\nKR: KR1.1", ("KR1.1",)),
        ("KR: KR1.1, KR2.3\r\nkr: KR1.1\nSigned-off-by: x", ("KR1.1", "KR2.3")),
        ("  Kr :  KR1.1  \n", ("KR1.1",)),
        ("KR：KR1.1，KR2.3", ("KR1.1", "KR2.3")),
        ("KR:\nKR1.1", ()),
        ("KR: ,", ()),
        ("the KR: KR1.1", ()),
        ("OKR: KR1.1", ()),
        ("KRs: KR1.1", ()),
    ],
)
def test_trailers(text: str, expected: tuple[str, ...]) -> None:
    assert trailers_in(text) == expected


def test_all_together() -> None:
    found = references_of(
        repo=REPO,
        title="SHOP-101 fix #44",
        body="Fixes #45, see #46\n<!-- Fixes #123 -->\nSHOP-101\n\nKR: KR1.1",
        branch="feature/shop-102-cart",
        closes=["Acme/Storefront#46", "acme/storefront#46"],
    )
    assert found == (
        Reference(ReferenceKind.CLOSES, "acme/storefront#46"),
        Reference(ReferenceKind.CLOSES, "acme/storefront#45"),
        Reference(ReferenceKind.NAMES, "SHOP-101"),
        Reference(ReferenceKind.NAMES, "acme/storefront#44"),
        Reference(ReferenceKind.NAMES, "SHOP-102"),
        Reference(ReferenceKind.KEY_RESULT, "KR1.1"),
    )


def test_a_comment_that_never_ends_hides_the_rest() -> None:
    assert references_of(repo=REPO, body="#1 <!-- #2 --> #3 <!-- #4") == (
        Reference(ReferenceKind.NAMES, "acme/storefront#1"),
        Reference(ReferenceKind.NAMES, "acme/storefront#3"),
    )


@pytest.mark.parametrize(
    "piece",
    ["A", "A-", "A1-1", "a/", "a-", "#1", "http://", "http://a/b/c", "<!--", "fixes ", "fix:\n", "KR:", " ", "KR :"],
)
def test_time_is_linear_in_hostile_text(piece: str) -> None:
    def cpu(text: str) -> float:
        begin = time.process_time()
        references_of(repo=REPO, body=text, title=text, branch=text)
        return time.process_time() - begin

    size = 200_000
    cpu(piece * 10)
    small, large = cpu((piece * size)[: size // 8]), cpu((piece * size)[:size])
    # Eight times the text: quadratic would be 64 times the time; the floor keeps a fast machine's jitter out.
    assert large < 24 * max(small, 0.02)


@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join))
def test_a_repository_elsewhere_in_the_text_changes_nothing(text: str) -> None:
    # Texts without one are read by shorter patterns.
    elsewhere = f"{text}\n| q/r#999"
    assert named_in(elsewhere, repo=REPO) == (*named_in(text, repo=REPO), "q/r#999")
    assert closed_in(elsewhere, repo=REPO) == closed_in(text, repo=REPO)


def test_a_text_is_cut() -> None:
    assert named_in(" " * 1_000_000 + "#45", repo=REPO) == ()
