"""What git knows of the files of goals: which commit changed which goal, when, by whom, and why.

Read is what the checked-out branch said, commit by commit along its first parents, so that two branches which change
one goal side by side do not look like changes to and fro. A merge counts when it was made, and is attributed to whoever
wrote the branch.

What is read is bounded: ``MOST_COMMITS``, and ``MOST_YAML`` characters of YAML that must be parsed, the newest first.
What is left out, or cannot be read, is said in the notes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from glob import has_magic
from pathlib import Path

from okrsync import git_command
from okrsync.config_yaml import MAX_BYTES, parse_document
from okrsync.errors import SourceError
from okrsync.git_command import GitError
from okrsync.goals import versions_in
from okrsync.http import one_line
from okrsync.language import _, ngettext
from okrsync.model import GoalVersion
from okrsync.programme import read_objectives

MOST_COMMITS = 5000
MOST_YAML = 2_500_000
"""Characters; a file that differs in one objective costs that objective alone."""
_MOST_UNREADABLE = 5
"""Files that cannot be read are named up to here, then counted."""
_BATCH = 100
_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_FORMAT = "%H%x00%P%x00%ct%x00%aN%x00%B%x00"
_LOG = (
    "log",
    "-z",
    "--first-parent",
    "--diff-merges=first-parent",
    "--raw",
    "--no-abbrev",
    "--no-renames",
    "--relative",
    "--no-ext-diff",
    "--no-color",
    "--no-show-signature",
    "--encoding=UTF-8",
    f"--format=tformat:{_FORMAT}",
)
"""Whatever a user's configuration could change in the answer is named here or in ``okrsync.git_command``."""
_ANYWHERE = {"GIT_CEILING_DIRECTORIES": ""}
"""The repository may begin above the folder of the goals."""
_REASON = re.compile(r"^reason:[ \t]*(\S.*)$", re.IGNORECASE | re.MULTILINE)
_FILE_MODES = (b"100644", b"100755")
_SUSPECT = re.compile(r"(?:^|[\s\[{,:-])[&*!][^\s&]|^(?:\.\.\.|%)|(?<=\n)---|^--- *[^\s#]", re.MULTILINE)
"""Anchors, aliases, tags and several documents: what one part of such a file says depends on the others."""
_OBJECTIVES = re.compile(r"objectives:\s*(?:#.*)?")
_CYCLE = re.compile(r"[\"']?cycle[\"']?\s*:")
_KEY = re.compile(r"[A-Za-z_]+:(?:\s|$)")

_Goals = Mapping[str, GoalVersion]
"""Goals by id, as one file has them; ``seen_at`` means nothing yet."""


@dataclass(frozen=True, slots=True)
class History:
    """What was read."""

    head: str
    """The newest commit."""
    versions: tuple[GoalVersion, ...]
    """Oldest first."""
    notes: tuple[str, ...]
    """What is missing, and why; without secrets, not escaped."""
    whole: bool
    """False when it only goes on from the commit that was asked for."""


@dataclass(frozen=True, slots=True)
class _Commit:
    id: str
    parents: tuple[str, ...]
    committed: datetime
    author: str
    message: str
    files: tuple[tuple[str, str | None, str | None], ...]
    """Path, and its blob before and after; None where there was no such file."""


def read_history(base: Path, okrs: str, now: datetime, after: str = "") -> History | None:
    """The history of the files that ``okrs`` names (as ``okrsync.yaml`` writes it), relative to ``base``.

    ``after`` is the head of an earlier reading: only what came since is read, where the branch still holds that commit.
    None when the files are in no git repository, or when nothing was committed since ``after``. Raises ``SourceError``
    when git refuses.
    """
    folder, matches = _place(base, okrs)
    git = _Git(folder)
    head = git.head()
    if head is None or head == after:
        return None
    goes_on = bool(_HASH.fullmatch(after)) and git.contains(after, head)
    commits = git.log(f"{after}..{head}" if goes_on else head)
    many = len(commits) == MOST_COMMITS
    commits = [
        replace(each, files=tuple(file for file in each.files if matches.fullmatch(file[0]))) for each in commits
    ]
    commits = [each for each in commits if each.files]
    reader = _Reader(git)
    read = reader.newest(commits)
    notes = []
    if many or len(read) < len(commits):
        first = read[-1].committed.date() if read else now.date()
        notes.append(
            _("changes before {first} are not read: {where} has more of them than okrsync reads at once").format(
                first=first, where=git.where
            )
        )
    boundary: Collection[str] = ()
    if git.is_shallow():
        boundary = {each.id for each in read if not each.parents}
        notes.append(
            _("{where} is shallow: older changes are not known; `git fetch --unshallow` brings them").format(
                where=git.where
            )
        )
    versions = tuple(_versions(read[::-1], reader, git, now, boundary))
    return History(head, versions, (*notes, *reader.unreadable()), whole=not goes_on)


