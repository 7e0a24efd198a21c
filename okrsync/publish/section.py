"""The part of a page that is okrsync's own: between two marker lines, with a hash that tells when a person edited it.

    <!-- okrsync:begin (written by okrsync; notes of yours are safe above and below) sha256=… -->
    …
    <!-- okrsync:file OKR-2026-W47-KR1.1.png sha256=… -->
    <!-- okrsync:end -->

What stands outside the markers is people's, and stays byte for byte. The last lines name the page's attachments: one
that is no longer what its line says was replaced by a person. Markdown, wikitext and HTML take these markers as they
are. A wiki that rewrites what it is given, or drops comments, has to keep ``digest`` elsewhere with the page.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from okrsync.publish.interface import Attachment

_BEGIN = re.compile(rb"^(?:\xef\xbb\xbf)?<!-- okrsync:begin\b[^\n]*?(?: sha256=([0-9a-f]{64}))? -->[ \t]*(\r?\n)", re.M)
_END = re.compile(rb"^<!-- okrsync:end -->", re.M)
_FILE = re.compile(rb"^<!-- okrsync:file (\S+) sha256=([0-9a-f]{64}) -->", re.M)


NOTE = "written by okrsync; notes of yours are safe above and below"
"""In English on every wiki: a page whose language is changed is the same section still."""


class Edited(Exception):
    """The page holds something a person wrote where okrsync would write."""


def digest(data: bytes) -> str:
    """The SHA-256 that markers hold, as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def section_of(text: str, attachments: Iterable[Attachment] = ()) -> bytes:
    """The text between its marker lines, in UTF-8 with ``\\n``; a marker inside it becomes visible, and harmless."""
    body = text.replace("\r\n", "\n").replace("\r", "\n").replace("<!-- okrsync:", "&lt;!-- okrsync:").strip("\n")
    files = "".join(f"<!-- okrsync:file {file.name} sha256={digest(file.data)} -->\n" for file in attachments)
    inner = (f"{body}\n\n{files}" if files else f"{body}\n").encode("utf-8", "replace")
    begin = f"<!-- okrsync:begin ({NOTE}) sha256={digest(inner)} -->\n"
    return begin.encode() + inner + b"<!-- okrsync:end -->\n"


def merged(page: bytes | None, text: str, attachments: Iterable[Attachment] = ()) -> bytes:
    """The page with its section brought up to date; ``page`` itself when the section says the same already.

    ``page`` is None when there is none yet. Raises ``Edited`` when the section is not as okrsync left it, or when the
    page has none: then a person made it.
    """
    section = section_of(text, attachments)
    if page is None:
        return section
    start, newline, inner, end = _untouched(page)
    first, _, rest = section.partition(b"\n")
    fresh = rest.partition(b"<!-- okrsync:end -->")[0]
    if fresh == inner:
        return page
    return page[:start] + (first + b"\n" + fresh).replace(b"\n", newline) + page[end:]


def files_of(page: bytes | None) -> dict[str, str]:
    """The attachments that the page's section names, with the ``digest`` of what okrsync gave them.

    Raises ``Edited`` as ``merged`` does.
    """
    if page is None:
        return {}
    _, _, inner, _ = _untouched(page)
    return {name.decode("utf-8", "replace"): hash_.decode() for name, hash_ in _FILE.findall(inner)}


def _untouched(page: bytes) -> tuple[int, bytes, bytes, int]:
    """Where the section begins, how its lines end, what it holds (with ``\\n``), and where its end marker begins."""
    begins, ends = list(_BEGIN.finditer(page)), list(_END.finditer(page))
    if len(begins) != 1 or len(ends) != 1 or ends[0].start() < begins[0].end():
        raise Edited
    begin, end = begins[0], ends[0]
    inner = page[begin.end() : end.start()].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if digest(inner).encode() != begin[1]:
        raise Edited
    return page.index(b"<!--", begin.start()), begin[2], inner, end.start()
