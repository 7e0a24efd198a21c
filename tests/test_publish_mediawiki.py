from __future__ import annotations

import logging
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt
from pydantic import ValidationError

from okrsync.errors import AuthError, RetryableError, SourceError
from okrsync.http import HttpPolicy
from okrsync.publish.interface import Attachment, PublishContext, WikiPage
from okrsync.publish.mediawiki import MediaWiki, MediaWikiSettings, _Wiki
from okrsync.report.escape import markdown as escaped
from okrsync.report.markdown import to_markdown
from okrsync.testing import _DARK, _LIGHT, PublisherContract
from tests.mediawiki import BOT, GRANTS, Person, running_mediawiki
from tests.report_samples import full, many

NAME = "OKR-2026-W47"


class OnceMediaWiki(MediaWiki):
    """Gives up after one failure of the network."""

    policy = HttpPolicy(attempts=1)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running_mediawiki(tmp_path_factory.mktemp("mediawiki")) as started:
        yield started


@pytest.fixture
def person(server):
    server.reset()
    return Person(server)


def publisher(url, auth=BOT):
    return OnceMediaWiki(MediaWikiSettings(url=url, auth=auth), PublishContext(Path("/")))


@pytest.fixture
def wiki(person):
    return publisher(person.server.api)


def page(markdown="# Week 47\n", *attachments, name=NAME):
    return WikiPage(name, name, markdown, attachments)


class TestContract(PublisherContract):
    secrets = (BOT["password"],)

    @pytest.fixture
    def publisher(self, wiki, person):
        self.person = person
        return wiki

    def read(self, publisher, name):
        return self.person.read(name)

    def edit(self, publisher, name, before, after):
        self.person.write(name, self.person.read(name).replace(before, after))

    def add(self, publisher, name, above, below):
        self.person.write(name, f"{above}\n\n{self.person.read(name)}\n\n{below}")

    def attachment(self, publisher, page, name):
        return self.person.file(name)

    def replace_attachment(self, publisher, page, name, data):
        self.person.upload(name, data)


class Structure(HTMLParser):
    """What a reader sees: the blocks, and their text."""

    BLOCKS = ("h1", "h2", "h3", "p", "li", "ul", "ol", "th", "td", "tr", "pre", "blockquote", "hr")
    KEPT = (*BLOCKS, "strong", "em", "code", "s")

    def __init__(self):
        super().__init__()
        self.seen, self.links, self.ids, self.tags = [], [], [], []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.tags.append((tag, values))
        if tag in self.KEPT:
            self.seen.append(f"<{tag}>")
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if values.get("id"):
            self.ids.append(values["id"])

    def handle_endtag(self, tag):
        if tag in self.BLOCKS:
            self.seen.append(f"</{tag}>")

    def handle_data(self, data):
        self.seen += data.split()


def structure(html):
    parsed = Structure()
    parsed.feed(html)
    text = " ".join(part for part in parsed.seen if part not in {"<p>", "</p>", "</hr>"})
    # White space around marks and between words is the browser's business.
    return re.sub(r"\s*(<[^>]*>)\s*", r"\1", text).replace("<pre><code>", "<pre>"), parsed


HOSTILE = [
    "<script>alert(1)</script>",
    "[[Category:Owned]] {{Template:X}} {{subst:PAGENAME}} {{{1}}}",
    "[[File:X.png|thumb]] [http://evil.example click] http://evil.example/x",
    "''bold'' '''it''' ~~~~ __NOTOC__ __NOEDITSECTION__ ----",
    "| a || b !! c |- |} {| -{zh:x}-",
    "</nowiki></pre></div><nowiki> <!-- okrsync:end --> <ref>x</ref> &lt;b&gt; &amp; &#91;",
    "RFC 2324 ISBN 978-0-306-40615-7 PMID 123",
    "* a", "# a", ": a", "; a : b", "  indented", "= a =", "-5 +3 }", "---- x", "== a ==",
    "#REDIRECT [[Main Page]]",
    "支付成功率 «–» 🎉",
]  # fmt: skip