def _place(base: Path, okrs: str) -> tuple[Path, re.Pattern[str]]:
    """The folder to look at, and which paths below it are files of goals."""
    place = base / Path(okrs).expanduser()
    if place.is_dir():
        return place, re.compile(r"(?:(?!\.)[^/]+/)*(?!\.)[^/]+\.ya?ml", re.DOTALL)
    if not has_magic(okrs):
        return place.parent, re.compile(re.escape(place.name), re.DOTALL)
    parts = Path(okrs).expanduser().parts
    first = next(at for at, part in enumerate(parts) if has_magic(part))
    return base.joinpath(*parts[:first]), re.compile(_glob("/".join(parts[first:])), re.DOTALL)


def _glob(pattern: str) -> str:
    """A glob as a regular expression; like the shell's, its wildcards find no name that begins with a dot."""
    words = {"**/": r"(?:(?!\.)[^/]+/)*", "**": r"[^/]*", "*": r"[^/]*", "?": r"[^/]"}
    found = ""
    for part in re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", pattern):
        wild = words.get(part) or (part.replace("[!", "[^") if re.fullmatch(r"\[.+\]", part) else None)
        hidden = r"(?!\.)" if wild and (not found or found.endswith("/")) else ""
        found += hidden + (wild or re.escape(part))
    return found


class _Git:
    """The repository around a folder; nothing is written to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.where = _("the git history of {folder}").format(folder=folder)

    def head(self) -> str | None:
        """The commit that is checked out; None where there is no repository, or no commit yet."""
        try:
            _, out = self._run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        except GitError as error:
            if error.code == 1 or "not a git repository" in error.said:
                return None
            raise
        head = out.decode("ascii", "replace").strip()
        return head if _HASH.fullmatch(head) else None

    def contains(self, commit: str, head: str) -> bool:
        """Is ``commit`` an ancestor of ``head``? False also when the repository does not have it."""
        return self._run("merge-base", "--is-ancestor", commit, head, accepted=(0, 1, 128))[0] == 0

    def is_shallow(self) -> bool:
        return self._run("rev-parse", "--is-shallow-repository")[1].strip() == b"true"

    def log(self, commits: str) -> list[_Commit]:
        """The commits of a range that touch the folder, newest first, along first parents."""
        _, out = self._run(*_LOG, f"--max-count={MOST_COMMITS}", commits, "--", ".")
        return list(_commits(out))

    def branch_of(self, merge: _Commit) -> tuple[str, str]:
        """Who wrote what a merge brought to some files (the latest of them), and all messages of theirs."""
        paths = [path for path, _, _ in merge.files]
        _, out = self._run(
            "log", "-z", "--no-merges", "--max-count=20", "--no-color", "--no-show-signature", "--encoding=UTF-8",
            "--format=tformat:%aN%x00%B", f"{merge.parents[0]}..{merge.id}", "--", *paths,
        )  # fmt: skip
        tokens = out.decode("utf-8", "replace").split("\0")
        return (tokens[0] or merge.author) if len(tokens) > 1 else merge.author, "\n\n".join(tokens[1::2])

    def blobs(self, ids: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
        """The contents of some files; None for one that is missing or too large."""
        for start in range(0, len(ids), _BATCH):
            some = ids[start : start + _BATCH]
            asked = "".join(f"{each}\n" for each in some).encode()
            _, out = self._run("cat-file", "--batch", stdin=asked)
            at = 0
            for each in some:
                end = out.index(b"\n", at)
                header = out[at:end].split()
                at = end + 1
                if len(header) != 3 or header[1] != b"blob":
                    yield each, None
                    continue
                size = int(header[2])
                yield each, out[at : at + size] if size <= MAX_BYTES else None
                at += size + 1

    def _run(self, *arguments: str, stdin: bytes = b"", accepted: Sequence[int] = (0,)) -> tuple[int, bytes]:
        return git_command.run(
            arguments, where=self.where, folder=self.folder, stdin=stdin, variables=_ANYWHERE, accepted=accepted
        )


def _commits(out: bytes) -> Iterator[_Commit]:
    tokens = out.split(b"\0")
    at = 0
    while at + 5 < len(tokens):
        id_, parents, committed, author, message = (each.decode("utf-8", "replace") for each in tokens[at : at + 5])
        at += 6
        files = []
        while at + 1 < len(tokens) and tokens[at].lstrip(b"\n").startswith(b":"):
            old_mode, new_mode, old, new, _ = tokens[at].lstrip(b"\n:").split()
            path = tokens[at + 1].decode("utf-8", "surrogateescape")
            before, after = (
                blob.decode() if mode in _FILE_MODES else None for mode, blob in ((old_mode, old), (new_mode, new))
            )
            files.append((path, before, after))
            at += 2
        yield _Commit(id_.strip(), tuple(parents.split()), _moment(committed), author, message, tuple(files))


def _moment(seconds: str) -> datetime:
    """The time of a commit; what nobody can have meant is the beginning of time."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


