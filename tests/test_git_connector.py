from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from okrsync_git import GitConnector, GitSettings
from okrsync_git.items import moment_of, remote_of
from pydantic import ValidationError

from okrsync.connector import ConnectorContext, Shard
from okrsync.errors import CursorExpired, SourceError
from okrsync.model import ItemKind, ItemState, Reference, ReferenceKind, Scope
from okrsync.testing import ConnectorContract

RECORDED = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "git-alloy.fast-import.gz"


def git(folder, *arguments, stdin=None, **variables):
    environment = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Lin Wei",
        "GIT_AUTHOR_EMAIL": "Lin@Acme.Example",
        "GIT_AUTHOR_DATE": "2026-03-01T12:00:00+0800",
        "GIT_COMMITTER_NAME": "Mei",
        "GIT_COMMITTER_EMAIL": "mei@acme.example",
        "GIT_COMMITTER_DATE": "2026-10-05T01:30:00+0800",
        **variables,
    }
    done = subprocess.run(
        ["git", *map(str, arguments)], cwd=folder, env=environment, input=stdin, capture_output=True, check=True
    )
    return done.stdout.decode("utf-8", "replace").strip()


def commit(folder, message, *paths, **variables):
    for path in paths:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(message)
    git(folder, "add", "--all")
    stdin = message if isinstance(message, bytes) else message.encode()
    git(folder, "commit", "--quiet", "--allow-empty", "--allow-empty-message", "-F", "-", stdin=stdin, **variables)
    return git(folder, "rev-parse", "HEAD")


def make(folder, name="storefront", remote=None):
    path = folder / name
    path.mkdir(parents=True)
    git(path, "init", "--quiet", "-b", "main")
    if remote:
        git(path, "remote", "add", "origin", remote)
    return path


def connect(path, notes=None, **settings):
    context = ConnectorContext(
        "storefront-git", path.parent, ZoneInfo("UTC"), on_note=(notes if notes is not None else []).append
    )
    return GitConnector(GitSettings(path=path.name, **settings), context)


def pull(connector, cursor=None):
    scope = connector.scopes()[0]
    plan = connector.plan(scope, cursor)
    pages = [page for shard in plan.shards for page in connector.pages(scope, shard, None)]
    return plan, [item for page in pages for item in page.items]


def test_commit_as_work_item(tmp_path):
    path = make(tmp_path, remote="git@github.com:Acme/Storefront.git")
    commit(path, "first", "a.txt")
    id_ = commit(
        path,
        "SHOP-101: onboarding 上线\n\nFixes #45, see other/repo#7\n\nKR: KR1.1\n",
        "src/购物/车.py",
        "a b.txt",
    )
    _, items = pull(connect(path))
    item = next(item for item in items if item.id == id_)
    assert (item.kind, item.type, item.level, item.key) == (ItemKind.COMMIT, "commit", 0, id_)
    assert (item.project, item.title) == ("Acme/Storefront", "SHOP-101: onboarding 上线")
    assert item.url == f"https://github.com/Acme/Storefront/commit/{id_}"
    assert item.state is ItemState.DONE
    at = datetime(2026, 10, 4, 17, 30, tzinfo=UTC)
    assert (item.created_at, item.updated_at, item.done_at) == (at, at, at)
    assert item.author == "lin@acme.example"
    assert item.paths == ("a b.txt", "src/购物/车.py")
    assert set(item.references) == {
        Reference(ReferenceKind.CLOSES, "acme/storefront#45"),
        Reference(ReferenceKind.NAMES, "SHOP-101"),
        Reference(ReferenceKind.NAMES, "other/repo#7"),
        Reference(ReferenceKind.KEY_RESULT, "KR1.1"),
    }


def test_without_a_remote(tmp_path):
    path = make(tmp_path)
    commit(path, "Fixes #45")
    plan, [item] = pull(connect(path))
    assert (plan.scope_name, item.project, item.url, item.references) == ("storefront", "storefront", None, ())
    plan, [item] = pull(connect(path, repo="acme/storefront"))
    assert (plan.scope_name, item.project, item.url) == ("acme/storefront", "acme/storefront", None)
    assert item.references == (Reference(ReferenceKind.CLOSES, "acme/storefront#45"),)


