"""What a text points at: issues it names, issues it closes, key results its trailers name.

Pure text in, normalised targets out. What is found is a *candidate* (``UTF-8`` looks like an issue's key): only the
store knows which targets exist, so a candidate that names nothing does no harm there. Every pattern starts at most once
in a run of characters it can match and looks at a bounded number of them, so the time is linear in the text's length.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from okrsync.model import Reference, ReferenceKind

LONGEST_TEXT = 1_000_000
"""Characters of one text that are looked at."""

# ASCII classes on purpose: in Chinese and Japanese a reference stands right beside letters ("修复#45").
_END = r"(?![A-Za-z0-9_])"
_NUMBER = rf"[1-9][0-9]{{0,17}}{_END}"
_OWNER = r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}"
_REPO = r"[A-Za-z0-9_.-]{1,100}"
_REFERENCE = rf"""
    https?://[^\s/]{{1,100}}/(?P<url_repo>{_OWNER}/{_REPO})/(?:issues|pull)/(?P<url_number>{_NUMBER})
  | (?<![A-Za-z0-9_./-])(?P<repo>{_OWNER}/{_REPO})\#(?P<repo_number>{_NUMBER})
  | (?<![A-Za-z0-9_./&\#-])\#(?P<number>{_NUMBER})
  | (?<![A-Za-z0-9_])(?P<key>[A-Z][A-Z0-9_]{{1,99}}-[1-9][0-9]{{0,17}})(?![A-Za-z0-9])(?!\.[0-9])
"""
# The same where no repository is named: beginning with a set of characters, it is found several times faster.
_PLAIN_REFERENCE = rf"""
    [A-Z\#] (?:
        (?<=\#)(?<![A-Za-z0-9_./&\#-]\#)(?P<number>{_NUMBER})
      | (?<=[A-Z])(?<![A-Za-z0-9_].)(?P<key_rest>[A-Z0-9_]{{1,99}}-[1-9][0-9]{{0,17}})(?![A-Za-z0-9])(?!\.[0-9])
    )
"""
_IN_REPOSITORY = re.compile(r"#(?<=[A-Za-z0-9_.-]#)")
_CLOSES = r"(?<![A-Za-z0-9_-])(?i:close[sd]?|fix(?:e[sd])?|resolve[sd]?)(?::\s{0,20}|\s{1,20})"
_NAMED, _CLOSED = (
    tuple(re.compile(f"{before}(?:{reference})", re.VERBOSE) for reference in (_REFERENCE, _PLAIN_REFERENCE))
    for before in ("", _CLOSES)
)
_TRAILER = re.compile(r"^[ \t]*KR[ \t]*[:：][ \t]*(\S[^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_SEPARATOR = re.compile(r"[,，、;]")


def named_in(text: str, *, repo: str | None) -> tuple[str, ...]:
    """The issues and pull requests that a text names, in the order of the text, each once.

    ``SHOP-101`` (upper case only) stays as it is; ``#45`` (of ``repo``, the ``owner/name`` the text belongs to; skipped
    without one), ``owner/repo#45`` and the URL of an issue or pull request become ``owner/repo#45`` in lower case.
    """
    return _targets(_NAMED, text, repo)


def closed_in(text: str, *, repo: str | None) -> tuple[str, ...]:
    """The references that follow one of GitHub's closing keywords: ``Fixes #45``, ``closes: owner/repo#45``.

    As at GitHub, each reference needs its own keyword: ``Fixes #45, #46`` closes the first only. Targets as those of
    ``named_in``.
    """
    lower = text.lower()
    if "clos" not in lower and "fix" not in lower and "resolv" not in lower:
        return ()
    return _targets(_CLOSED, text, repo)


def trailers_in(text: str) -> tuple[str, ...]:
    """Key result ids of the lines ``KR: KR1.1`` or ``KR: KR1.1, KR2.3`` anywhere in a text, in order, each once."""
    if "kr" not in text.lower():
        return ()
    ids = (part.strip() for line in _TRAILER.finditer(text[:LONGEST_TEXT]) for part in _SEPARATOR.split(line.group(1)))
    return tuple(dict.fromkeys(id_ for id_ in ids if id_))


def references_of(
    *, repo: str | None, body: str = "", title: str = "", branch: str = "", closes: Iterable[str] = ()
) -> tuple[Reference, ...]:
    """All that a pull request, a commit or an issue points at, each target once.

    ``closes`` are targets that the service itself says it closes. A target that is closed is not also named. Closing
    keywords count in the body alone, as at GitHub; a branch may write a key in lower case (``feature/shop-101-cart``).
    What stands in an HTML comment does not count: pull request templates are full of ``<!-- Fixes #123 -->``.
    """
    if not (title or branch or closes or "-" in body or "#" in body or ":" in body or "：" in body):
        return ()  # most commits' messages are read no further
    visible = _without_comments(body[:LONGEST_TEXT])
    closed = [target.lower() if "#" in target else target for target in closes]
    closed += closed_in(visible, repo=repo)
    named = named_in(visible, repo=repo)
    if title or branch:
        named = (*named_in(title, repo=repo), *named, *named_in(branch.upper(), repo=repo))
    found = [Reference(ReferenceKind.CLOSES, target) for target in dict.fromkeys(closed)]
    found += [Reference(ReferenceKind.NAMES, target) for target in dict.fromkeys(named) if target not in closed]
    found += [Reference(ReferenceKind.KEY_RESULT, id_) for id_ in trailers_in(visible)]
    return tuple(found)


def _targets(patterns: tuple[re.Pattern[str], ...], text: str, repo: str | None) -> tuple[str, ...]:
    """What either pattern of a pair finds, in the order of the text, each once."""
    if "#" not in text and "-" not in text and "://" not in text:
        return ()  # none of the patterns does without
    whole, plain = patterns
    pattern = whole if "://" in text or ("#" in text and _IN_REPOSITORY.search(text)) else plain
    targets: dict[str, None] = {}
    for match in pattern.finditer(text[:LONGEST_TEXT]):
        match match.lastgroup:
            case "key":
                targets[match["key"]] = None
            case "key_rest":
                targets[text[match.start("key_rest") - 1 : match.end("key_rest")]] = None
            case "number":
                if repo is not None:
                    targets[f"{repo}#{match['number']}".lower()] = None
            case "repo_number":
                targets[f"{match['repo']}#{match['repo_number']}".lower()] = None
            case _:
                targets[f"{match['url_repo']}#{match['url_number']}".lower()] = None
    return tuple(targets)


def _without_comments(text: str) -> str:
    """A text without its HTML comments; one that never ends takes the rest with it, as in a browser."""
    if "<!--" not in text:
        return text
    kept = []
    start = 0
    while (opened := text.find("<!--", start)) >= 0:
        kept.append(text[start:opened])
        closed = text.find("-->", opened + 4)
        if closed < 0:
            return "".join(kept)
        start = closed + 3
    kept.append(text[start:])
    return "".join(kept)
