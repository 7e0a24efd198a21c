# ruff: noqa: E501 (whole pieces of markup)
from __future__ import annotations

import logging
import re
from html import unescape
from itertools import count
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from pydantic import ValidationError

from okrsync.errors import AuthError, RetryableError, SourceError
from okrsync.http import HttpPolicy
from okrsync.publish.confluence import Confluence, ConfluenceSettings
from okrsync.publish.interface import Attachment, PublishContext, WikiPage
from okrsync.publish.section import Edited
from okrsync.publish.storage_format import StorageFormat
from okrsync.publish.storage_section import inner_of, replaced, section_of, seen
from okrsync.report.escape import markdown as escaped
from okrsync.report.markdown import to_markdown
from okrsync.sandbox.confluence import ConfluenceStandIn
from okrsync.sandbox.confluence_storage import Malformed, normalised, parsed, saved_in_the_editor
from okrsync.sandbox.server import Response
from okrsync.testing import PublisherContract
from tests.contracts import CONTRACTS, needs_contracts, validate_answer, validate_request
from tests.report_samples import full, many

NAME = "OKR-2026-W47"
DARK, LIGHT = b"\x89PNG dark", b"\x89PNG light"
CHART = Attachment(f"{NAME}-KR1.1.png", "image/png", DARK)
HOSTILE = [
    "<script>alert(1)</script>",
    "</p></ac:rich-text-body>]]><![CDATA[x]]>",
    '"><ac:structured-macro ac:name="html"/>',
    "&nbsp; &lt; &#60;script&#62; &unknown;",
    "{html}x{html} [x|http://evil.example] !x.png! h1. a",
    "-- > <!-- okrsync-end -->",
    "支付成功率 «–» 🎉 \u2019",
]


class OnceConfluence(Confluence):
    """Gives up after one failure of the network."""

    policy = HttpPolicy(attempts=1)


@pytest.fixture(params=[True, False], ids=["cloud", "data-center"])
def server(request):
    with ConfluenceStandIn(cloud=request.param, record=True) as started:
        yield started


def auth(server, **changed):
    return {"token": server.token, **({"email": server.email} if server.cloud else {}), **changed}


def publisher(server, **settings):
    given = {"url": server.base, "auth": auth(server), "space": "OKR", "parent": "Home", **settings}
    return OnceConfluence(ConfluenceSettings(**given), PublishContext(Path("/")))


@pytest.fixture
def wiki(server):
    return publisher(server)


def page(markdown="# Week 47\n", *attachments, name=NAME):
    return WikiPage(name, name, markdown, attachments)


class TestContract(PublisherContract):
    secrets = ("s3cret-confluence-token",)

    @pytest.fixture
    def publisher(self, server, wiki):
        self.server = server
        return wiki

    def read(self, publisher, name):
        return self.server.read(name)

    def edit(self, publisher, name, before, after):
        self.server.save(name, saved_in_the_editor(self.server.read(name).replace(before, after)))

    def add(self, publisher, name, above, below):
        body = saved_in_the_editor(self.server.read(name))
        self.server.save(name, f"<p>{above}</p>{body}<p>{below}</p>")

    def attachment(self, publisher, page, name):
        return self.server.file(page, name)

    def replace_attachment(self, publisher, page, name, data):
        self.server.put_file(page, name, data)


