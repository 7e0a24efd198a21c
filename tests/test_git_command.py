from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from okrsync import git_command
from okrsync.errors import AuthError, RetryableError, SourceError
from okrsync.git_command import Credentials, GitError


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Puts a program named git first on PATH."""

    def install(script: str) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        git = folder / "git"
        git.write_text(f"#!{sys.executable}\nimport os, sys, time\n{script}\n")
        git.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        return git

    return install


@pytest.fixture
def repository(tmp_path):
    path = tmp_path / "clone"
    git_command.run(["init", "--quiet", "-b", "main", str(path)], where="t", folder=tmp_path)
    return path


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("fatal: Authentication failed for 'https://h/x'", AuthError),
        ("fatal: could not read Username for 'https://h': terminal prompts disabled", AuthError),
        ("fatal: unable to access 'https://h/': The requested URL returned error: 403", AuthError),
        ("git@h: Permission denied (publickey).", AuthError),
        ("fatal: unable to access 'https://h/': Could not resolve host: h", RetryableError),
        ("fatal: unable to access 'https://h/': The requested URL returned error: 503", RetryableError),
        ("fatal: the remote end hung up unexpectedly", RetryableError),
        ("fatal: repository 'https://h/x/' not found", GitError),
        ("fatal: bad revision", GitError),
    ],
)
def test_errors_by_what_one_does_next(program, tmp_path, said, expected):
    program(f"sys.stderr.write({said!r}); sys.exit(128)")
    with pytest.raises(SourceError) as error:
        git_command.run(["x"], where="the wiki w", folder=tmp_path)
    assert type(error.value) is expected
    assert str(error.value).startswith("the wiki w: ")
    with pytest.raises(expected):
        list(git_command.stream(["x"], where="the wiki w", folder=tmp_path))


def test_message_is_one_short_line_without_an_account(program, tmp_path):
    program(
        "sys.stderr.write('hint: long story\\nfatal: no \\x1b[31m https://bot:s3cret@h/x ' + 'y' * 5000); sys.exit(1)"
    )
    with pytest.raises(GitError) as error:
        git_command.run(["x"], where="w", folder=tmp_path)
    message = str(error.value)
    assert message.startswith("w: fatal: no  [31m https://h/x yyy")
    assert len(message) < 250
    assert error.value.code == 1


def test_environment_is_ours(program, tmp_path, monkeypatch):
    for name in ("GIT_DIR", "GIT_TRACE_CURL", "GIT_CONFIG_PARAMETERS", "GIT_ASKPASS"):
        monkeypatch.setenv(name, "/elsewhere")
    monkeypatch.setenv("GIT_SSH_COMMAND", "ssh -i key")
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    program("sys.stdout.write('\\n'.join(f'{k}={v}' for k, v in os.environ.items()))")
    _, out = git_command.run(["x"], where="w", folder=tmp_path)
    seen = dict(line.split("=", 1) for line in out.decode().splitlines())
    assert seen["GIT_TERMINAL_PROMPT"] == "0"
    assert seen["LC_ALL"] == "C"
    assert seen["GIT_SSH_COMMAND"] == "ssh -i key"
    assert seen["GIT_ASKPASS"] == ""
    assert not {"GIT_DIR", "GIT_TRACE_CURL", "GIT_CONFIG_PARAMETERS"} & seen.keys()


def test_foreign_protocols_are_refused(repository, tmp_path):
    proof = tmp_path / "proof"
    with pytest.raises(GitError, match="not allowed"):
        git_command.run(["fetch", "--", f"ext::touch {proof}"], where="w", folder=repository)
    assert not proof.exists()


def test_hooks_do_not_run(repository, tmp_path):
    proof = tmp_path / "proof"
    hook = repository / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {proof}\n")
    hook.chmod(0o755)
    who = {f"GIT_{role}_{what}": "x" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    commit = ["commit", "--allow-empty", "-qm", "x"]
    git_command.run(commit, where="w", folder=repository, variables=who)
    assert not proof.exists()
    subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x", *commit], cwd=repository, check=True)
    assert proof.exists(), "the hook would not have run anyway"


def is_gone(pid: str) -> bool:
    """Has a process ended? A killed one needs a moment."""
    for _ in range(200):
        try:
            state = Path("/proc", pid, "stat").read_text().split()[2]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("call", ["run", "stream"])
def test_time_out_ends_git_and_its_helpers(program, tmp_path, call):
    program(
        "import subprocess\n"
        "helper = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(helper.pid))\n"
        "time.sleep(60)"
    )
    with pytest.raises(RetryableError, match="2 s"):
        list(getattr(git_command, call)(["x"], where="w", folder=tmp_path, timeout=2))
    assert is_gone((tmp_path / "pid").read_text())


def test_stopping_early_ends_git(program, tmp_path):
    program("sys.stdout.write(str(os.getpid())); sys.stdout.flush(); time.sleep(60)")
    chunks = git_command.stream(["x"], where="w", folder=tmp_path)
    pid = next(chunks).decode()
    chunks.close()
    assert is_gone(pid)


def test_large_input_and_output_do_not_block(program, tmp_path):
    program("sys.stdout.write(sys.stdin.read()); sys.stderr.write('e' * 3_000_000)")
    data = b"x" * 3_000_000
    assert git_command.run(["x"], where="w", folder=tmp_path, stdin=data)[1] == data
    assert b"".join(git_command.stream(["x"], where="w", folder=tmp_path, stdin=data)) == data


def test_folder_and_program_that_are_not_there(tmp_path, monkeypatch):
    with pytest.raises(SourceError, match="no such folder"):
        git_command.run(["status"], where="w", folder=tmp_path / "none")
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(SourceError, match="a file, not a folder"):
        git_command.run(["status"], where="w", folder=file)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError, match="Install git"):
        git_command.run(["status"], where="w", folder=tmp_path)


def test_clone_of_another_user(program, repository):
    real = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
    program(f"os.environ['GIT_TEST_ASSUME_DIFFERENT_OWNER'] = '1'\nos.execv({real + '/git'!r}, ['git', *sys.argv[1:]])")
    with pytest.raises(GitError, match=r"belongs to another user.*safe\.directory"):
        git_command.run(["rev-parse", "HEAD"], where="w", folder=repository)


def test_credentials_go_to_their_server_only_and_are_not_shown():
    account = Credentials("https://git.acme.example:8443/a/b.wiki.git", "bot", "s3cret")
    assert account.setting == (
        "http.https://git.acme.example:8443/.extraHeader",
        "Authorization: Basic Ym90OnMzY3JldA==",
    )
    assert "s3cret" not in repr(account)
