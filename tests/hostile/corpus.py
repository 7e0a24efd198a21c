# ruff: noqa: E501
"""Texts that whoever can open an issue, name a label or fill in a cell may have written, by what they should do."""

from __future__ import annotations

from hypothesis import strategies as st

MEGABYTE = 1_000_000
EVIL = "https://evil.example"
CANARY = "window.pwned=1"

CORPUS: dict[str, list[str]] = {
    "terminal": [
        "\x1b[31mred\x1b[0m", "\x1b[2J\x1b[H\x1b[?1049h", "\x1b]0;title\x07shown", "\x1b]2;title\x1b\\shown",
        f"\x1b]8;;{EVIL}\x1b\\link\x1b]8;;\x1b\\", "\x1b]52;c;cm0gLXJm\x07clip", "\x1bP$q\"p\x1b\\dcs", "\x1b_apc\x1b\\",
        "\x1b^pm\x1b\\", "\x1bXsos\x1b\\", "\x9b2Jc1", "\x9d0;title\x9cc1", "\x90dcs\x9c", "\x1b[6n", "\x1b[c", "\x1b#8", "\x1bc",
        "\x1b(0lqk", "\x1b[1;1Hover", "over\rwritten", "back\x08\x08\x08space", "bell\x07", "\x0e\x0fshift", "\x1b", "\x1b[",
        "\x1b]", "\x9b", "\x1b]1337;File=inline=1:AAAA\x07", "\x1b]133;A\x07", "\x1b[?25l", "[bold red]rich[/] [link=x]y[/link]",
        "\x1b\x1b[31m[31m", "\x1b\x00[31m", "\u200b\x1b[31m",
    ],
    "markdown": [
        f"[link]({EVIL})", f"![image]({EVIL}/x.png)", f"<{EVIL}>", "<mail@evil.example>", "[ref][x]", f"[x]: {EVIL}", "[x]",
        "[^1]", "[^1]: note", "*[HTML]: abbreviation", "# heading", "###### six", "Setext\n===", "Setext\n---", "===", "---", "***", "___",
        "- item", "+ item", "* item", "1. one", "2) two", "1986\\. A great year", "> quote", ">>> quote", "```", "```mermaid\nflowchart TD", "~~~", "    code",
        "\tcode", "`code`", "``co`de``", "*a* **b** ***c***", "_a_ __b__", "~~gone~~", "~sub~ ^sup^ ==mark==", "a | b | c",
        "| a |\n|---|\n| b |", "a\n---|---\nb|c", "\\| \\\\ \\", "trailing\\", "bang!", "![", "](", "]()", "[[wiki|page]]", "[[_TOC_]]", "[TOC]", ":::warning", "!!! note",
        ": definition", "term\n: definition", "- [x] task", ":smile:", "$x^2$", "$$x$$", "$`x`$", "\\(x\\)", "@everyone @acme/team", "#123 !45 %6 acme/x#7",
        "SHOP-1", "GH-12", "{: .class #id onclick=x}", "{% include x %}", "a  \nb", "&lt;b&gt; &#60; &#x3c; &NewLine;", "&#10;# x", "<!-- comment", "-->",
        "<!-- okrsync:begin -->", "<!-- okrsync:end -->", "<!-- okrsync:file x.png sha256=0 -->", "http://evil.example/a_b_c www.evil.example",
        "[a](javascript:alert(1))", "[a](<javascript:alert(1)>)", "[a](\njavascript:x)", "[click][]", "]: x", "[a]: <x> 'y'", "***bold*", "**\u00a0a**", "`", "``", "<details>",
    ],
    "html": [
        f"<script>{CANARY}</script>", f"</script><script>{CANARY}</script>", f"<img src=x onerror={CANARY}>", f'"><img src=x onerror="{CANARY}">',
        f"' onmouseover='{CANARY}", f'" autofocus onfocus="{CANARY}', f"<svg onload={CANARY}>", f"<svg><script>{CANARY}</script></svg>",
        f"<a href=\"javascript:{CANARY}\">x</a>", f"<iframe src='javascript:{CANARY}'>", f"<style>@import '{EVIL}';</style>", "</style>", "</title><h1>x", "</details></summary><h1>x</h1>",
        f"<link rel=stylesheet href={EVIL}>", f"<meta http-equiv=refresh content='0;url={EVIL}'>", f"<base href={EVIL}>", f"<form action={EVIL}><input>", "<!--", "<![CDATA[x]]>", "<?php x ?>", "<!DOCTYPE x>",
        f"<math><mi xlink:href='javascript:{CANARY}'>x", f"<object data={EVIL}>", "<plaintext>", "<textarea>", "<noscript><p title='</noscript><img src=x>'>", f"{{{{constructor.constructor('{CANARY}')()}}}}",
        "&lt;script&gt;", "&amp;lt;b&amp;gt;", "&#x3C;img src=x onerror=window.pwned=1&#x3E;", "&colon; &Tab; &NewLine; &nbsp;", "<b", "< b>", "</", "<a name=x>", "<a id=result-kr1-1></a>",
        "<br>", "<template>", "</table><table>", "</td><td>", "</li></ul>", "<svg><foreignObject>", "\\u003cscript\\u003e", "datum.v", "javascript:window.pwned=1",
    ],
    "confluence": [
        "]]>", "]]]]><![CDATA[>", "]]></ac:plain-text-body></ac:structured-macro>", '<ac:structured-macro ac:name="html"/>', "</ac:link-body></ac:link>", '<ri:user ri:account-id="x"/>',
        "</p><p>", "&nbsp;&copy;&unknown;", "<ac:image><ri:url ri:value='https://evil.example'/></ac:image>", "{macro:x}", "okrsync-begin", "okrsync-end", '"/><x y="',
    ],
    "wikitext": [
        "{{template}}", "{{{argument}}}", "{{subst:x}}", "{{#if:x|y}}", "{{!}}", "[[File:Evil.png]]", "[[Category:Evil]]", "[[zh:x]]", "[[Special:Export/x]]", f"[{EVIL} x]", "<nowiki>", "</nowiki>", "<pre>", "</pre>",
        "{| class=x", "|-", "|}", "! head", "!! head", "|| cell", "|+ caption", "== heading ==", "= x =", "----", "* list", "# list", "; term", ": indent", " preformatted", "''italic'' '''bold'''",
        "__NOTOC__", "__NOINDEX__", "__FORCETOC__", "~~~~", "~~~", "~~~~~", "#REDIRECT [[Evil]]", "<html>x</html>", "<ref>x</ref>", "<includeonly>", "<noinclude>", "<onlyinclude>", "<gallery>", "<math>", "-{zh-hans:x}-", "-{A|x}-",
        "RFC 2119", "PMID 12", "ISBN 0-306-40615-2", "&#91;&#91;x]]", "<!-- x -->", "\x7f'\"`UNIQ--nowiki-00000000-QINU`\"'\x7f", "mailto:a@evil.example", "//evil.example", "irc://evil.example", "news:x", "[[:x|y]]", "[[x|", "|", "]]",
    ],
    "mermaid": [
        '"]', "\"] --> evil", '"]; click g0 "javascript:alert(1)"', "%%{init: {'securityLevel': 'loose'}}%%", "end", "subgraph x", "click g0 callback", "g0 --> g1", "#quot;#35;", "`markdown`", "-->|x|", "((x))", "style g0 fill:#f00",
        "<br>", "flowchart LR", "::: x", "classDef x", "---\ntitle: x\n---", "%% comment",
    ],
    "direction": [
        "\u202egnp.exe", "\u202aembed\u202c", "\u202dover\u202c", "\u2066isolate\u2069", "\u2067rtl", "\u2068first", "\u200fmark\u200e", "\u061carabic mark", "שלום עולם", "مرحبا بالعالم", "\u200bzero\u200bwidth", "\ufeffbom", "\u2060joiner",
        "\u00adsoft", "\u180emongolian", "\u2063invisible", "\U000e0041\U000e0042tags", "\U000e0001tag", "\ufff9annotation\ufffa\ufffb", "\u034fgrapheme", "\u115fhangul\u1160", "\u3164filler", "\uffa0half",
    ],
    "formula": [
        '=HYPERLINK("https://evil.example","x")', "=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "\n=1", ";=1", ",=1", "＝1", "\"=1", "'=1", "=1\",\"b", "%=1", "|calc",
    ],
    "template": [
        "{{ 7 * 7 }}", "{% raw %}", "{% endraw %}", "{% include '/etc/passwd' %}", "{# x", "#}", "${HOME}", "$(id)", "`id`", "#{7*7}", "%(x)s", "{0}", "{x}", "{", "}", "%s%n", "<%= 7 %>", "${{ secrets.TOKEN }}", "{{ self.__init__ }}", "{count:,}",
        "%h %t", "\\n", "\\x1b[31m", "$$", "%%", "{kr.__class__}",
    ],
    "lines": [
        "a\nb", "a\r\nb", "a\rb", "a\n\nb", "a\u2028b", "a\u2029b", "a\x85b", "a\x0bb", "a\x0cb", "a\x1cb\x1db\x1eb\x1fb", "\n", "\n\n# x\n\n", "\ttab\t", "  spaces  ", "\u3000wide\u3000", "\u00a0nbsp\u00a0", "a\n<!-- okrsync:end -->\nb", "a\n|}\nb", "a\n::error::x", "::set-output name=x::y", "a\nKR: KR1.1",
    ],
    "unwritable": ["\x00", "a\x00b", "\ud800", "\udfff", "a\ud83dx", "\ude00\ud83d", "\ufffe\uffff", "\U0010ffff", "\x01\x02\x03\x04\x05\x06", "\x7f\x80\x81\x8d\x8f", "\udcff\udc80", "\ufffd"],
    "shapes": [
        "", " ", "x", "?", "…", "–", "a" + "\u0301" * 500, "Z" + "\u0336\u0334\u0322" * 100 + "algo", "👩\u200d👩\u200d👧\u200d👦 🏳️\u200d🌈 👍🏽", "🇨🇳" * 50, "\u200d" * 50, "می\u200cخواهم", "中文标题，全角。", "ＦＵＬＬ", "ﷺ" * 20, "x" * 201, "字" * 500, "x" * 5000,
        "a b" * 2000, "&" * 300, "[" * 300, "*" * 300, "<" * 300, "\\" * 300, "`" * 300, "| " * 300, "(" * 300, "{" * 300, "#" * 300, "-" * 300, "\x1b[31m" * 300, "\ud800" * 300,
    ],
}  # fmt: skip
HUGE = [
    "x" * MEGABYTE, "字" * MEGABYTE, "\n" * MEGABYTE, "[" * MEGABYTE, "*" * MEGABYTE, "<" * MEGABYTE, "\x1b[31m" * (MEGABYTE // 5), "\x1b]" * (MEGABYTE // 2), "x\u0301" * (MEGABYTE // 2),
    "`" * MEGABYTE, "a " * (MEGABYTE // 2), "\ud800" * MEGABYTE, "\x00" * MEGABYTE, "=" * MEGABYTE, "_a" * (MEGABYTE // 2), "&amp;" * (MEGABYTE // 5),
]  # fmt: skip
"""A megabyte each."""
EVERY = [text for texts in CORPUS.values() for text in texts]

_ALPHABET = "\\`*_{}[]()<>#+-.!|~&@$=:;\"'/%^,? \n\r\t\x00\x07\x08\x1b\x7f\x85\x9b\u00a0\u2028\u202e\u2066\u200b\ufeff\ud800\udfff01ax字"
texts = st.lists(
    st.one_of(
        st.sampled_from(EVERY), st.text(st.sampled_from(_ALPHABET), max_size=12), st.text(st.characters(), max_size=6)
    ),
    min_size=1,
    max_size=5,
).map("".join)
"""What a fuzzer makes of them: several in a row, with whatever between them."""