@pytest.mark.parametrize(
    ("markdown", "storage"),
    [
        ("# A *b*\n\nc **d** ~~e~~ `f<`  \ng\nh", "<h1>A <em>b</em></h1><p>c <strong>d</strong> <del>e</del> <code>f&lt;</code><br />g h</p>"),
        ("- a\n- b\n  1. c\n", "<ul><li>a</li><li>b<ol><li>c</li></ol></li></ul>"),
        ("3. a\n\n   b\n", '<ol start="3"><li><p>a</p><p>b</p></li></ol>'),
        ("|a|b|\n|-|-:|\n|1|2|\n", '<table><tbody><tr><th>a</th><th style="text-align: right;">b</th></tr><tr><td>1</td><td style="text-align: right;">2</td></tr></tbody></table>'),
        ("> a\n\n---\n", "<blockquote><p>a</p></blockquote><hr />"),
        ("```x\na ]]> <b>\n```\n", '<ac:structured-macro ac:name="code" ac:schema-version="1"><ac:plain-text-body><![CDATA[a ]]]]><![CDATA[> <b>]]></ac:plain-text-body></ac:structured-macro>'),
        ("[a](https://x.example/?b=1&c='2')", '<p><a href="https://x.example/?b=1&amp;c=&#x27;2&#x27;">a</a></p>'),
        ("[a](KR1.1.md#now)", '<p><ac:link ac:anchor="now"><ri:page ri:content-title="KR1.1" /><ac:link-body>a</ac:link-body></ac:link></p>'),
        ("[a](#result-1)", '<p><ac:link ac:anchor="result-1"><ac:link-body>a</ac:link-body></ac:link></p>'),
        ('<a id="result-1"></a>', '<p><ac:structured-macro ac:name="anchor" ac:schema-version="1"><ac:parameter ac:name="">result-1</ac:parameter></ac:structured-macro></p>'),
        ("![a \"b\"](x.png)", '<p><ac:image ac:alt="a &quot;b&quot;"><ri:attachment ri:filename="x.png" /></ac:image></p>'),
        ("![a](y.png) [b](ftp://x) <b onclick='x'>c</b>", "<p>a b c</p>"),
        ("<details>\n<summary>A &lt;b&gt;</summary>\n\nc\n\n</details>\n\nd", '<ac:structured-macro ac:name="expand" ac:schema-version="1"><ac:parameter ac:name="title">A &lt;b&gt;</ac:parameter><ac:rich-text-body><p>c</p></ac:rich-text-body></ac:structured-macro><p>d</p>'),
        ("<details>\n\nnever closed", '<ac:structured-macro ac:name="expand" ac:schema-version="1"><ac:parameter ac:name="title">…</ac:parameter><ac:rich-text-body><p>never closed</p></ac:rich-text-body></ac:structured-macro>'),
        ("</details>\n\na <!-- b -->\n\n<div>c &lt;</div>", "<p>a </p><p>c &lt;</p>"),
        ("a\x00\x08\ufffe", "<p>a</p>"),
    ],
)  # fmt: skip
def test_storage_format(markdown, storage):
    assert StorageFormat(["x.png"]).render(markdown) == storage
    parsed(storage)


def words(html):
    return "".join(re.sub(r"<[^>]*>", " ", html).split())


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(server, wiki, text):
    title = escaped(text)
    markdown = (
        f"# {title}\n\n- **{title}** [{title}](https://jira.example/A-1) `x`\n\n| {title} |\n|---|\n| {title} |\n"
    )
    assert wiki.publish([page(markdown)]).written == (NAME,)
    tree = parsed(inner_of(server.read(NAME)))
    assert {element.tag for element in tree.iter()} == {
        *("page", "h1", "ul", "li", "strong", "a", "code", "table", "tbody", "tr", "th", "td")
    }
    meant = MarkdownIt("commonmark").enable("table").render(markdown)
    assert words("".join(tree.itertext())) == words(unescape(words(meant)))


@pytest.mark.parametrize(
    "body",
    ["<p>a", "a & b", "<p>&nope;</p>", "<script>x</script>", "<x:y/>", '<p onclick="x">a</p>', "<ac:structured-macro/>",
     '<a href="javascript:x">y</a>', "<!DOCTYPE x><p/>"],
)  # fmt: skip
def test_stand_in_refuses_what_is_malformed(server, wiki, monkeypatch, body):
    with pytest.raises(Malformed):
        server.save("X", body)
    monkeypatch.setattr(StorageFormat, "render", lambda self, markdown: body)
    with pytest.raises(SourceError, match="answered 400"):
        wiki.publish([page()])
    assert server.read(NAME) is None