@pytest.mark.parametrize(
    ("url", "web", "repo"),
    [
        ("https://github.com/acme/storefront.git", "https://github.com", "acme/storefront"),
        ("https://bot:s3cret@github.com/acme/storefront", "https://github.com", "acme/storefront"),
        ("http://localhost:3000/acme/store.front.git/", "http://localhost:3000", "acme/store.front"),
        ("ssh://git@git.acme.example:2222/acme/storefront.git", "https://git.acme.example", "acme/storefront"),
        ("ssh://git@ssh.github.com:443/acme/storefront.git", "https://github.com", "acme/storefront"),
        ("git@github.com:acme/storefront.git", "https://github.com", "acme/storefront"),
        ("github.com:acme/storefront", "https://github.com", "acme/storefront"),
        ("git://github.com/acme/storefront", "https://github.com", "acme/storefront"),
        ("/srv/git/storefront.git", None, None),
        ("file:///srv/storefront.git", None, None),
        ("C:/acme/storefront", None, None),
        ("https://gitlab.com/group/sub/storefront", None, None),
        ("https://[::1/acme/storefront", None, None),
        ("https://github.com:port/acme/storefront", None, None),
        ("https://github.com/acme/store front", None, None),
        ("javascript://x/acme/storefront", None, None),
        ("", None, None),
    ],
)
def test_remote(url, web, repo):
    remote = remote_of(url)
    assert (remote and remote.web, remote and remote.repo) == (web, repo)


def test_merge_has_no_paths_and_a_rename_has_both(tmp_path):
    path = make(tmp_path)
    commit(path, "one", "old.txt")
    git(path, "checkout", "-qb", "side")
    commit(path, "two", "side.txt")
    git(path, "checkout", "-q", "main")
    git(path, "mv", "old.txt", "new.txt")
    commit(path, "three")
    git(path, "merge", "-q", "--no-ff", "-m", "merge", "side")
    _, items = pull(connect(path))
    assert {item.title: item.paths for item in items} == {
        "one": ("old.txt",),
        "two": ("side.txt",),
        "three": ("new.txt", "old.txt"),
        "merge": (),
    }


def test_hostile_names_and_messages(tmp_path):
    path = make(tmp_path)
    forged = "a" * 40
    commit(path, f"\n\n  spaced \x1b[31m\x00 \n{forged}\n\x1e\x1f".replace("\x00", ""), f"\n{forged}", "\x01x", "-dash")
    latin = "größer".encode("latin-1")
    head = f"tree {git(path, 'write-tree')}\nparent {git(path, 'rev-parse', 'HEAD')}\n"
    raw = f"{head}author a <> 1000 +0000\ncommitter a <> 1000 +0000\n\n".encode() + latin
    id_ = git(path, "hash-object", "-t", "commit", "-w", "--stdin", stdin=raw)
    git(path, "update-ref", "refs/heads/main", id_)
    git(path, "config", "i18n.commitEncoding", "latin1")
    commit(path, latin)
    commit(path, "")
    commit(path, "x" * 100_000)
    _, items = pull(connect(path))
    assert [item.title[:10] for item in items] == ["x" * 10, "", "größer", "gr��er", "spaced \x1b[3"[:10]]
    assert len(items[0].title) == 500
    assert items[3].author is None
    assert items[4].paths == ("\x01x", f"\n{forged}", "-dash")


@pytest.mark.parametrize(
    ("seconds", "year"), [("0", 1970), ("1791135000", 2026), ("99999999999999", 1970), ("-5", 1970), ("", 1970)]
)
def test_moment(seconds, year):
    assert moment_of(seconds).year == year
    assert moment_of(seconds).astimezone(ZoneInfo("Asia/Shanghai"))