@pytest.mark.parametrize(
    "markdown",
    [
        "# One\n\n## Two `code`\n\n### Three\n\ntext *em* **strong** ~~gone~~ `a|b [[c]]`\nsame line  \nnext line\n",
        "- a\n- b\n  - c\n  - d\n- e\n\n1. one\n2. two\n",
        "- a\n\n  second paragraph\n\n- b\n\n  ```\n  code  in {{list}}\n    indented\n  ```\n",
        "3. three\n4. four\n",
        "| a | b | c |\n|---|:-:|--:|\n| -1 | + | x |\n| \\| | `x` | **y** |\n| | } | |\n",
        "> quoted\n>\n> - list\n\n---\n\nafter\n",
        "```mermaid\ngraph TD\n  A[\"x\"] --> B\n\n  * no list\n {{no}}\n~~~~\n```\n",
        "    indented code\n\ntext\n",
        "\n".join(f"- {escaped(text)}" for text in HOSTILE),
        "\n\n".join(escaped(text) for text in HOSTILE),
        "| x |\n|---|\n" + "\n".join(f"| {escaped(text)} |" for text in HOSTILE),
        "\n\n".join(f"### {escaped(text)}" for text in HOSTILE),
    ],
)  # fmt: skip
def test_is_shown_as_the_markdown_says(wiki, person, markdown):
    wiki.publish([page(markdown)])
    shown, _ = structure(person.shown(NAME))
    meant, _ = structure(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown))
    assert shown == meant


def test_hostile_text_stays_text(wiki, person):
    titles = [escaped(text) for text in HOSTILE]
    link = "https://jira.example/browse/A-1"
    wiki.publish(
        [
            page(
                "\n\n".join(
                    f"## {title}\n\n- {title} [{title}]({link})\n\n| {title} |\n|---|\n| {title} |" for title in titles
                )
            )
        ]
    )
    html = person.shown(NAME)
    _, parsed = structure(html)
    assert {tag for tag, _ in parsed.tags} <= {
        *("div", "span", "h2", "ul", "li", "a", "table", "tbody", "tr", "th", "td", "p")
    }
    assert parsed.links == [link] * len(titles)
    assert not [name for _, values in parsed.tags for name in values if name.startswith("on")]
    used = person.ask(action="parse", page=NAME, prop="categories|templates|images|properties")["parse"]
    assert {key: value for key, value in used.items() if value} == {
        **{"title": NAME, "pageid": used["pageid"]},
        "properties": {"notoc": ""},
    }
    assert "127.0.0.1" not in person.read(NAME), "a signature"


@pytest.mark.parametrize("report", [full(), many(60)], ids=["full", "many"])
def test_report_is_shown_as_the_markdown_says(wiki, person, report):
    markdown = to_markdown(report)
    wiki.publish([page(markdown)])
    shown, parsed = structure(person.shown(NAME))
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown)
    html = html.replace("<summary>", "<strong>").replace("</summary>", "</strong>")
    meant, expected = structure(html)
    assert shown == meant
    assert parsed.links == expected.links
    assert {link[1:] for link in parsed.links if link.startswith("#")} <= set(parsed.ids)


def test_addresses(wiki, person):
    urls = [
        "https://a.example/x?y=1&lt=2&amp=3#z",
        "https://a.example/[x]_(y)'''z''__TOC__~~~~",
        "https://a.example/%7B%7Bx%7D%7D{{x}}|y",
        "https://a.example/支付",
        "http://[::1]:80/x",
        "mailto:lin@acme.example",
    ]
    wiki.publish([page("\n\n".join(f"[text {at}](<{url}>)" for at, url in enumerate(urls)))])
    _, parsed = structure(person.shown(NAME))
    shown = [unquote(link) for link in parsed.links]
    assert shown == [unquote(url) for url in urls]
    assert "~~~~" not in person.read(NAME)


@pytest.mark.parametrize("target", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "../x", "file:///x"])
def test_other_addresses_are_no_links(wiki, person, target):
    wiki.publish([page(f"[text]({target})")])
    _, parsed = structure(person.shown(NAME))
    assert parsed.links == []
    assert "text" in person.shown(NAME)


def test_anchors_and_pages(wiki, person):
    wiki.publish(
        [
            page("# All weeks\n", name="OKR"),
            page(
                "[down](#result-kr1-1) [index](OKR.md) [KR](KR1.1.md#week-47)\n\n"
                '<a id="result-kr1-1"></a>\n\n## KR1.1\n'
            ),
        ]
    )  # fmt: skip
    _, parsed = structure(person.shown(NAME))
    assert parsed.links[0] == "#result-kr1-1"
    assert "result-kr1-1" in parsed.ids
    assert parsed.links[1] == "/index.php/OKR"
    assert "KR1.1" in parsed.links[2]
    assert "week-47" in parsed.links[2] or "redlink" in parsed.links[2]