def test_stand_in_rewrites_what_it_stores(server):
    server.save("X", '<p>a – b\u00a0&rsquo;</p><!-- c --><table><tbody/></table><ac:structured-macro ac:name="toc"/>')
    table = '<table data-layout="default">' if server.cloud else '<table class="wrapped">'
    assert server.read("X") == (
        f"<p>a &ndash; b&nbsp;&rsquo;</p>{table}<tbody></tbody></table>"
        '<ac:structured-macro ac:macro-id="9f3c1d52-0000-4000-8000-000000000001" ac:name="toc" ac:schema-version="1">'
        "</ac:structured-macro>"
    )


INNER = StorageFormat(["x.png"]).render(
    "# A – ‘b’\n\n- c\n- d\n\n|h|i|\n|-|-|\n|1|**2**|\n\n[e](https://x.example) ![f](x.png)\n\n```\ng\n```\n"
)


def test_what_the_service_rewrites_is_no_edit():
    for cloud in (True, False):
        stored = normalised(section_of(INNER), count(), cloud=cloud)
        assert stored != section_of(INNER)
        assert seen(inner_of(stored)) == seen(INNER)
        edited = saved_in_the_editor(stored)
        assert edited != stored
        assert seen(inner_of(edited)) == seen(INNER)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A –", "B –"),
        ("<li>c</li>", "<li>c</li><li>mine</li>"),
        ("<li>c</li>", ""),
        ("<strong>2</strong>", "2"),
        ("https://x.example", "https://y.example"),
        ("x.png", "y.png"),
        ("h1>", "h2>"),
        ("[g]", "[G]"),
        ("<td>1</td>", "<td></td>"),
    ],
)
def test_what_a_person_changes_is_an_edit(before, after):
    assert before in INNER
    assert seen(INNER.replace(before, after)) != seen(INNER)


@pytest.mark.parametrize(
    "body",
    [
        "<p>mine</p>",
        section_of("x") + section_of("y"),
        section_of("x").replace("okrsync-end", "okrsync-begin"),
        section_of("x").replace("</ac:structured-macro></p>x", "</ac:structured-macro>hello</p>x"),
    ],
)
def test_page_without_one_section(body):
    with pytest.raises(Edited):
        inner_of(body)


def test_what_stands_outside_stays_as_it_is():
    body = f'<p local-id="1">above{section_of("old")[3:-4]} below</p><ac:layout />'
    assert replaced(body, "new") == body.replace("old", "new")


def test_edit_that_changes_no_word_is_none(server, wiki):
    wiki.publish([page("# Zero\n")])
    wiki.publish([page("# One\n\n- two\n\n| a |\n|---|\n| b |\n")])
    server.save(NAME, f"<p>Mine</p>{saved_in_the_editor(server.read(NAME))}")
    assert wiki.publish([page("# One\n\n- two\n\n| a |\n|---|\n| b |\n")]).unchanged == (NAME,)
    assert wiki.publish([page("# One\n\n- three\n")]).written == (NAME,)
    assert server.read(NAME).startswith("<p>Mine</p>" if not server.cloud else "<p>Mine")
    assert "three" in server.read(NAME)


@pytest.mark.parametrize("report", [full(), many(60)], ids=["full", "many"])
def test_report(server, wiki, report):
    markdown = to_markdown(report)
    assert wiki.publish([page(markdown)]).written == (NAME,)
    stored = server.read(NAME)
    server.save(NAME, saved_in_the_editor(stored))
    assert wiki.publish([page(markdown)]).unchanged == (NAME,)
    tree = parsed(inner_of(stored))
    meant = MarkdownIt("commonmark").enable("table").render(markdown)
    assert len(list(tree.iter("tr"))) == meant.count("<tr>")
    assert len(list(tree.iter("li"))) == meant.count("<li>")
    assert len(list(tree.iter("h3"))) == meant.count("<h3>")
    assert stored.count('ac:name="expand"') == meant.count("<details")


