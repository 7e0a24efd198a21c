"""Pages with hostile text in a real Chromium: nothing runs, nothing is asked of the network, no dialog opens."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from okrsync.publish.folder import write_pages
from okrsync.publish.wikitext import Wikitext
from okrsync.report.html import to_html
from tests.browser import browser_type_launch_args, needs_browser
from tests.hostile.corpus import EVERY
from tests.hostile.formats import pages_of
from tests.hostile.planted import planted
from tests.mediawiki import MediaWikiServer, Person, running_mediawiki

__all__ = ["browser_type_launch_args"]

pytestmark = needs_browser
Open = Any


@pytest.fixture
def opened(new_context: Any) -> Iterator[Open]:
    """Opens an address; fails when the page asks for anything that does not begin with ``own``, or anything runs."""
    wrong: list[str] = []

    def show(address: str, own: str, *, told: bool = True) -> Any:
        page = new_context().new_page()
        page.on("request", lambda request: request.url.startswith((own, "data:")) or wrong.append(request.url))
        page.on("dialog", lambda dialog: (wrong.append(f"dialog {dialog.message}"), dialog.dismiss()))
        if told:
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.goto(address)
        page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
        page.evaluate("document.querySelectorAll('body *').forEach(e => e.dispatchEvent(new Event('mouseover')))")
        assert page.evaluate("window.pwned") is None
        links = page.eval_on_selector_all("a[href]", "all => all.map(each => each.href)")
        foreign = re.compile(r"(?i)\s*(javascript|data|vbscript):|.*evil\.example/?$")
        # MediaWiki has one link of its own that prints the page.
        assert {each for each in links if foreign.match(each)} <= {"javascript:print();"}
        return page

    yield show
    assert wrong == []


def test_the_report(opened: Open, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(to_html(planted(EVERY)[0]), encoding="utf-8")
    page = opened(file.as_uri(), file.as_uri())
    page.locator("[data-chart]").first.scroll_into_view_if_needed()
    page.wait_for_selector("[data-drawn]")
    page.locator("[data-chart=quadrant]").scroll_into_view_if_needed()
    page.wait_for_selector("[data-chart=quadrant][data-drawn]")
    assert page.evaluate("window.pwned") is None


def test_pages_of_a_folder_as_mkdocs_shows_them(opened: Open, tmp_path: Path) -> None:
    pages = pages_of(planted(EVERY)[0])
    write_pages(tmp_path / "docs", pages, where="w")
    (tmp_path / "mkdocs.yml").write_text(
        "site_name: OKR\nuse_directory_urls: false\ntheme: {name: mkdocs, highlightjs: false}\nplugins: []\n"
        "markdown_extensions: [tables, md_in_html, attr_list, footnotes, abbr, def_list, admonition]\n"
    )
    subprocess.run([sys.executable, "-m", "mkdocs", "build", "-q"], cwd=tmp_path, check=True, capture_output=True)
    site = (tmp_path / "site").as_uri()
    for page in (pages[0], pages[1], pages[-1]):
        # Its theme stumbles over events that no person makes.
        opened(f"{site}/{page.name}.html", site, told=False)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "span":  # of which MediaWiki gives a headline a second one, for links made by its older versions
            self.tags.append(tag)


def tags_of(html: str) -> list[str]:
    parser = _Tags()
    parser.feed(html)
    return parser.tags


@pytest.fixture(scope="module")
def mediawiki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MediaWikiServer]:
    with running_mediawiki(tmp_path_factory.mktemp("wiki")) as server:
        yield server


def test_a_page_in_mediawiki(opened: Open, mediawiki: MediaWikiServer) -> None:
    """It is made of what its harmless twin is made of, as MediaWiki itself parses both."""
    person, made = Person(mediawiki), []
    for title, harmless in (("Hostile", False), ("Harmless", True)):
        [week, *_] = pages_of(planted(EVERY, harmless=harmless)[0])
        person.write(title, Wikitext().render(week.markdown))
        made.append(tags_of(person.shown(title)))
    assert made[0] == made[1]
    opened(f"{mediawiki.url}/index.php?title=Hostile", mediawiki.url, told=False)