def test_folded(wiki, person):
    opened = '<details markdown="1">\n<summary>Pay&#42;ments: 3 &lt;busy&gt;</summary>\n\n'
    wiki.publish([page(f"{opened}| a |\n|---|\n| b |\n\n</details>\n\nafter\n")])
    html = person.shown(NAME)
    shown, parsed = structure(html)
    assert shown == "<strong>Pay*ments: 3<busy><tr><th>a</th></tr><tr><td>b</td></tr>after"
    assert [values["class"] for tag, values in parsed.tags if tag == "div"][1:] == [
        "mw-collapsible mw-collapsed",
        "mw-collapsible-content",
    ]
    assert html.index("mw-collapsible-content") < html.index("<td") < html.index("</div>") < html.index("after")


def test_chart_is_shown(wiki, person):
    chart = Attachment(f"{NAME}-KR1.1.png", "image/png", _DARK)
    done = wiki.publish([page(f'![Chart "of" | KR1.1]({chart.name})', chart)])
    assert done.notes == ()
    [image] = [values for tag, values in structure(person.shown(NAME))[1].tags if tag == "img"]
    assert image["alt"] == 'Chart "of" | KR1.1'
    assert image["src"].endswith(f"/{chart.name}")
    assert done.links == {NAME: f"{person.server.url}/index.php/{NAME}"}


def test_same_chart_on_two_pages(wiki, person):
    charts = [Attachment(f"KR1.{at}.png", "image/png", _DARK) for at in (1, 2)]
    done = wiki.publish([page(f"![c]({chart.name})", chart, name=f"KR1.{at}") for at, chart in enumerate(charts)])
    assert (len(done.written), done.notes) == (2, ())
    assert person.file("KR1.1.png") == person.file("KR1.2.png") == _DARK


def test_file_that_a_person_put_there_first_is_kept(wiki, person):
    person.upload("KR1.1.png", _LIGHT)
    done = wiki.publish([page("![c](KR1.1.png)", Attachment("KR1.1.png", "image/png", _DARK))])
    assert (done.written, done.kept) == ((NAME,), ("KR1.1.png",))
    assert person.file("KR1.1.png") == _LIGHT


def test_page_a_person_made_is_kept(wiki, person):
    person.write(NAME, "mine")
    assert wiki.publish([page()]).kept == (NAME,)
    assert person.read(NAME) == "mine"


def test_uploads_turned_off(wiki, person):
    person.server.more("$wgEnableUploads = false;")
    chart = Attachment("KR1.1.png", "image/png", _DARK)
    done = wiki.publish([page("![Chart of KR1.1](KR1.1.png)\n\ntext", chart)])
    assert (done.written, done.kept) == ((NAME,), ())
    assert done.notes == ("uploads are turned off there; the page goes without its charts",)
    assert "File:" not in person.read(NAME)
    assert "Chart of KR1.1" in person.shown(NAME)
    assert wiki.publish([page("![Chart of KR1.1](KR1.1.png)\n\ntext", chart)]).unchanged == (NAME,)
    person.server.more("")
    assert wiki.publish([page("![Chart of KR1.1](KR1.1.png)\n\ntext", chart)]).written == (NAME,)
    assert "File:KR1.1.png" in person.read(NAME)


def test_file_type_that_is_not_taken(wiki, person):
    done = wiki.publish([page("![c](KR1.1.svg)", Attachment("KR1.1.svg", "image/svg+xml", b"<svg/>"))])
    assert done.written == (NAME,)
    assert done.notes == ("KR1.1.svg was not taken (filetype-banned); the page goes without its charts",)


def test_conflict_is_read_again_and_redone(wiki, person, monkeypatch):
    person.server.more('$wgDiff3 = "";')  # MediaWiki would put edits of different lines together itself
    wiki.publish([page("one")])
    original, edits = _Wiki.edit, []

    def overtaken(self, title, text, before):
        if not edits:
            person.write(title, f"Lin Wei was here.\n\n{person.read(title)}")
        edits.append(title)
        return original(self, title, text, before)

    monkeypatch.setattr(_Wiki, "edit", overtaken)
    assert wiki.publish([page("two")]).written == (NAME,)
    assert len(edits) == 2
    assert person.read(NAME).startswith("Lin Wei was here.\n\n<!-- okrsync:begin")
    assert "two" in person.read(NAME)


def test_page_that_is_made_meanwhile(wiki, person, monkeypatch):
    original, edits = _Wiki.edit, []

    def overtaken(self, title, text, before):
        if not edits:
            person.write(title, "mine")
        edits.append(title)
        return original(self, title, text, before)

    monkeypatch.setattr(_Wiki, "edit", overtaken)
    assert wiki.publish([page()]).kept == (NAME,)
    assert person.read(NAME) == "mine"


