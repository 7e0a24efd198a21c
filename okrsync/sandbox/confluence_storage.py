"""What Confluence does to storage format that it is given: refuses what is malformed, writes the rest its own way."""

from __future__ import annotations

import re
from html import entities, escape
from itertools import count
from xml.etree import ElementTree

NAMESPACES = {"http://atlassian.com/content": "ac", "http://atlassian.com/resource/identifier": "ri"}
_HTML = frozenset([
    "a", "abbr", "b", "blockquote", "br", "caption", "code", "col", "colgroup", "del", "div", "em", "h1", "h2",
    "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "li", "ol", "p", "pre", "s", "small", "span", "strong",
    "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "u", "ul",
])  # fmt: skip
_OWN = frozenset([
    "structured-macro", "parameter", "rich-text-body", "plain-text-body", "image", "link", "link-body",
    "plain-text-link-body", "layout", "layout-section", "layout-cell", "placeholder", "task", "task-list", "task-id",
    "task-status", "task-body", "emoticon", "caption",
])  # fmt: skip
_RESOURCES = frozenset(["attachment", "page", "url", "user", "space", "blog-post", "content-entity"])
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
# Of the characters that have a name, these are written by it.
_NAMED = {ord(character): f"&{name};" for name, character in (("nbsp", "\u00a0"), ("ndash", "–"), ("rsquo", "’"),
          ("ldquo", "“"), ("rdquo", "”"), ("hellip", "…"), ("middot", "·"), ("times", "×"))}  # fmt: skip


class Malformed(Exception):
    """The service answers 400; its message says why."""


def parsed(body: str) -> ElementTree.Element:
    """Storage format as a tree below an element of ours. Raises ``Malformed``."""
    names = " ".join(f'xmlns:{prefix}="{uri}"' for uri, prefix in NAMESPACES.items())

    def character(found: re.Match[str]) -> str:
        name = found[1]
        if name in _XML_ENTITIES:
            return found[0]
        if f"{name};" not in entities.html5:
            raise Malformed(f'The entity "{name}" was referenced, but not declared.')
        return entities.html5[f"{name};"]

    text = re.sub(r"&([A-Za-z][A-Za-z0-9]*);", character, body)
    try:
        tree = ElementTree.fromstring(f"<page {names}>{text}</page>")  # noqa: S314 (no document type within an element)
    except ElementTree.ParseError as error:
        raise Malformed(f"Error parsing xhtml: {error}") from None
    for element in tree.iter():
        if element is not tree:
            _check(element)
    return tree


def normalised(body: str, ids: count[int], *, cloud: bool) -> str:
    """As it is stored. Comments go, attributes are sorted and added, some characters become entities.

    Raises ``Malformed``.
    """
    tree = parsed(body)
    for element in tree.iter():
        name = _name(element.tag)
        if name == "ac:structured-macro":
            element.set("{http://atlassian.com/content}schema-version", "1")
            macro_id = element.get("{http://atlassian.com/content}macro-id") or _uuid(next(ids))
            element.set("{http://atlassian.com/content}macro-id", macro_id)
        elif name == "table" and cloud:
            element.set("data-layout", element.get("data-layout", "default"))
        elif name == "table" and "class" not in element.attrib:
            element.set("class", "wrapped")
    return _inner(tree)


def saved_in_the_editor(body: str) -> str:
    """As the editor of Cloud leaves a page that somebody saved, whatever they changed: paragraphs in cells and items,
    bold header cells, ids everywhere."""
    tree = parsed(body)
    for at, element in enumerate(list(tree.iter())):
        name = _name(element.tag)
        if name in {"li", "td", "th"} and not any(_name(child.tag) in {"p", "ul", "ol", "h2"} for child in element):
            inner = ElementTree.Element("p")
            holder = ElementTree.SubElement(inner, "strong") if name == "th" else inner
            holder.text, element.text = element.text, None
            for child in list(element):
                element.remove(child)
                holder.append(child)
            element.append(inner)
        if name in {"p", "td", "th", "table", "h1", "h2", "h3"}:
            element.set("local-id", f"{at:08x}")
    return _inner(tree)


def _uuid(number: int) -> str:
    return f"9f3c1d52-0000-4000-8000-{number:012x}"


def _check(element: ElementTree.Element) -> None:
    name = _name(element.tag)
    prefix, _, local = name.rpartition(":")
    known = {"": _HTML, "ac": _OWN, "ri": _RESOURCES}.get(prefix, frozenset())
    if local not in known:
        raise Malformed(f"Error parsing xhtml: unexpected element <{name}>")
    for attribute in element.attrib:
        if _name(attribute).lower().startswith("on"):
            raise Malformed(f"Error parsing xhtml: unexpected attribute {attribute} of <{name}>")
    if name == "ac:structured-macro" and not element.get("{http://atlassian.com/content}name"):
        raise Malformed("A macro has no name")
    if name == "ri:attachment" and not element.get("{http://atlassian.com/resource/identifier}filename"):
        raise Malformed("An attachment has no filename")
    if name == "a" and element.get("href", "").lower().startswith(("javascript:", "data:", "vbscript:")):
        raise Malformed("A link is not allowed")


def _inner(element: ElementTree.Element) -> str:
    name = _name(element.tag)
    if name in {"ac:plain-text-body", "ac:plain-text-link-body"}:
        return "<![CDATA[" + (element.text or "").replace("]]>", "]]]]><![CDATA[>") + "]]>"
    return _text(element.text) + "".join(f"{_outer(child)}{_text(child.tail)}" for child in element)


def _outer(element: ElementTree.Element) -> str:
    name = _name(element.tag)
    given = "".join(f' {key}="{escape(value)}"' for key, value in sorted(
        (_name(key), value) for key, value in element.attrib.items()))  # fmt: skip
    inner = _inner(element)
    empty = not inner and name in {"br", "hr", "col", "img", "p", "ri:attachment", "ri:page"}
    return f"<{name}{given} />" if empty else f"<{name}{given}>{inner}</{name}>"


def _text(text: str | None) -> str:
    return escape(text or "", quote=False).translate(_NAMED)


def _name(tag: str) -> str:
    uri, brace, local = tag.rpartition("}")
    return f"{NAMESPACES[uri[1:]]}:{local}" if brace else tag
