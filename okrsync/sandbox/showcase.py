"""Shows a demo's report and, where no wiki runs, its wiki pages, on loopback."""

from __future__ import annotations

import html
import mimetypes
import re
from pathlib import Path
from urllib.parse import quote

from okrsync.sandbox.server import Request, Response, StandIn

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src 'self'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.55 system-ui, sans-serif; }}
table {{ border-collapse: collapse; }} th, td {{ border: 1px solid #ccc; padding: .3rem .6rem; vertical-align: top; }}
img {{ max-width: 100%; }} pre {{ overflow-x: auto; background: #f5f5f5; padding: .5rem; }}</style>
</head><body>{body}</body></html>
"""


class Showcase(StandIn):
    """``/`` is the report, ``/wiki/NAME`` a page of the folder as its Markdown says, ``/wiki/FILE`` a file of it."""

    def __init__(self, report: str, wiki: Path) -> None:
        super().__init__()
        self._report = report
        self._wiki = wiki.resolve()

    def handle(self, request: Request) -> Response:
        """GET and HEAD alone; whatever is not below the folder is not found."""
        if request.method not in ("GET", "HEAD"):
            return Response(405, {"message": "only GET"})
        if request.path == "/":
            return _html(self._report)
        found = re.fullmatch(r"/wiki/(.+)", request.path)
        if found is None:
            return Response(404, {"message": "not found"})
        file = (self._wiki / found[1]).resolve()
        page = file if file.suffix == ".md" else file.with_name(f"{file.name}.md")
        if not file.is_relative_to(self._wiki):
            return Response(404, {"message": "not found"})
        if page.is_file():
            return _html(_rendered(page))
        if file.is_file():
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            return Response(200, headers={"Content-Type": kind}, body=file.read_bytes())
        return Response(404, {"message": "not found"})

    def address(self, page: str) -> str:
        """Where a page of the folder is shown."""
        return f"{self.url}/wiki/{quote(page)}"


def _html(text: str) -> Response:
    return Response(200, headers={"Content-Type": "text/html; charset=utf-8"}, body=text.encode())


def _rendered(page: Path) -> str:
    from markdown_it import MarkdownIt

    # The HTML in our own pages is theirs: what is foreign in them has been escaped.
    body = MarkdownIt("commonmark", {"html": True}).enable("table").render(page.read_text("utf-8"))
    return _PAGE.format(title=html.escape(page.stem), body=body)