def test_dates_that_no_calendar_has(tmp_path):
    path = make(tmp_path)
    tree = git(path, "write-tree")
    for when in (f"{2**62} +0000", "junk", "253402300799 +1400"):
        raw = f"tree {tree}\nauthor a <a@b> {when}\ncommitter a <a@b> {when}\n\nhostile\n".encode()
        id_ = git(path, "hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=raw)
        git(path, "update-ref", "refs/heads/main", id_)
        _, [item] = pull(connect(path))
        assert item.done_at.year == 1970


def test_incremental_reads_only_what_is_new(tmp_path):
    path = make(tmp_path)
    commit(path, "one")
    connector = connect(path)
    plan, items = pull(connector)
    assert plan.whole
    assert len(items) == 1
    commit(path, "two")
    later, items = pull(connector, plan.next)
    assert not later.whole
    assert [item.title for item in items] == ["two"]


def test_nothing_new_costs_one_process(tmp_path, monkeypatch):
    path = make(tmp_path, remote="https://github.com/acme/storefront")
    commit(path, "one")
    connector = connect(path)
    cursor = pull(connector)[0].next
    real = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip() + "/git"
    log = tmp_path / "calls"
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport os, sys\nopen({str(log)!r}, 'a').write(sys.argv[1] + '\\n')\n"
        f"os.execv({real!r}, ['git', *sys.argv[1:]])\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    plan, items = pull(connector, cursor)
    # And nobody asks for their number: a census would bring nothing new.
    assert (plan.shards, plan.next, plan.census, items) == ((), cursor, False, [])
    assert log.read_text().split() == ["cat-file"]


def test_force_push(tmp_path):
    path = make(tmp_path)
    commit(path, "one")
    commit(path, "two")
    connector = connect(path)
    scope = connector.scopes()[0]
    cursor = pull(connector)[0].next
    git(path, "reset", "-q", "--hard", "HEAD~1")
    commit(path, "other")
    plan, items = pull(connector, cursor)
    assert [item.title for item in items] == ["other"]
    assert connector.count(scope) == 2
    git(path, "reflog", "expire", "--expire=now", "--all")
    git(path, "gc", "-q", "--prune=now")
    plan, items = pull(connector, cursor)
    assert plan.whole
    assert {item.title for item in items} == {"one", "other"}


def test_another_name_is_in_every_item(tmp_path):
    path = make(tmp_path, remote="https://github.com/acme/old")
    commit(path, "one")
    connector = connect(path)
    cursor = pull(connector)[0].next
    git(path, "remote", "set-url", "origin", "https://github.com/acme/new")
    plan, [item] = pull(connector, cursor)
    assert (plan.whole, plan.scope_name, item.project) == (True, "acme/new", "acme/new")
    assert connector.scopes() == (Scope("storefront-git", "storefront"),)


def test_branches(tmp_path):
    path = make(tmp_path)
    commit(path, "one")
    git(path, "checkout", "-qb", "feature/x")
    commit(path, "two")
    git(path, "checkout", "-q", "main")
    assert {item.title for item in pull(connect(path))[1]} == {"one"}
    assert {item.title for item in pull(connect(path, branches=["main", "feature/x"]))[1]} == {"one", "two"}
    with pytest.raises(SourceError, match="has no branch 'gone'"):
        pull(connect(path, branches=["main", "gone"]))


def test_fetched_default_branch_counts_with_the_one_checked_out(tmp_path):
    origin = make(tmp_path, "origin")
    commit(origin, "one")
    git(tmp_path, "clone", "-q", origin, "clone")
    commit(origin, "two")
    git(tmp_path / "clone", "fetch", "-q")
    connector = connect(tmp_path / "clone")
    assert {item.title for item in pull(connector)[1]} == {"one", "two"}
    assert {item.title for item in pull(connect(tmp_path / "clone", branches=["main"]))[1]} == {"one", "two"}
    git(tmp_path / "clone", "checkout", "-q", "--detach")
    commit(tmp_path / "clone", "three")
    assert {item.title for item in pull(connector)[1]} == {"one", "two", "three"}


def test_empty_repository(tmp_path):
    path = make(tmp_path)
    for connector in (connect(path), connect(path, branches=["main"])):
        scope = connector.scopes()[0]
        plan, items = pull(connector)
        assert (plan.shards, items, connector.count(scope), list(connector.census(scope))) == ((), [], 0, [])
    commit(path, "one")
    assert len(pull(connector, plan.next)[1]) == 1


def test_unborn_head_beside_branches_is_not_empty(tmp_path):
    path = make(tmp_path)
    commit(path, "one")
    git(path, "symbolic-ref", "HEAD", "refs/heads/other")
    connector = connect(path)
    with pytest.raises(SourceError, match="name them with `branches:"):
        pull(connector)
    with pytest.raises(SourceError):
        list(connector.census(connector.scopes()[0]))


def test_shallow_clone_is_told(tmp_path):
    origin = make(tmp_path, "origin")
    commit(origin, "one")
    commit(origin, "two")
    git(tmp_path, "clone", "-q", "--depth=1", origin.as_uri(), "clone")
    notes = []
    connector = connect(tmp_path / "clone", notes)
    assert [item.title for item in pull(connector)[1]] == ["two"]
    assert len(notes) == 1
    assert "shallow" in notes[0]
    git(tmp_path / "clone", "fetch", "-q", "--unshallow")
    scope = connector.scopes()[0]
    named = [id_ for batch in connector.census(scope) for id_ in batch]
    [page] = connector.fetch(scope, named[1:])
    assert [item.title for item in page.items] == ["one"]


@pytest.mark.parametrize("name", ["-dash", "a b", "x.git", "co:lon"])
def test_bare_clones_with_odd_names(tmp_path, name):
    origin = make(tmp_path, "origin")
    commit(origin, "one", "a.txt")
    git(tmp_path, "clone", "-q", "--bare", "--", origin, f"./{name}")
    plan, [item] = pull(connect(tmp_path / name))
    assert (plan.scope_name, item.paths) == (name, ("a.txt",))


def test_worktree_and_submodule(tmp_path):
    library = make(tmp_path, "library")
    commit(library, "of the library", "l.txt")
    path = make(tmp_path)
    commit(path, "one", "a.txt")
    git(path, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", library, "lib")
    commit(path, "with a submodule")
    git(path, "worktree", "add", "-q", "-b", "w", tmp_path / "tree")
    commit(tmp_path / "tree", "in the worktree", "w.txt")
    _, items = pull(connect(tmp_path / "tree"))
    assert {item.title: item.paths for item in items} == {
        "one": ("a.txt",),
        "with a submodule": (".gitmodules", "lib"),
        "in the worktree": ("w.txt",),
    }


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda path: None, "no such folder"),
        (lambda path: path.touch(), "a file, not a folder"),
        (lambda path: path.mkdir(), "not a git repository"),
    ],
)
def test_what_is_no_clone(tmp_path, prepare, message):
    # The folder lies in a repository, which must not be read in its place.
    outer = make(tmp_path, "outer")
    commit(outer, "of another repository")
    prepare(outer / "clone")
    connector = connect(outer / "clone")
    for call in (lambda: pull(connector), lambda: list(connector.census(connector.scopes()[0]))):
        with pytest.raises(SourceError, match=message):
            call()


