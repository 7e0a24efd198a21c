"""The site: it builds without a warning, and shows what GitHub shows of the same pages."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs").glob("**/*.md"))
_COUNTED = {"h1", "h2", "h3", "h4", "li", "ol", "pre", "td", "th", "ul", "img", "blockquote"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        # Never with --quiet: it hides the warnings from --strict, and anything passes.
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    # A page that is new belongs into the navigation of mkdocs.yml; links and their anchors must lead somewhere.
    assert built.returncode == 0, built.stderr
    return folder


class _Page(HTMLParser):
    """How often each element stands in the part of a page that is the page's own."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.addresses: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _COUNTED:
            self.counts[tag] += 1
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]


@pytest.mark.parametrize("document", PAGES, ids=lambda path: str(path.relative_to(ROOT / "docs")))
def test_the_site_shows_what_github_shows(site: Path, document: Path) -> None:
    html = (site / document.relative_to(ROOT / "docs").with_suffix(".html")).read_text("utf-8")
    own = html.partition('<div class="section" itemprop="articleBody">')[2].partition("<footer>")[0]
    assert own
    expected = _Page(MarkdownIt("commonmark").enable("table").render(document.read_text("utf-8"))).counts
    assert _Page(own).counts == expected


def test_no_page_asks_another_host(site: Path) -> None:
    """Links may lead out; what a page loads (scripts, styles, fonts, pictures) lies on the site."""
    for page in site.glob("**/*.html"):
        loaded = re.findall(r'<(?:script|img|link)[^>]+(?:src|href)="([^"]+)"', page.read_text("utf-8"))
        assert [each for each in loaded if each.startswith(("http:", "https:", "//"))] == [], page
