"""The part of a Confluence page that is okrsync's own.

Confluence drops comments and rewrites what it is given when it is saved: attributes come and go, cells get paragraphs,
characters become entities. So the section stands between two anchors, which are kept as they are, and two versions of
it are compared by what a reader sees of them.
"""

from __future__ import annotations

import re
from html import entities
from xml.etree import ElementTree

from okrsync.publish.section import Edited, digest
from okrsync.publish.storage_format import macro

BEGIN, END = "okrsync-begin", "okrsync-end"
NAMESPACES = {"ac": "http://atlassian.com/content", "ri": "http://atlassian.com/resource/identifier"}

_AC, _RI = (f"{{{uri}}}" for uri in NAMESPACES.values())
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_SEEN = frozenset({*(f"h{level}" for level in range(1, 7)), "li", "tr", "th", "td", "blockquote", "hr", "a"})
_MARKS = {"strong": "strong", "b": "strong", "em": "em", "i": "em", "code": "code", "del": "del", "s": "del", "u": "u"}
_PARAMETERS = frozenset({"", "title", "language"})


def _mark(name: str) -> str:
    return (
        r'<ac:structured-macro\b[^>]*\bac:name="anchor"[^>]*>\s*'
        rf"<ac:parameter\b[^>]*>\s*{name}\s*</ac:parameter>\s*</ac:structured-macro>"
    )


_BEGIN = re.compile(rf"{_mark(BEGIN)}\s*</p>")
_END = re.compile(rf"<p\b[^>]*>\s*{_mark(END)}")


def section_of(inner: str) -> str:
    """``inner`` between its anchors."""
    return f"<p>{macro('anchor', {'': BEGIN})}</p>{inner}<p>{macro('anchor', {'': END})}</p>"


def inner_of(body: str) -> str:
    """What stands in the section of a page. Raises ``Edited`` when the page has none, or not just one."""
    start, end = _span(body)
    return body[start:end]


def replaced(body: str, inner: str) -> str:
    """The page with another section; what stands around it stays as it is. Raises ``Edited`` as ``inner_of`` does."""
    start, end = _span(body)
    return body[:start] + inner + body[end:]


def seen(inner: str) -> str:
    """The ``digest`` of what a reader sees of a section, however it is written down.

    Words, headings, list items, cells, emphasis, addresses, pictures and macros count; white space, paragraphs,
    styles and what the editor keeps for itself do not. Raises ``Edited`` when it cannot be read.
    """
    found: list[str] = []
    _read(parsed(inner), found, False)
    return digest("".join(found).encode())


def parsed(inner: str) -> ElementTree.Element:
    """Storage format as a tree. Raises ``Edited`` for what is not well-formed."""
    names = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    try:
        # Within an element no document type can be declared, and so no entity that grows.
        return ElementTree.fromstring(f"<page {names}>{_ENTITY.sub(_character, inner)}</page>")  # noqa: S314
    except ElementTree.ParseError:
        raise Edited from None


def _span(body: str) -> tuple[int, int]:
    begins, ends = list(_BEGIN.finditer(body)), list(_END.finditer(body))
    if len(begins) != 1 or len(ends) != 1 or ends[0].start() < begins[0].end():
        raise Edited
    return begins[0].end(), ends[0].start()


def _character(found: re.Match[str]) -> str:
    name = found[1]
    return found[0] if name in _XML_ENTITIES else entities.html5.get(f"{name};", found[0])


def _read(element: ElementTree.Element, found: list[str], in_header: bool) -> None:
    tag, what = element.tag, ""
    if tag in _SEEN:
        what = f"{tag} {element.get('href', '')}"
    elif tag in _MARKS and not (in_header and _MARKS[tag] == "strong"):  # the editor makes header cells bold
        what = _MARKS[tag]
    elif tag == f"{_AC}structured-macro":
        what = f"macro {element.get(f'{_AC}name', '')}"
    elif tag == f"{_RI}attachment":
        what = f"file {element.get(f'{_RI}filename', '')}"
    if tag == f"{_AC}parameter" and element.get(f"{_AC}name", "") not in _PARAMETERS:
        return
    found += [f"<{what}>"] if what else []
    found += (element.text or "").split()
    for child in element:
        _read(child, found, in_header or tag == "th")
        found += (child.tail or "").split()
    found += ["</>"] if what else []