def test_nothing_new_makes_no_version(server, wiki):
    wiki.publish([page("# One\n\n![c](x.png)", Attachment("x.png", "image/png", DARK))])
    seen_before = (server.versions(NAME), server.count())
    wiki.publish([page("# One\n\n![c](x.png)", Attachment("x.png", "image/png", DARK))])
    assert server.versions(NAME) == seen_before[0] == 1
    assert {request.method for request in server.requests[seen_before[1] :]} == {"GET"}


def test_edit_back_to_what_it_was_is_written_again(server, wiki):
    wiki.publish([page("one")])
    ours = server.read(NAME)
    server.save(NAME, ours.replace("one", "mine"))
    assert wiki.publish([page("two")]).kept == (NAME,)
    server.save(NAME, ours)
    assert wiki.publish([page("two")]).written == (NAME,)


@pytest.mark.parametrize("first", [True, False])
def test_run_that_died_before_it_noted_the_hash(server, wiki, first):
    wiki.publish([page("one")])
    if not first:
        wiki.publish([page("two")])
    server.forget(NAME)
    assert wiki.publish([page("three")]).written == (NAME,)
    assert "three" in server.read(NAME)
    server.forget(NAME)
    server.save(NAME, server.read(NAME))
    assert wiki.publish([page("four")]).kept == (NAME,), "saved by a person, and what we wrote is not known any more"


def test_page_a_person_made_is_kept(server, wiki):
    server.save(NAME.lower(), "<p>mine</p>")
    assert wiki.publish([page()]).kept == (NAME,)
    assert server.read(NAME) == "<p>mine</p>"


def test_page_that_was_archived(wiki):
    with ConfluenceStandIn() as server:
        wiki = publisher(server)
        wiki.publish([page()])
        server.archive(NAME)
        with pytest.raises(SourceError, match="archived"):
            wiki.publish([page("two")])


def test_new_pages_stand_below_their_parent(server):
    done = publisher(server).publish([page()])
    assert server.parent(NAME) == "Home"
    assert done.links[NAME].startswith(f"{server.base}/")
    publisher(server, parent=None).publish([page(name="OKR")])
    assert server.parent("OKR") is None
    with pytest.raises(SourceError, match="no page 'Weekly'"):
        publisher(server, parent="Weekly").publish([page(name="OKR-2026-W48")])


def overtaken(server, times, act=lambda: None):
    """Somebody else saves the page just before each of the first ``times`` updates."""
    left = [times]

    def fault(request):
        if request.method == "PUT" and re.search(r"/(pages|content)/\d+$", request.path) and left[0]:
            left[0] -= 1
            act()

    server.faults.append(fault)


def test_conflict_is_read_again_and_redone(server, wiki):
    wiki.publish([page("one")])
    overtaken(server, 2, lambda: server.save(NAME, f"<p>Lin</p>{server.read(NAME)}"))
    assert wiki.publish([page("two")]).written == (NAME,)
    assert server.read(NAME).count("<p>Lin</p>") == 2
    assert "two" in server.read(NAME)


def test_conflict_for_nothing(server, wiki):
    wiki.publish([page("one")])
    faults = [Response(409, {"message": "StaleStateException"})] * 2

    def fault(request):
        return faults.pop() if request.method == "PUT" and "property" not in request.path and faults else None

    server.faults.append(fault)
    assert wiki.publish([page("two")]).written == (NAME,)
    assert server.versions(NAME) == 2


def test_conflict_with_an_edit_of_the_section(server, wiki):
    wiki.publish([page("one")])
    overtaken(server, 1, lambda: server.save(NAME, server.read(NAME).replace("one", "mine")))
    assert wiki.publish([page("two")]).kept == (NAME,)
    assert "mine" in server.read(NAME)


