# ruff: noqa: E501
"""A clone and a wiki that somebody else made: nothing in them is run, followed or fetched; no name becomes an option."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from okrsync_git import GitSettings as CloneSettings
from okrsync_git.client import Clone
from pydantic import TypeAdapter, ValidationError

from okrsync import git_command
from okrsync.errors import SourceError
from okrsync.publish.folder import check_names, write_pages
from okrsync.publish.git import Git, GitSettings
from okrsync.publish.interface import Attachment, PublishContext, WikiPage
from okrsync.report import names
from okrsync.report.names import key_result_pages
from tests.hostile.corpus import EVERY, HUGE


def git(folder: Path, *arguments: str, **environ: str) -> None:
    who = {"GIT_AUTHOR_NAME": "x", "GIT_AUTHOR_EMAIL": "x@x", "GIT_COMMITTER_NAME": "x", "GIT_COMMITTER_EMAIL": "x@x"}
    plain = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, env={**os.environ, **who, **plain, **environ}
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A repository with two commits in a folder."""
    home = tmp_path / "home"
    (home / "docs").mkdir(parents=True)
    git(home, "init", "-q", "-b", "main")
    for text in ("one", "two"):
        (home / "docs" / "a.md").write_text(text)
        git(home, "add", ".")
        git(home, "commit", "-qm", text)
    git(home, "config", "uploadpack.allowFilter", "true")
    return home


def read(clone: Path) -> list[str]:
    source = Clone(clone)
    source.remote()
    source.is_shallow()
    head = source.resolve(["HEAD"])["HEAD"]
    assert head is not None
    source.count([head])
    return [commit.message.strip() for commit in source.log([head])]


def test_a_clones_own_configuration_runs_nothing(home: Path, tmp_path: Path) -> None:
    pwned = tmp_path / "pwned"
    script = tmp_path / "evil"
    script.write_text(f"#!/bin/sh\ntouch {pwned}\ncat\n")
    script.chmod(0o755)
    hooks = home / ".git" / "hooks"
    for hook in ("post-checkout", "reference-transaction", "pre-commit", "post-index-change", "fsmonitor-watchman"):
        (hooks / hook).write_bytes(script.read_bytes())
        (hooks / hook).chmod(0o755)
    (home / ".gitattributes").write_text("* filter=evil diff=evil\n")
    for key in (
        *("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass", "core.gitProxy"),
        *("diff.external", "diff.evil.command", "diff.evil.textconv", "filter.evil.clean", "filter.evil.smudge"),
        *("filter.evil.process", "gpg.program", "credential.helper", "uploadpack.packObjectsHook", "pager.log"),
        *("core.alternateRefsCommand", "interactive.diffFilter", "sequence.editor"),
    ):
        git(home, "config", key, str(script))
    git(home, "config", "core.hooksPath", str(hooks))
    git(home, "config", "alias.log", f"!{script}")
    git(home, "config", "alias.cat-file", f"!{script}")
    assert read(home) == ["two", "one"]
    assert not pwned.exists()


@pytest.mark.parametrize("url", ["file", "ext::sh -c 'touch {pwned}'", "ssh://evil.example/x", "fd::17"])
def test_a_clone_from_which_objects_are_missing_fetches_none(home: Path, tmp_path: Path, url: str) -> None:
    """Its own configuration says with which program they would be fetched."""
    pwned = tmp_path / "pwned"
    git(tmp_path, "clone", "-q", "--no-checkout", "--filter=tree:0", home.as_uri(), "partial")
    partial = tmp_path / "partial"
    git(partial, "config", "remote.origin.uploadpack", f"touch {pwned}; git-upload-pack")
    git(partial, "config", "core.sshCommand", f"touch {pwned}; ssh")
    git(partial, "config", "protocol.ext.allow", "always")
    if url != "file":
        git(partial, "config", "remote.origin.url", url.format(pwned=pwned))
    with pytest.raises(SourceError, match="is a partial clone, and what is missing is not fetched"):
        read(partial)
    assert not pwned.exists()


HOSTILE_URLS = [
    "--upload-pack=touch /tmp/x", "-oProxyCommand=x", "ext::sh -c x", "EXT::x", "fd::3", "-", "", " ", "a\nb", "transport::address",
    "https://user:secret@wiki.example/x.git", "https://token@wiki.example/x", "javascript:alert(1)://x", "ftp://wiki.example/x", "https:///x", "https://wiki.example/x?y", "\x00",
    "ext://x", "http+unix://x/y",
]  # fmt: skip
HOSTILE_BRANCHES = ["-x", "--upload-pack=x", "a b", "a..b", "a~1", "a^", "a:b", "a?b", "a*", "a[b", "a\\b", "x.lock", "a//b", "a@{1}", "x/", "x.", "\x00", "a\nb", "", "a\x7fb", "+main"]  # fmt: skip


@pytest.mark.parametrize("url", HOSTILE_URLS)
def test_no_address_is_an_option_or_a_program(url: str) -> None:
    with pytest.raises(ValidationError):
        GitSettings(url=url)


