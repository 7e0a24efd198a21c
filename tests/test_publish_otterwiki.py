"""Published by git push to a real Otter Wiki, and looked at in a real browser."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from okrsync.errors import AuthError
from okrsync.http import HttpPolicy
from okrsync.publish.git import Git, GitSettings
from okrsync.publish.interface import Attachment, PublishContext, WikiPage
from okrsync.report.escape import markdown as escaped
from okrsync.report.markdown import to_markdown
from okrsync.sandbox.otterwiki import OtterWiki, find_otterwiki
from okrsync.testing import PublisherContract
from tests.browser import CHROMIUM, browser_type_launch_args
from tests.report_samples import full

__all__ = ["browser_type_launch_args"]

ROOT = Path(__file__).resolve().parents[1]
NAME = "OKR-2026-W47"
SHOTS = os.environ.get("OKRSYNC_SCREENSHOTS")


class OnceGit(Git):
    """Gives up after one failure of the network."""

    policy = HttpPolicy(attempts=1)


def git(folder: Path, *arguments: str) -> str:
    account = ("-c", "user.name=Lin Wei", "-c", "user.email=lin@acme.example")
    done = subprocess.run(["git", "-C", folder, *account, *arguments], capture_output=True, check=True)
    return done.stdout.decode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OtterWiki]:
    python = find_otterwiki([ROOT / ".venv-wiki"])
    if python is None:
        pytest.skip("Otter Wiki is not installed (`make .venv-wiki`)")
    with OtterWiki(tmp_path_factory.mktemp("otterwiki"), python) as started:
        yield started


@pytest.fixture
def wiki(server: OtterWiki) -> Git:
    first = git(server.repository, "rev-list", "--max-parents=0", "HEAD").strip()
    git(server.repository, "reset", "--quiet", "--hard", first)
    return publisher(server)


def publisher(server: OtterWiki, **settings: Any) -> Git:
    auth = {"user": server.email, "password": server.password}
    return OnceGit(GitSettings(**{"url": server.clone_url, "auth": auth, **settings}), PublishContext(Path("/")))


class TestContract(PublisherContract):
    @pytest.fixture
    def publisher(self, wiki: Git, server: OtterWiki) -> Git:
        self.repository = server.repository
        self.secrets = (server.password,)
        return wiki

    def _commit(self) -> None:
        git(self.repository, "add", "--all")
        git(self.repository, "commit", "--quiet", "-m", "by a person")

    def read(self, publisher: Any, name: str) -> str | None:
        path = self.repository / f"{name}.md"
        return path.read_text("utf-8") if path.is_file() else None

    def edit(self, publisher: Any, name: str, before: str, after: str) -> None:
        path = self.repository / f"{name}.md"
        path.write_text(path.read_text("utf-8").replace(before, after), "utf-8")
        self._commit()

    def add(self, publisher: Any, name: str, above: str, below: str) -> None:
        path = self.repository / f"{name}.md"
        path.write_text(f"{above}\n\n{path.read_text('utf-8')}\n{below}\n", "utf-8")
        self._commit()

    def attachment(self, publisher: Any, page: str, name: str) -> bytes | None:
        path = self.repository / page / name
        return path.read_bytes() if path.is_file() else None

    def replace_attachment(self, publisher: Any, page: str, name: str, data: bytes) -> None:
        (self.repository / page / name).write_bytes(data)
        self._commit()


def test_wrong_account(server: OtterWiki, wiki: Git) -> None:
    with pytest.raises(AuthError, match="Check `auth`"):
        publisher(server, auth={"user": server.email, "password": "wr0ng"}).publish([WikiPage(NAME, NAME, "x")])


@pytest.fixture
def tab(request: pytest.FixtureRequest) -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine (Debian: chromium)")
    # One program may drive Chromium once: as pytest-playwright does for all tests.
    new_context = request.getfixturevalue("new_context")
    with closing(new_context(viewport={"width": 1280, "height": 1600}).new_page()) as opened:
        opened.heard = []
        opened.on("dialog", lambda dialog: (opened.heard.append(dialog.message), dialog.dismiss()))
        yield opened


def picture(tab: Any, colour: str) -> bytes:
    tab.set_content(f'<div id="x" style="width:320px;height:80px;background:{colour}"></div>')
    data: bytes = tab.locator("#x").screenshot()
    return data


HOSTILE = [
    "<script>alert(1)</script>",
    '<img src=x onerror=alert(2)>',
    "[x](javascript:alert(3))",
    '"><svg onload=alert(4)>',
    "[[Home]] {{x}} ::: info",
    "`</code><script>alert(5)</script>`",
]  # fmt: skip


def test_page_is_shown_in_a_browser(server: OtterWiki, wiki: Git, tab: Any) -> None:
    chart = Attachment(f"{NAME}-KR1.png", "image/png", picture(tab, "teal"))
    titles = "\n".join(f"- {escaped(title)}" for title in HOSTILE)
    markdown = (
        "# Week 47\n\n**3 busy**\n\n[down](#result-kr1-1) [all weeks](OKR.md)\n\n"
        f"| key result | now |\n|---|---:|\n| KR1.1 | 124 |\n| {escaped(HOSTILE[0])} | 2 |\n\n{titles}\n\n"
        f"![Chart of KR1.1]({chart.name})\n\n"
        + "filler\n\n"
        * 60
        + '<a id="result-kr1-1"></a>\n\n## KR1.1 Activated shops\n\n'
        '<details markdown="1">\n<summary>2 more</summary>\n\n- folded\n\n</details>\n\n' + "filler\n\n" * 60
    )
    done = wiki.publish([WikiPage(NAME, NAME, markdown, (chart,)), WikiPage("OKR", "OKR", "# All weeks\n")])
    assert done.links == {NAME: f"{server.url}/{NAME}", "OKR": f"{server.url}/OKR"}
    tab.goto(done.links[NAME])
    shown = tab.locator(".page")
    assert shown.locator("h1").first.inner_text().strip() == "Week 47"
    assert "KR1.1 Activated shops" in shown.locator("h2").first.inner_text()
    assert shown.locator("table td").all_inner_texts() == ["KR1.1", "124", HOSTILE[0], "2"]
    assert [text.strip() for text in shown.locator("li").all_inner_texts()[: len(HOSTILE)]] == HOSTILE
    image = shown.locator("img[alt='Chart of KR1.1']")
    assert image.evaluate("image => [image.complete, image.naturalWidth]") == [True, 320]
    assert shown.locator("script, svg, [onerror], [onload]").count() == 0
    assert not shown.locator("li", has_text="folded").is_visible()
    shown.locator("summary", has_text="2 more").click()
    assert shown.locator("li", has_text="folded").is_visible()
    top = "element => element.getBoundingClientRect().top"
    tab.goto(done.links[NAME])
    if SHOTS:
        tab.screenshot(path=Path(SHOTS) / "otterwiki.png")
    assert shown.locator("[id='result-kr1-1']").evaluate(top) > 1600
    shown.get_by_text("down", exact=True).click()
    tab.wait_for_url("**/*#result-kr1-1")
    tab.wait_for_timeout(500)  # the wiki scrolls smoothly
    assert shown.locator("[id='result-kr1-1']").evaluate(top) < 200
    tab.get_by_text("all weeks", exact=True).click()
    tab.wait_for_url(f"{server.url}/OKR")
    assert tab.locator(".page h1").first.inner_text().strip() == "All weeks"
    assert tab.heard == [], "something of a title was executed"


def test_report_is_shown_in_a_browser(server: OtterWiki, wiki: Git, tab: Any) -> None:
    report = full()
    wiki.publish([WikiPage(NAME, NAME, to_markdown(report))])
    tab.goto(f"{server.url}/{NAME}")
    shown = tab.locator(".page")
    assert shown.locator("table").count() >= 3
    assert shown.locator("h2").count() >= 3
    assert "markdown=" not in shown.inner_text()
    assert "](" not in shown.inner_text()
    links = shown.locator("a[href^='#result-']")
    assert links.count() >= len(report.key_results)
    for target in links.evaluate_all("links => links.map(link => link.hash.slice(1))"):
        assert shown.locator(f"[id='{target}']").count() == 1
    if SHOTS:
        tab.screenshot(path=Path(SHOTS) / "otterwiki-report.png", full_page=True)
    assert tab.heard == []


def test_lower_case_as_otter_wiki_has_it_by_default(tmp_path: Path, server: OtterWiki) -> None:
    repository = tmp_path / "wiki.wiki.git"
    subprocess.run(["git", "init", "--quiet", "--bare", repository], check=True)
    settings = GitSettings(url=str(repository), lowercase=True)
    chart = Attachment(f"{NAME}.png", "image/png", b"\x89PNG")
    page = WikiPage(NAME, NAME, f"![c]({chart.name}) [x](KR1.1.md)\n", (chart,))
    wiki = Git(settings, PublishContext(tmp_path))
    assert wiki.publish([page]).written == (NAME,)
    assert wiki.publish([replace(page, markdown="x\n", attachments=())]).written == (NAME,)
    assert git(repository, "ls-tree", "-r", "--name-only", "HEAD").split() == ["okr-2026-w47.md"]
    assert "![c](okr-2026-w47/OKR-2026-W47.png) [x](KR1.1)" in git(repository, "show", "HEAD~:okr-2026-w47.md")