def test_gives_up_when_others_always_come_first(server, wiki):
    wiki.publish([page("one")])
    overtaken(server, 9, lambda: server.save(NAME, f"<p>Lin</p>{server.read(NAME)}"))
    with pytest.raises(RetryableError, match="5 attempts"):
        wiki.publish([page("two")])


def test_title_that_is_taken_where_nobody_sees_it(server, wiki):
    def fault(request):
        if request.method == "POST" and request.path.endswith(("/pages", "/content")):
            return Response(400, {"message": "A page with this title already exists", "errors": []})
        return None

    server.faults.append(fault)
    with pytest.raises(SourceError, match="may not see"):
        wiki.publish([page()])


def test_more_attachments_than_a_page_of_the_list(server, wiki):
    charts = [Attachment(f"KR{at}.png", "image/png", b"\x89PNG %d" % at) for at in range(130)]
    markdown = "\n\n".join(f"![c]({chart.name})" for chart in charts)
    wiki.publish([page(markdown, *charts)])
    before = server.count()
    assert wiki.publish([page(markdown, *charts)]).unchanged == (NAME,)
    assert {request.method for request in server.requests[before:]} == {"GET"}


def test_attachments_turned_off(server, wiki):
    server.attachments = False
    done = wiki.publish([page(f"![Chart of KR1.1]({CHART.name})", CHART)])
    assert done.written == (NAME,)
    [note] = done.notes
    assert note == f"{CHART.name} was not taken (403: Attachments are disabled); the page goes without its charts"
    assert "ri:attachment" not in server.read(NAME)
    assert "Chart of KR1.1" in server.read(NAME)
    assert wiki.publish([page(f"![Chart of KR1.1]({CHART.name})", CHART)]).unchanged == (NAME,)
    server.attachments = True
    assert wiki.publish([page(f"![Chart of KR1.1]({CHART.name})", CHART)]).written == (NAME,)
    assert server.file(NAME, CHART.name) == DARK
    assert "ri:attachment" in server.read(NAME)


@pytest.mark.parametrize(
    ("response", "error", "said"),
    [
        (Response(401, {"message": "Unauthorized"}), AuthError, "Check the token"),
        (Response(403, {"message": "no"}), AuthError, "permissions"),
        (Response(404, headers={"Content-Type": "text/html"}, body=b"<html>"), SourceError, "404|no space"),
        (Response(429, {"message": "slow down"}, {"Retry-After": "3"}), RetryableError, "429"),
        (Response(503, body=b"busy"), RetryableError, "503"),
        (Response(200, body=b"<html>Log in</html>"), SourceError, "check `url`"),
        (Response(200, {"unexpected": 1}), SourceError, "check `url`"),
        (Response(302, headers={"Location": "https://elsewhere.example/login?x=1"}), SourceError, "sends on to https://e"),
        (Response(200, {"results": []}, {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}), AuthError, "expired"),
    ],
)  # fmt: skip
def test_refusals_say_what_it_is(server, wiki, response, error, said):
    server.faults.append(lambda request: response)
    with pytest.raises(error, match=said) as raised:
        wiki.publish([page()])
    assert server.token not in str(raised.value)


def test_waits_as_long_as_it_is_asked_to(server):
    waits, answers = [], [Response(429, {"message": "slow down"}, {"Retry-After": "0"})]
    server.faults.append(lambda request: answers.pop() if answers else None)
    settings = ConfluenceSettings(url=server.base, auth=auth(server), space="OKR")
    context = PublishContext(Path("/"), on_wait=lambda why, seconds: waits.append(seconds))
    assert Confluence(settings, context).publish([page()]).written == (NAME,)
    assert waits == [0.0]


def test_wrong_account(server):
    with pytest.raises(AuthError) as raised:
        publisher(server, auth=auth(server, token="wr0ng")).publish([page()])
    assert "wr0ng" not in str(raised.value)


def test_space_that_is_not_seen(server):
    with pytest.raises(SourceError, match="has no space NOPE"):
        publisher(server, space="NOPE").publish([page()])