def test_gives_up_when_others_always_come_first(wiki, monkeypatch):
    monkeypatch.setattr(_Wiki, "edit", lambda *_: False)
    with pytest.raises(RetryableError, match="5 attempts"):
        wiki.publish([page()])


def test_session_that_expired_is_renewed(wiki, person, monkeypatch):
    original, tokens = _Wiki.edit, []

    def expired(self, title, text, before):
        self._site.tokens["csrf"] = "0123456789+\\"
        tokens.append(title)
        return original(self, title, text, before)

    monkeypatch.setattr(_Wiki, "edit", expired)
    assert wiki.publish([page("one")]).written == (NAME,)
    assert tokens == [NAME]
    assert "one" in person.read(NAME)


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ("$wgReadOnly = 'we are moving';", RetryableError, "read-only"),
        ("$wgGroupPermissions['*']['edit'] = $wgGroupPermissions['user']['edit'] = false;", AuthError, "bot password"),
        ("header('HTTP/1.1 503 Busy'); exit;", RetryableError, "503"),
        ("header('HTTP/1.1 403 No'); exit;", AuthError, "403"),
        ("header('HTTP/1.1 404 No'); exit;", SourceError, "404"),
        ("header('Content-Type: text/html'); echo '<html>hello'; exit;", SourceError, "check `url`"),
        ("header('Location: https://elsewhere.example/api.php'); exit;", SourceError, "https://elsewhere.example/api"),
    ],
)
def test_refusals_say_what_it_is(wiki, person, settings, error, said):
    person.server.more(settings)
    with pytest.raises(error, match=re.escape(said)) as raised:
        wiki.publish([page()])
    assert BOT["password"] not in str(raised.value)


def test_wrong_password(person):
    with pytest.raises(AuthError, match="Special:BotPasswords") as raised:
        publisher(person.server.api, {**BOT, "password": "wr0ng"}).publish([page()])
    assert "wr0ng" not in str(raised.value)


def test_server_that_is_down():
    with pytest.raises(RetryableError, match="cannot be reached"):
        publisher("http://127.0.0.1:9/api.php").publish([page()])


def test_title_that_cannot_be(wiki):
    with pytest.raises(SourceError, match="cannot have a page"):
        wiki.publish([page(name="OKR [draft]")])


def test_password_is_in_no_log_and_no_address(wiki, person, caplog):
    # These libraries are kept quiet; here somebody has turned them on.
    for library in (None, "urllib3.connectionpool", "atlassian.rest_client"):
        caplog.set_level(logging.DEBUG, logger=library)
    done = wiki.publish([page("text", Attachment("KR1.1.png", "image/png", _DARK))])
    shown = f"{caplog.text}{done!r}{wiki.settings!r}{wiki.__dict__!r}"
    assert "api.php" in caplog.text, "nothing was logged"
    assert BOT["password"] not in shown
    assert BOT["password"] not in (person.server.folder / "server.log").read_text()


def test_checkup(wiki, person):
    [check] = wiki.checkup()
    assert (check.state, check.about) == ("good", "wiki mediawiki")
    person.server.more("$wgEnableUploads = false;")
    assert [check.state for check in wiki.checkup()] == ["warning"]
    person.server.more("$wgGroupPermissions['*']['edit'] = $wgGroupPermissions['user']['edit'] = false;")
    with pytest.raises(AuthError, match="lacks these rights: edit"):
        list(wiki.checkup())
    assert person.read(NAME) is None


def test_grants_are_those_that_are_documented():
    text = (Path(__file__).parents[1] / "docs" / "how-to" / "wiki-mediawiki.md").read_text()
    assert all(f"`{grant}`" in text for grant in GRANTS.split(","))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"url": "https://w.example/api.php"},
        {"url": "https://w.example/index.php", "auth": BOT},
        {"url": "http://w.example/api.php", "auth": BOT},
        {"url": "https://u:s3cret@w.example/api.php", "auth": BOT},
        {"url": "ftp://w.example/api.php", "auth": BOT},
        {"url": "https://w.example/api.php", "auth": {"user": "", "password": "x"}},
        {"url": "https://w.example/api.php", "auth": {"user": "x", "password": ""}},
        {"url": "https://w.example/api.php", "auth": {"token": "x"}},
        {"url": "https://w.example/api.php", "auth": BOT, "space": "X"},
    ],
)
def test_settings_refused(settings):
    with pytest.raises(ValidationError) as error:
        MediaWikiSettings(**{"type": "mediawiki", **settings})
    assert "s3cret" not in str(error.value)