class _Reader:
    """Parses files as they once were, each part of them once."""

    def __init__(self, git: _Git) -> None:
        self.git = git
        self.left = MOST_YAML
        self.files: dict[str, _Goals | None] = {}
        """By blob; None for one that cannot be read."""
        self._parts: dict[str, _Goals | None] = {}
        self._failed: list[str] = []

    def newest(self, commits: Sequence[_Commit]) -> list[_Commit]:
        """As many of the commits, newest first, as there is room for; their files are read."""
        read: list[_Commit] = []
        for start in range(0, len(commits), _BATCH):
            some = commits[start : start + _BATCH]
            wanted = [after for commit in some for _path, _before, after in commit.files if after is not None]
            contents = dict(self.git.blobs([each for each in dict.fromkeys(wanted) if each not in self.files]))
            for commit in some:
                if self.left <= 0:
                    return read
                for path, _before, after in commit.files:
                    if after is not None:
                        self._read(after, contents.get(after), f"commit {commit.id[:10]}: {path}")
                read.append(commit)
        return read

    def before(self, blob: str, name: str) -> _Goals | None:
        """A single file, as it was before the first commit that was read."""
        if blob not in self.files:
            self._read(blob, dict(self.git.blobs([blob]))[blob], name)
        return self.files[blob]

    def unreadable(self) -> list[str]:
        """Which files could not be read, and why."""
        more = len(self._failed) - _MOST_UNREADABLE
        return self._failed[:_MOST_UNREADABLE] + (
            [
                ngettext(
                    "{count} more file of old commits cannot be read",
                    "{count} more files of old commits cannot be read",
                    more,
                ).format(count=more)
            ]
            if more > 0
            else []
        )

    def _read(self, blob: str, raw: bytes | None, name: str) -> None:
        if blob in self.files:
            return
        if raw is None:
            self.files[blob] = None
            self._failed.append(
                _("{name} is missing in this clone, or too large to be read").format(name=one_line(name))
            )
            return
        parts = [self._part(part) for part in _split(raw)]
        if parts and all(part is not None for part in parts):
            self.files[blob] = {goal: version for part in parts if part for goal, version in part.items()}
            return
        self.left -= len(raw)
        goals, problem = _goals(raw, name)
        self.files[blob] = goals
        if problem is not None:
            self._failed.append(_("cannot be read as goals: {problem}").format(problem=one_line(problem, 300)))

    def _part(self, text: str) -> _Goals | None:
        if text not in self._parts:
            self.left -= len(text)
            self._parts[text] = _goals(text.encode(), "")[0]
        return self._parts[text]


def _goals(raw: bytes, name: str) -> tuple[_Goals | None, str | None]:
    """The goals of a file; None with the first problem where there is any."""
    document = parse_document(raw, one_line(name), _verbatim)
    objectives = read_objectives(document)
    if document.problems:
        return None, str(document.problems[0])
    return {version.goal: version for version in versions_in(objectives, datetime.fromtimestamp(0, UTC))}, None


