import html

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from okrsync.report.escape import LIMIT, clean, link_target, markdown, summary
from tests.report_samples import HOSTILE

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HARMLESS = "harmless"

texts = st.text(
    st.one_of(st.sampled_from("\\`*_{}[]()<>#+-.!|~&@$=:;\"'/ \n\r\t\x1b\x9b\u202e\ud8001ax"), st.characters()),
    max_size=60,
)

# Every place in which a template puts foreign text.
PLACES = [
    "{}",
    "- {} and more",
    "### KR1 {}",
    "**KR1 {}** after",
    "| a | b |\n|---|---|\n| {} | [x](https://acme.example) {} |",
    "before [KR1 {}](https://acme.example/x) · [y](https://acme.example/y)",
    "before {}[next](https://acme.example)",
    "{}\n===",
]


def structure(source: str) -> list[tuple[str, str, str]]:
    """All that a page is made of except its text."""
    return [
        (token.type, token.tag, str(token.attrs))
        for block in PARSER.parse(source)
        for token in [block, *(block.children or [])]
        if token.type != "text"
    ]


def shown(source: str) -> str:
    (_, inline, _) = PARSER.parse(source)
    return "".join(token.content for token in inline.children or [])


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_adds_nothing_to_a_page(place, text):
    escaped = markdown(text) or HARMLESS
    assert structure(place.replace("{}", escaped)) == structure(place.replace("{}", HARMLESS))


@given(texts, st.sampled_from(PLACES))
@example("!", "before {}[next](https://acme.example)")
def test_any_text_adds_nothing_to_a_page(text, place):
    escaped = markdown(text) or HARMLESS
    assert structure(place.replace("{}", escaped)) == structure(place.replace("{}", HARMLESS))


@given(texts)
@example("1. a")
@example("&amp; &#124; \\*")
def test_text_is_shown_as_it_is(text):
    line = clean(text)
    if line:
        assert shown(markdown(text)).replace("@\u2060", "@") == line


@pytest.mark.parametrize(
    "text", ["KR1.1", "2026-Q4 plan", "Activated shops per week, from 120 to 300 (p95)", "2.1 s", "a+b"]
)
def test_ordinary_text_stays_readable_in_the_source(text):
    assert markdown(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a | b", "a &#124; b"),
        ("[[wiki]] {{ x }}", "\\[\\[wiki\\]\\] \\{\\{ x \\}\\}"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ("1. one", "1&#46; one"),
        ("# one", "&#35; one"),
        ("costs $5", "costs &#36;5"),
        ("@lin", "@\u2060lin"),
    ],
)
def test_escaped(text, expected):
    assert markdown(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n\r\n\tb\u2028c\x85d", "a b c d"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x9b2Jred", "red"),
        ("\x1b]0;title\x07shown", "shown"),
        ("\x1b]8;;https://evil.example\x1b\\text\x1b]8;;\x1b\\", "text"),
        ("\x1b]52;c;never ended", ""),
        ("a\x00b\x07\x7f\x1b", "ab"),
        ("\u202eabc\u2066d\u200b\ufeff", "abcd"),
        ("می\u200cخواهم 👩\u200d💻", "می\u200cخواهم 👩\u200d💻"),
        ("\ud800x", "x"),
        ("x" * 200, "x" * 200),
        ("x" * 201, "x" * 199 + "…"),
        ("x" * 198 + " yz", "x" * 198 + "…"),
        ("", ""),
    ],
)
def test_clean(text, expected):
    assert clean(text) == expected


@given(texts)
def test_clean_text_is_one_writable_line_within_the_limit(text):
    line = clean(text * 8)
    line.encode("utf-8")
    assert len(line) <= LIMIT
    assert line == line.strip()
    assert not any(character in line for character in "\n\r\t\x1b\x9b\x07\u202e\u2066\u2028")
    assert clean(line) == line


def test_a_title_of_megabytes_costs_little():
    assert len(clean("\x1b]" * 2_000_000)) == 0
    assert len(clean("x\n" * 2_000_000)) == LIMIT


@pytest.mark.parametrize("text", HOSTILE)
def test_summary_holds_no_html_and_no_markdown(text):
    escaped = summary(text)
    assert not set("<>*_`[]\\|") & set(escaped)
    assert html.unescape(escaped).replace("@\u2060", "@") == clean(text)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://acme.example/browse/SHOP-1", "https://acme.example/browse/SHOP-1"),
        ("http://localhost:8080/a_b?x=1&y=2#z", "http://localhost:8080/a_b?x=1&amp;y=2#z"),
        ("https://acme.example/a(b) c", "https://acme.example/a%28b%29%20c"),
        ("https://acme.example/a%20b", "https://acme.example/a%20b"),
        ("https://acme.example/a|b`<>[]{}\\\"'*", "https://acme.example/a%7Cb%60%3C%3E%5B%5D%7B%7D%5C%22%27%2A"),
        ("https://acme.example/问题", "https://acme.example/%E9%97%AE%E9%A2%98"),
        ("https://bot:secret@acme.example/x", "https://acme.example/x"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("https://acme.example/~me", "https://acme.example/%7Eme"),
        (None, None),
        ("", None),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("//acme.example/x", None),
        ("/relative", None),
        ("https://", None),
        ("https://acme.example)/x", None),
        ("https://acme<b>.example/", None),
        ("https://[broken", None),
        ("https://acme.example/\n- x", None),
        ("https://acme.example/\x1b[31m", None),
        ("https://acme.example/\u202e", None),
        ("https://acme.example/" + "x" * 3000, None),
    ],
)
def test_link_target(url, expected):
    assert link_target(url) == expected


@given(st.one_of(texts, texts.map(lambda text: "https://acme.example/" + text)))
def test_a_link_target_stays_within_its_link(url):
    target = link_target(url)
    if target is not None:
        place = "| a |\n|---|\n| [x]({}) |"
        kinds = [kind for kind, _, _ in structure(place.replace("{}", target))]
        assert kinds == [kind for kind, _, _ in structure(place.replace("{}", "https://acme.example"))]