@pytest.mark.parametrize("branch", [each for each in HOSTILE_BRANCHES if each != "+main"])
def test_no_branch_is_an_option(branch: str) -> None:
    with pytest.raises(ValidationError):
        GitSettings(url="https://wiki.example/x.git", branch=branch)
    with pytest.raises(ValidationError):
        TypeAdapter(CloneSettings).validate_python({"type": "git", "path": "x", "branches": [branch]})


def test_a_branch_with_a_plus_is_a_branch(home: Path) -> None:
    """No refspec: it cannot force anything."""
    assert Clone(home).resolve(["refs/heads/+main", "refs/heads/main"])["refs/heads/+main"] is None


# --- names ---

BAD_NAMES = ["../x", "..", ".", "a/b", "a\\b", "/etc/x", "C:x", "con", "NUL", "com1.txt", "LPT9", "a\x00b", "a\nb", " a", "a ", "a.", "-x", ".git", ".x", "x" * 300, "", "\ud800", "a|b", "a?b"]  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES)
def test_no_page_or_attachment_leads_out_of_the_folder(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "wiki"
    for page in (WikiPage(name, "x", "x"), WikiPage("OKR-x", "x", "x", (Attachment(name, "image/png", b"x"),))):
        with pytest.raises(SourceError, match="cannot be the name of"):
            write_pages(folder, [page], where="w")
    assert not folder.exists()
    assert list(tmp_path.iterdir()) == []


def test_names_that_differ_in_case_alone_are_refused() -> None:
    with pytest.raises(SourceError, match="two files"):
        check_names([WikiPage("OKR-A", "", ""), WikiPage("okr-a", "", "")], "w")


def test_every_key_result_has_a_page_of_its_own_whatever_its_id() -> None:
    ids = [*EVERY, *HUGE, *BAD_NAMES, "KR1", "kr1", "Kr1", "KR 1", "REPORTS", "KR1-chart", "OKR-Reports", "Reports"]
    pages = key_result_pages(ids)
    check_names(
        [WikiPage(page, "", "", (Attachment(names.own_chart(page), "image/png", b""),)) for page in pages.values()], "w"
    )
    assert len({page.lower() for page in pages.values()}) == len(set(ids))
    assert all(len(page) <= 80 for page in pages.values())


PAGE = WikiPage("OKR-x", "x", "text", (Attachment("OKR-x-chart.png", "image/png", b"new"),))


@pytest.mark.parametrize("what", ["OKR-x.md", "OKR-x-chart.png"])
@pytest.mark.parametrize("there", [True, False])
def test_a_symbolic_link_in_a_folder_is_not_followed(what: str, there: bool, tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "wiki"
    folder.mkdir()
    if there:
        outside.write_text("precious")
    (folder / what).symlink_to(outside)
    done = write_pages(folder, [PAGE], where="w")
    assert done.kept == (what.removesuffix(".md"),)
    assert outside.read_text() == "precious" if there else not outside.exists()
    assert (folder / what).is_symlink()


@pytest.fixture
def wiki(tmp_path: Path) -> tuple[Path, Any]:
    """A bare wiki that a person has cloned, and what publishes to it."""
    bare, person = tmp_path / "wiki.git", tmp_path / "person"
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(bare))
    git(tmp_path, "clone", "-q", str(bare), str(person))
    git(person, "symbolic-ref", "HEAD", "refs/heads/main")
    return person, Git(GitSettings(url=bare.as_uri(), style="wiki"), PublishContext(tmp_path))


@pytest.mark.parametrize("folder", [None, "okr"])
def test_a_wiki_with_links_hooks_filters_and_submodules(
    wiki: tuple[Path, Any], tmp_path: Path, folder: str | None
) -> None:
    """What is pushed there by others is data: links are files, nothing is run, nothing outside the clone is written."""
    person, publisher = wiki
    publisher.settings = publisher.settings.model_copy(update={"folder": folder})
    pwned, outside = tmp_path / "pwned", tmp_path / "outside"
    outside.mkdir()
    below = person / (folder or ".")
    if folder:
        below.symlink_to(outside)
    else:
        (person / "OKR-x.md").symlink_to(outside / "page.md")
        (person / "OKR-x").symlink_to(outside)
    (person / ".gitattributes").write_text("* filter=evil\n*.md filter=lfs diff=lfs merge=lfs\n")
    (person / ".lfsconfig").write_text("[lfs]\nurl = https://evil.example\n")
    (person / ".gitmodules").write_text(
        f'[submodule "x"]\npath = sub\nurl = --upload-pack=touch {pwned}\nupdate = !touch {pwned}\n'
    )
    git(person, "add", ".")
    git(person, "commit", "-qm", "hostile")
    git(person, "push", "-q", "origin", "HEAD:main")
    with contextlib.suppress(SourceError):
        publisher.publish([PAGE])
    assert not pwned.exists()
    assert list(outside.iterdir()) == []


def test_a_local_command_talks_to_nobody(home: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        git_command.run(["ls-remote", "--", home.as_uri()], where="t", folder=tmp_path)
    assert git_command.run(["ls-remote", "--", home.as_uri()], where="t", folder=tmp_path, network=True)[1]
    with pytest.raises(SourceError):
        git_command.run(["ls-remote", "--", "ext::true"], where="t", folder=tmp_path, network=True)