def test_users_configuration_changes_nothing(tmp_path):
    path = make(tmp_path)
    commit(path, "one", "b.txt", "a.txt")
    git(path, "mv", "a.txt", "c.txt")
    commit(path, "two")
    before = pull(connect(path))[1]
    (path / "order").write_text("b*\n")
    for key, value in {
        "log.showSignature": "true",
        "log.showRoot": "false",
        "log.date": "relative",
        "log.decorate": "full",
        "diff.renames": "copies",
        "diff.orderFile": "order",
        "diff.external": "false",
        "format.pretty": "fuller",
        "color.ui": "always",
        "core.quotePath": "true",
        "i18n.logOutputEncoding": "latin1",
        "core.pager": "false",
    }.items():
        git(path, "config", key, value)
    assert pull(connect(path))[1] == before


@pytest.mark.parametrize("cursor", [{}, {"skip": "1"}, {"skip": -1}, {"skip": None}])
def test_page_cursor_of_another_time(tmp_path, cursor):
    path = make(tmp_path)
    commit(path, "one")
    connector = connect(path)
    scope = connector.scopes()[0]
    [shard] = connector.plan(scope, None).shards
    with pytest.raises(CursorExpired):
        connector.pages(scope, shard, cursor)


def test_resumed_shard_sees_the_same_commits(tmp_path):
    path = make(tmp_path)
    for number in range(6):
        commit(path, str(number))
    connector = connect(path)
    connector.page_size = 2
    scope = connector.scopes()[0]
    [shard] = connector.plan(scope, None).shards
    first = next(iter(connector.pages(scope, shard, None)))
    commit(path, "later")
    rest = [item for page in connector.pages(scope, shard, first.cursor) for item in page.items]
    assert [item.title for item in (*first.items, *rest)] == ["5", "4", "3", "2", "1", "0"]
    assert connector.plan(scope, None).shards[0].id != shard.id