def test_server_that_is_down():
    settings = ConfluenceSettings(url="http://127.0.0.1:9/wiki", auth={"token": "x"}, space="OKR")
    with pytest.raises(RetryableError, match="cannot be reached"):
        OnceConfluence(settings, PublishContext(Path("/"))).publish([page()])


def test_token_is_in_no_log_and_no_address(server, wiki, caplog):
    # These libraries are kept quiet; here somebody has turned them on.
    for library in (None, "urllib3.connectionpool", "atlassian.rest_client"):
        caplog.set_level(logging.DEBUG, logger=library)
    done = wiki.publish([page(f"![c]({CHART.name})", CHART)])
    encoded = {request.headers["Authorization"].split()[1] for request in server.requests}
    shown = f"{caplog.text}{done!r}{wiki.settings!r}{wiki.__dict__!r}"
    shown += "".join(f"{request.path}{request.query}{request.body!r}" for request in server.requests)
    assert "property" in caplog.text or "properties" in caplog.text, "nothing was logged"
    assert not [secret for secret in (server.token, *encoded) if secret in shown]


def test_checkup(server, wiki):
    [check] = wiki.checkup()
    assert check.state == ("good" if server.cloud else "warning")
    server.may_also = ["administer space", "update page", "delete page"]
    if server.cloud:
        assert "more than needed in that space: administer space, delete page" in str(list(wiki.checkup()))
    server.may_write = False
    if server.cloud:
        with pytest.raises(SourceError, match="may not create pages"):
            list(wiki.checkup())
    assert server.read(NAME) is None


@needs_contracts
def test_keeps_to_the_descriptions(server, wiki):
    """Requests and answers are those of Atlassian's descriptions, as far as these go. Data Center's misses
    `PUT content/{id}` and says 201 of a list; Cloud's gives a body two forms of which each allows the other."""
    wiki.publish([page(f"![c]({CHART.name})", CHART)])
    wiki.publish([page(f"two ![c]({CHART.name})", CHART)])
    list(wiki.checkup())
    checked = set()
    for request, response in server.answers:
        path = request.path.removeprefix("/wiki" if server.cloud else "/confluence")
        body = request.json() if request.headers.get("Content-Type", "").startswith("application/json") else None
        if path.startswith("/api/v2"):
            spec, path = CONTRACTS / "confluence-cloud-v2.json", path.removeprefix("/api/v2")
        elif server.cloud:
            continue
        else:
            spec = CONTRACTS / "confluence-dc-10.0.json"
            if re.fullmatch(
                r"PUT/rest/api/content/\d+|GET/rest/api/content/\d+/child/attachment", request.method + path
            ):
                continue
        if not (server.cloud and body is not None and "body" in body):
            validate_request(spec, request.method, path, request.query, body)
        validate_answer(spec, request.method, path, response.status, response.json, loose=not server.cloud)
        checked.add((request.method, re.sub(r"\d+", "N", path)))
    assert len(checked) >= 6


@pytest.mark.parametrize(
    "settings",
    [
        {"space": ""} | {"auth": {}},
        {"auth": {"email": "bot@acme.example"}},
        {"auth": {"email": "bot", "token": "x"}},
        {"auth": {"token": ""}},
        {"auth": {"token": "x", "password": "y"}},
        {"url": "http://confluence.acme.example"},
        {"url": "https://u:s3cret@acme.atlassian.net/wiki"},
        {"url": "acme.atlassian.net/wiki"},
        {"url": "https://acme.atlassian.net/wiki?x=1"},
        {"folder": "x"},
    ],
)
def test_settings_refused(settings):
    given = {"type": "confluence", "url": "https://a.example", "auth": {"token": "x"}, "space": "OKR", **settings}
    with pytest.raises(ValidationError) as error:
        ConfluenceSettings(**given)
    assert "s3cret" not in str(error.value)
