"""The part of a page that is okrsync's own: between two marker lines, with a hash that tells when a person edited it.

    <!-- okrsync:begin (written by okrsync; notes of yours are safe above and below) sha256=… -->
    …
    <!-- okrsync:end -->

What stands outside the markers is people's, and stays byte for byte.
"""

from __future__ import annotations

import hashlib
import re

_BEGIN = re.compile(rb"^(?:\xef\xbb\xbf)?<!-- okrsync:begin\b[^\n]*?(?: sha256=([0-9a-f]{64}))? -->[ \t]*(\r?\n)", re.M)
_END = re.compile(rb"^<!-- okrsync:end -->", re.M)


class Edited(Exception):
    """The page holds something a person wrote where okrsync would write."""


def section_of(markdown: str) -> bytes:
    """The text between its marker lines, in UTF-8 with ``\\n``; a marker inside it becomes visible, and harmless."""
    body = markdown.replace("\r\n", "\n").replace("\r", "\n").replace("<!-- okrsync:", "&lt;!-- okrsync:").strip("\n")
    inner = f"{body}\n".encode("utf-8", "replace")
    note = "written by okrsync; notes of yours are safe above and below"
    return b"<!-- okrsync:begin (%b) sha256=%b -->\n%b<!-- okrsync:end -->\n" % (note.encode(), _hash(inner), inner)


def merged(page: bytes | None, markdown: str) -> bytes:
    """The page with its section brought up to date; ``page`` itself when the section says the same already.

    ``page`` is None when there is none yet. Raises ``Edited`` when the section is not as okrsync left it, or when the
    page has none: then a person made it.
    """
    section = section_of(markdown)
    if page is None:
        return section
    begins, ends = list(_BEGIN.finditer(page)), list(_END.finditer(page))
    if len(begins) != 1 or len(ends) != 1 or ends[0].start() < begins[0].end():
        raise Edited
    begin, end = begins[0], ends[0]
    newline = begin[2]
    inner = page[begin.end() : end.start()].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if _hash(inner) != begin[1]:
        raise Edited
    first, _, rest = section.partition(b"\n")
    fresh = rest.partition(b"<!-- okrsync:end -->")[0]
    if fresh == inner:
        return page
    start = page.index(b"<!--", begin.start())
    return page[:start] + (first + b"\n" + fresh).replace(b"\n", newline) + page[end.start() :]


def _hash(inner: bytes) -> bytes:
    return hashlib.sha256(inner).hexdigest().encode()