def test_commit_that_vanished_is_an_error_not_the_end(tmp_path):
    path = make(tmp_path)
    commit(path, "one")
    connector = connect(path)
    params = {"tips": ["f" * 40], "not": [], "project": "p", "web": None}
    with pytest.raises(SourceError, match="bad object"):
        list(connector.pages(connector.scopes()[0], Shard("log", params), None))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"path": ""},
        {"path": "a\0b"},
        {"path": "x", "repo": "storefront"},
        {"path": "x", "repo": "a/b/c"},
        {"path": "x", "branches": ["-D"]},
        {"path": "x", "branches": ["a\nHEAD"]},
        {"path": "x", "branches": ["a..b"]},
        {"path": "x", "branches": [""]},
        {"path": "x", "branch": "main"},
    ],
)
def test_settings_refused(settings):
    with pytest.raises(ValidationError):
        GitSettings(type="git", **settings)


class TestContract(ConnectorContract):
    @pytest.fixture
    def clone(self, tmp_path):
        path = make(tmp_path, remote="https://github.com/acme/storefront.git")
        for number in range(7):
            commit(path, f"SHOP-{number + 1}: x", f"{number}.txt")
        return path

    @pytest.fixture
    def connector(self, clone, monkeypatch):
        monkeypatch.setattr(GitConnector, "page_size", 2)
        return connect(clone)

    @pytest.fixture
    def change(self, clone):
        return lambda: commit(clone, "new")


@pytest.fixture(scope="module")
def alloy(tmp_path_factory):
    if not RECORDED.is_file():
        pytest.skip(f"no recorded commits at {RECORDED}")
    path = tmp_path_factory.mktemp("recorded") / "alloy.git"
    git(path.parent, "init", "--quiet", "--bare", "-b", "main", path)
    git(path, "fast-import", "--quiet", stdin=gzip.decompress(RECORDED.read_bytes()))
    return path


def test_recorded_commits(alloy):
    # Independent of git: what the recording itself says.
    recording = gzip.decompress(RECORDED.read_bytes()).decode("utf-8", "replace")
    seconds = re.findall(r"^committer .* (\d+) [+-]\d{4}$", recording, re.MULTILINE)
    connector = connect(alloy, repo="tidev/alloy")
    scope = connector.scopes()[0]
    plan, items = pull(connector)
    assert len(items) == len({item.id for item in items}) == len(seconds) == 4388
    assert Counter(item.done_at.timestamp() for item in items) == Counter(map(float, seconds))
    assert connector.count(scope) == 4388
    assert {id_ for batch in connector.census(scope) for id_ in batch} == {item.id for item in items}
    naming = [
        item for item in items if any(reference.target.startswith(("ALOY-", "TIMOB-")) for reference in item.references)
    ]
    # A letter behind the number (`ALOY-378b`) makes it another word.
    messages = git(alloy, "log", "--format=%x1e%B").split("\x1e")[1:]
    assert len(naming) == sum(1 for text in messages if re.search(r"\b(?:ALOY|TIMOB)-\d+\b", text))
    assert connector.plan(scope, plan.next).shards == ()
