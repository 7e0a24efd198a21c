"""What mkdocs.yml cannot say: files of the repository outside ``docs/`` that pages link are part of the site.

Links are written as GitHub follows them (``../benchmarks/RESULTS.md``); on the site such a file lies below
``repository/``, as a page when it is Markdown, else as it is.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page
from pygments.formatters import HtmlFormatter

ROOT = Path(__file__).resolve().parents[1]
_DOCS, _OUTSIDE = "docs/", "repository/"
_LINK = re.compile(r"(?<=\]\()(?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?(?=\))")
_CODE = re.compile(r"(^```.*?^```|`[^`\n]+`)", re.DOTALL | re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files of the repository that pages link, and those that these link in turn."""
    waiting = [f"{_DOCS}{file.src_uri}" for file in files.documentation_pages()]
    waiting += [address.removeprefix(_OUTSIDE) for address in _in_nav(config.nav) if address.startswith(_OUTSIDE)]
    seen = set(waiting)
    while waiting:
        path = waiting.pop()
        if not path.startswith(_DOCS):
            level = InclusionLevel.NOT_IN_NAV
            files.append(File.generated(config, _on_site(path), abs_src_path=str(ROOT / path), inclusion=level))
        if path.endswith(".md"):
            found = {target for target in _targets(path) if not target.startswith(_DOCS)} - seen
            seen |= found
            waiting += sorted(found)
    style = HtmlFormatter(style="xcode").get_style_defs(".codehilite")
    files.append(File.generated(config, "assets/code.css", content=f"{style}\n"))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links to where their files lie on the site."""
    here = page.file.src_uri
    path = here.removeprefix(_OUTSIDE) if here.startswith(_OUTSIDE) else f"{_DOCS}{here}"

    def moved(match: re.Match[str]) -> str:
        target = _resolved(path, match["target"])
        if target is None:
            return match[0]
        return posixpath.relpath(_on_site(target), posixpath.dirname(here) or ".") + (match["anchor"] or "")

    return _outside_code(markdown, lambda text: _LINK.sub(moved, text))


def _in_nav(nav: object) -> Iterable[str]:
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict | list):
        for each in nav.values() if isinstance(nav, dict) else nav:
            yield from _in_nav(each)


def _targets(path: str) -> set[str]:
    found: set[str] = set()

    def collect(text: str) -> str:
        found.update(filter(None, (_resolved(path, match["target"]) for match in _LINK.finditer(text))))
        return text

    _outside_code((ROOT / path).read_text("utf-8"), collect)
    return found


def _resolved(path: str, target: str) -> str | None:
    """The file of the repository that a link on the page at ``path`` leads to; None for what is no such file."""
    if re.match(r"[a-z]+:|/", target):
        return None
    resolved = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    return resolved if (ROOT / resolved).is_file() else None


def _on_site(path: str) -> str:
    if path.startswith(_DOCS):
        return path.removeprefix(_DOCS)
    parts = PurePosixPath(path).parts
    return _OUTSIDE + "/".join(part.lstrip(".") for part in parts)  # servers do not show folders like .github


def _outside_code(markdown: str, change: Callable[[str], str]) -> str:
    """Change what stands outside of code."""
    return "".join(part if number % 2 else change(part) for number, part in enumerate(_CODE.split(markdown)))
