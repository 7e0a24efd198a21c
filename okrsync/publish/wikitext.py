"""Pages as MediaWiki's wikitext. Every character that could mean something is written as a character reference."""

from __future__ import annotations

import re
from collections.abc import Sequence

from okrsync.publish.rendering import Format

# What has no meaning anywhere: letters, digits, everything beyond ASCII, and these. A colon would make a link of
# `https://`, two hyphens a rule, a tilde a signature, an underscore a behaviour switch.
_SPECIAL = re.compile(r"[^A-Za-z0-9 .,()/%+$?\"\-\u00a0-\U0010ffff]|(?<![A-Za-z0-9\u00a0-\U0010ffff])-|-(?=[-{])")
_MAGIC_LINK = re.compile(r"(?<=\bISBN|\bPMID)\s(?=\d)|(?<=\bRFC)\s(?=\d)")
_LINE_START = re.compile(r"^ +", re.M)


class Wikitext(Format):
    """Lists and emphasis are HTML, which MediaWiki takes: its own marks depend on what stands beside them."""

    def text(self, text: str) -> str:
        return _MAGIC_LINK.sub("&#32;", _SPECIAL.sub(_reference, text))

    def tag(self, name: str, inner: str) -> str:
        return f"<{name}>{inner}</{name}>"

    def line_break(self) -> str:
        return "<br />"

    def anchor(self, name: str) -> str:
        return f'<span id="{name}"></span>'

    def link(self, url: str, inner: str) -> str:
        # A picture cannot stand in the text of an external link.
        return inner if "[[" in inner else f"[{_address(url)} {inner}]"

    def page_link(self, name: str, place: str, inner: str) -> str:
        target = name if _is_title(name) else ""
        if (name and not target) or "[[" in inner:
            return inner
        place = _SPECIAL.sub(_reference, place)
        return f"[[{':' if target else ''}{target}{'#' if place else ''}{place}|{inner}]]"

    def image(self, name: str, description: str) -> str:
        return f"[[File:{name}|frameless|900x900px|alt={self.text(description)}]]"

    def heading(self, level: int, inner: str) -> str:
        marks = "=" * level
        return f"\n{marks} {inner or '&#32;'} {marks}\n"

    def paragraph(self, inner: str) -> str:
        return f"\n{inner.strip()}\n"

    def items(self, ordered: bool, start: int, items: Sequence[str]) -> str:
        kind = "ol" if ordered else "ul"
        first = f' start="{start}"' if ordered and start != 1 else ""
        return f"\n<{kind}{first}>\n" + "".join(f"<li>{item.rstrip()}</li>\n" for item in items) + f"</{kind}>\n"

    def quote(self, inner: str) -> str:
        return f"\n<blockquote>\n{inner.strip()}\n</blockquote>\n"

    def code(self, text: str, language: str) -> str:
        return f"\n<pre>{'&#10;'.join(map(self.text, text.splitlines()))}</pre>\n"

    def rule(self) -> str:
        return "\n<hr />\n"

    def table(self, rows: Sequence[Sequence[tuple[bool, str, str]]]) -> str:
        lines = ['{| class="wikitable"']
        for row in rows:
            lines.append("|-")
            for header, align, inner in row:
                # The attribute is always there: a cell that begins with a hyphen or a plus would be something else.
                lines.append(f'{"!" if header else "|"} style="text-align:{align or "left"}" | {inner}')
        return "\n" + "\n".join([*lines, "|}"]) + "\n"

    def folded(self, summary: str, inner: str) -> str:
        return (
            '\n<div class="mw-collapsible mw-collapsed">\n'
            f"\n<strong>{summary}</strong>\n"
            f'<div class="mw-collapsible-content">\n{inner.strip()}\n</div>\n</div>\n'
        )

    def render(self, markdown: str) -> str:
        # A line that begins with a space is preformatted; no text of a page may begin one.
        return re.sub(r"\n{3,}", "\n\n", _LINE_START.sub("", super().render(markdown))).strip("\n")


def _reference(found: re.Match[str]) -> str:
    return "".join(f"&#{ord(character)};" for character in found[0])


def _address(url: str) -> str:
    """A URL that ends where it should, and in which nothing is markup."""
    quoted = "".join(
        character
        if re.match(r"[A-Za-z0-9\-.:/?#@!$&()*+,;=%]", character)
        else "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "replace"))
        for character in url
    )
    return quoted.replace("&", "&amp;")


def _is_title(name: str) -> bool:
    return not re.search(r"[#<>\[\]|{}\x00-\x1f\x7f]|~~~|&[A-Za-z0-9#]+;|%[0-9A-Fa-f]{2}", name)
