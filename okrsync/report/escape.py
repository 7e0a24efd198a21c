"""Making foreign text harmless: titles, names and messages come from whoever can open an issue.

``clean`` is what both formats start from, and all that a terminal needs; ``markdown`` and ``link_target`` are for
Markdown pages.
"""

from __future__ import annotations

import re
import string
import unicodedata
from functools import lru_cache
from urllib.parse import quote, urlsplit, urlunsplit

LIMIT = 200
"""Characters of one foreign text that are shown."""

_ESCAPE_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movement
    r"|(?:\x1b[]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)"  # OSC, DCS …: window titles, links
    r"|\x1b[ -/]*[0-~]"
)
# Without the two joiners, Persian and Indic words and many emoji fall apart; they reorder nothing.
_JOINERS = "\u200c\u200d"
_RUN_OF_JOINERS = re.compile(f"([{_JOINERS}])[{_JOINERS}]+")
_NO_CHARACTERS = "\ufffe\uffff"
"""XML cannot hold these."""
_WORD_JOINER = "\u2060"

# Backslashes only before what every dialect lets one escape so; Python-Markdown (MkDocs) knows no others, and there and
# in tables only a character reference is safe everywhere. "$" opens a formula on GitHub and GitLab.
_ANYWHERE = str.maketrans(
    {character: "\\" + character for character in "\\`*_{}[]"}
    | {character: f"&#{ord(character)};" for character in "|~$"}
    | {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
    # A backslash or a reference still becomes a mention (and a mail) once rendered, a split name does not.
    | {"@": "@" + _WORD_JOINER}
)
# What opens a block stands first in its line: a heading, a list, an underline, an admonition, a definition.
_OPENS_BLOCK = re.compile(r"(?P<mark>[#+\-=!:?])|(?P<number>[0-9]+)(?P<end>[.)])(?= |$)")


_PUNCTUATION = frozenset(string.punctuation) - set(",:-")


def clean(text: str, limit: int = LIMIT) -> str:
    """``text`` as one line of at most ``limit`` characters that cannot move a cursor or turn the writing direction.

    Escape sequences go as a whole; control, format (bidirectional ones included) and surrogate characters go; any
    run of white space becomes one space.
    """
    # Far more than the limit is never looked at: a title of a megabyte costs what a long one costs.
    text = _ESCAPE_SEQUENCE.sub("", text[: limit * 20])
    kept = "".join(
        " " if character.isspace() else character
        for character in text
        if character.isspace()
        or character in _JOINERS
        or (unicodedata.category(character) not in {"Cc", "Cf", "Cs"} and character not in _NO_CHARACTERS)
    )
    words = kept.split()
    if any(joiner in kept for joiner in _JOINERS):
        # They stand between two characters; a run of them has no width, or one that no two programs agree on.
        words = [_RUN_OF_JOINERS.sub(r"\1", word.lstrip(_JOINERS)) for word in words]
    line = " ".join(filter(None, words))
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


_UNWRITABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def writable(text: str, limit: int = 5000) -> str:
    """``text`` without control, direction and surrogate characters, cut at ``limit``; white space stays.

    What is left of an escape sequence can do nothing. For lines that were made of cleaned parts, as a last guard.
    """
    text = _UNWRITABLE.sub("", text[: limit * 2])
    return text if len(text) <= limit else text[: limit - 1] + "…"


@lru_cache(maxsize=4096)
def markdown(text: str, limit: int = LIMIT) -> str:
    """``text`` cleaned, and escaped so that it shows as itself anywhere in a line of Markdown, a table cell included.

    It adds no heading, list, link, image, code, HTML, formula, mention or cell, in CommonMark, GitHub's, GitLab's,
    Python-Markdown's and mistune's dialects. (A bare ``https://…`` in it may become a link to just that.)
    """
    line = clean(text, limit)
    escaped = line.translate(_ANYWHERE)
    opening = _OPENS_BLOCK.match(line)
    if opening is not None:
        escaped = (
            f"&#{ord(line[0])};{escaped[1:]}"
            if opening["mark"]
            else f"{opening['number']}&#{ord(opening['end'])};{escaped[opening.end() :]}"
        )
    if escaped.endswith("!"):  # so that a link that follows does not become an image
        escaped = escaped[:-1] + "&#33;"
    return escaped


def summary(text: str, limit: int = LIMIT) -> str:
    """``text`` cleaned, and escaped for the HTML of a ``<summary>``, where Markdown's backslashes mean nothing."""
    return "".join(
        f"&#{ord(character)};" if character in _PUNCTUATION else character for character in clean(text, limit)
    ).replace("&#64;", "&#64;" + _WORD_JOINER)


def link_target(url: str | None) -> str | None:
    """``url`` as it can stand between the parentheses of a Markdown link; None when it should not be a link.

    Only absolute http and https addresses are links. A user name or password in one is left out.
    """
    if url is None or len(url) > 2000 or clean(url, 2000) != url:
        return None
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not re.fullmatch(r"[\w.\-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?", host):
        return None

    def quoted(part: str) -> str:
        return quote(part, safe="/%:;=?@&,+!~-._#")

    rebuilt = urlunsplit((parts.scheme, host, quoted(parts.path), quoted(parts.query), quoted(parts.fragment)))
    return rebuilt.replace("&", "&amp;").replace("~", "%7E")
