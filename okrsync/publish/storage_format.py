"""Pages as Confluence's storage format, which is XHTML with elements of its own.

https://confluence.atlassian.com/doc/confluence-storage-format-790796544.html
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from okrsync.publish.rendering import Format


class StorageFormat(Format):
    """Well-formed by itself: what stands between our marks can be put into any page."""

    def text(self, text: str) -> str:
        return escape(text, quote=False)

    def tag(self, name: str, inner: str) -> str:
        name = "del" if name == "s" else name
        return f"<{name}>{inner}</{name}>"

    def line_break(self) -> str:
        return "<br />"

    def anchor(self, name: str) -> str:
        return macro("anchor", {"": name})

    def link(self, url: str, inner: str) -> str:
        return f'<a href="{escape(url)}">{inner}</a>'

    def page_link(self, name: str, place: str, inner: str) -> str:
        anchor = f' ac:anchor="{escape(place)}"' if place else ""
        page = f'<ri:page ri:content-title="{escape(name)}" />' if name else ""
        return f"<ac:link{anchor}>{page}<ac:link-body>{inner}</ac:link-body></ac:link>"

    def image(self, name: str, description: str) -> str:
        return f'<ac:image ac:alt="{escape(description)}"><ri:attachment ri:filename="{escape(name)}" /></ac:image>'

    def heading(self, level: int, inner: str) -> str:
        return f"<h{level}>{inner}</h{level}>"

    def paragraph(self, inner: str) -> str:
        return f"<p>{inner}</p>"

    def items(self, ordered: bool, start: int, items: Sequence[str]) -> str:
        kind = "ol" if ordered else "ul"
        first = f' start="{start}"' if ordered and start != 1 else ""
        return f"<{kind}{first}>" + "".join(f"<li>{item}</li>" for item in items) + f"</{kind}>"

    def quote(self, inner: str) -> str:
        return f"<blockquote>{inner}</blockquote>"

    def code(self, text: str, language: str) -> str:
        # No language: Data Center shows an error in the place of a language that it does not know.
        body = text.replace("]]>", "]]]]><![CDATA[>")
        return macro("code", {}, f"<ac:plain-text-body><![CDATA[{body}]]></ac:plain-text-body>")

    def rule(self) -> str:
        return "<hr />"

    def table(self, rows: Sequence[Sequence[tuple[bool, str, str]]]) -> str:
        return (
            "<table><tbody>"
            + "".join(f"<tr>{''.join(_cell(*cell) for cell in row)}</tr>" for row in rows)
            + "</tbody></table>"
        )

    def folded(self, summary: str, inner: str) -> str:
        return macro("expand", {"title": summary}, f"<ac:rich-text-body>{inner}</ac:rich-text-body>")


def macro(name: str, parameters: dict[str, str], body: str = "") -> str:
    """A macro; parameters and body are rendered already."""
    given = "".join(f'<ac:parameter ac:name="{key}">{value}</ac:parameter>' for key, value in parameters.items())
    return f'<ac:structured-macro ac:name="{name}" ac:schema-version="1">{given}{body}</ac:structured-macro>'


def _cell(header: bool, align: str, inner: str) -> str:
    kind = "th" if header else "td"
    style = f' style="text-align: {align};"' if align in {"center", "right"} else ""
    return f"<{kind}{style}>{inner}</{kind}>"