def _verbatim(name: str) -> str:
    """Each variable holds its own name: what it held then is not known."""
    return f"${{{name}}}"


def _split(raw: bytes) -> list[str]:
    """The objectives of a file, each with its cycle as a small file of its own; none where that might change what they
    say."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return []
    if _SUSPECT.search(text):
        return []
    lines = text.split("\n")
    tops = [at for at, line in enumerate(lines) if _OBJECTIVES.fullmatch(line.rstrip())]
    cycle = _cycle(lines)
    if len(tops) != 1 or cycle is None:
        return []
    parts: list[list[str]] = []
    indent: int | None = None
    for line in lines[tops[0] + 1 :]:
        written = line.lstrip(" ")
        depth = len(line) - len(written)
        if not written.strip() or written.startswith("#"):
            if parts:
                parts[-1].append(line)
            continue
        starts = written.rstrip() == "-" or written.startswith("- ")
        if indent is None:
            if not starts:
                return []
            indent = depth
        if depth < indent or (depth == indent and not starts):
            break
        if depth == indent:
            parts.append([])
        parts[-1].append(line)
    return ["\n".join([*cycle, "objectives:", *part]) for part in parts]


def _cycle(lines: Sequence[str]) -> list[str] | None:
    """The lines that tell a file's cycle, which its objectives belong to; None where it is not plain which they are."""
    found: list[str] = []
    inside = False
    for line in lines:
        at_margin = line[:1].strip() not in ("", "#")
        if at_margin and inside and not _KEY.match(line):
            return None
        if at_margin:
            inside = _CYCLE.match(line) is not None
        if inside and line.strip():
            found.append(line)
    return found


def _versions(
    commits: Iterable[_Commit], reader: _Reader, git: _Git, now: datetime, boundary: Collection[str]
) -> Iterator[GoalVersion]:
    """The versions that commits (oldest first) made, each at a later moment than the one before."""
    files: dict[str, _Goals] = {}
    known: set[str] = set()
    last = datetime.fromtimestamp(0, UTC)
    beginning: datetime | None = None
    for commit in commits:
        before: dict[str, GoalVersion] = {}
        after: dict[str, GoalVersion] = {}
        for path, old, new in commit.files:
            if path not in files:
                goals = None if old is None else reader.before(old, f"commit {commit.id[:10]}: {path} before it")
                files[path] = goals or {}
            before |= files[path]
            # A file that cannot be read says nothing: what it said before is taken to hold.
            goals = {} if new is None else reader.files[new]
            if goals is not None:
                files[path] = goals
            after |= files[path]
        moment = max(min(commit.committed, now), last + timedelta(microseconds=2))
        last = moment
        beginning = beginning or moment
        changed = [version for goal, version in after.items() if _content(before.get(goal)) != version.content]
        gone = [replace(version, revision="", content=None) for goal, version in before.items() if goal not in after]
        if not changed and not gone:
            continue
        author, subject, reason = _told(commit, git)
        for version in (*changed, *gone):
            goal = version.goal
            if goal in before and goal not in known:
                # Where the reading begins: what this commit changed, whoever had written it.
                start = beginning - timedelta(microseconds=1)
                yield replace(before[goal], seen_at=start, commit=commit.parents[0] if commit.parents else commit.id)
            known.add(goal)
            unknown = commit.id in boundary
            yield replace(
                version,
                seen_at=moment,
                commit=commit.id,
                author=None if unknown else author,
                subject=None if unknown else subject,
                reason=None if unknown else reason,
            )


def _content(version: GoalVersion | None) -> str | None:
    return None if version is None else version.content


def _told(commit: _Commit, git: _Git) -> tuple[str, str, str | None]:
    """Author, subject and reason of a commit; those of the branch for a merge."""
    author, messages = commit.author, commit.message
    if len(commit.parents) > 1:
        try:
            author, branch = git.branch_of(commit)
        except SourceError:
            branch = ""
        messages = f"{commit.message}\n\n{branch}"
    found = _REASON.search(messages)
    return (
        one_line(author, 200),
        one_line(commit.message.strip().split("\n")[0], 300),
        one_line(found[1], 1000) if found else None,
    )
