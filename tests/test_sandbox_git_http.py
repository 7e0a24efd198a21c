"""The git server of the sandbox, used by git itself."""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from okrsync.errors import ConfigError
from okrsync.sandbox.git_http import GitHttpStandIn

TOKEN = "wiki-token"
CREDENTIALS = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitHttpStandIn]:
    folder = tmp_path / "repositories"
    folder.mkdir()
    with GitHttpStandIn(folder, token=TOKEN) as stand_in:
        stand_in.create("acme/storefront.wiki")
        yield stand_in


def git(*arguments: str | Path, cwd: Path, credentials: str | None = CREDENTIALS) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(cwd), "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "Bot", "GIT_AUTHOR_EMAIL": "bot@acme.example",
        "GIT_COMMITTER_NAME": "Bot", "GIT_COMMITTER_EMAIL": "bot@acme.example", "LC_ALL": "C",
    }  # fmt: skip
    if credentials is not None:
        environment |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {credentials}",
        }
    return subprocess.run(
        ["git", *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=30
    )


def test_a_page_is_pushed_and_cloned_again(server: GitHttpStandIn, tmp_path: Path) -> None:
    url = server.clone_url("acme/storefront.wiki")
    assert git("clone", url, "first", cwd=tmp_path).returncode == 0
    (tmp_path / "first" / "Home.md").write_text("周报\n" * 40_000, encoding="utf-8")
    for step in (["add", "."], ["commit", "-m", "Week 47"], ["push", "origin", "master"]):
        done = git(*step, cwd=tmp_path / "first")
        assert done.returncode == 0, done.stderr
    assert git("clone", url, "second", cwd=tmp_path).returncode == 0
    assert (tmp_path / "second" / "Home.md").read_text(encoding="utf-8").count("周报") == 40_000
    assert set(server.authorizations) == {f"Basic {CREDENTIALS}"}
    assert server.count("/acme/storefront.wiki.git/git-receive-pack") == 1


def test_a_concurrent_push_is_refused_as_non_fast_forward(server: GitHttpStandIn, tmp_path: Path) -> None:
    url = server.clone_url("acme/storefront.wiki")
    for name in ("one", "two"):
        git("clone", url, name, cwd=tmp_path)
        (tmp_path / name / "Home.md").write_text(name)
        git("add", ".", cwd=tmp_path / name)
        git("commit", "-m", name, cwd=tmp_path / name)
    assert git("push", "origin", "master", cwd=tmp_path / "one").returncode == 0
    second = git("push", "origin", "master", cwd=tmp_path / "two")
    assert second.returncode == 1
    assert "rejected" in second.stderr


@pytest.mark.parametrize(
    "credentials",
    [
        None,
        base64.b64encode(b"x-access-token:wrong").decode(),
        base64.b64encode(TOKEN.encode()).decode(),
        base64.b64encode(b"\xff\xfe").decode(),
        "not base64 at all",
    ],
)
def test_without_the_token_nothing_is_read(server: GitHttpStandIn, tmp_path: Path, credentials: str | None) -> None:
    server.record = True
    done = git("clone", server.clone_url("acme/storefront.wiki"), "copy", cwd=tmp_path, credentials=credentials)
    assert done.returncode == 128
    assert {response.status for _, response in server.answers} == {401}
    assert not (tmp_path / "copy").exists()


def test_without_a_token_everybody_is_let_in(tmp_path: Path) -> None:
    with GitHttpStandIn(tmp_path) as server:
        server.create("wiki", branch="main")
        (tmp_path / "copy").mkdir()
        done = git("clone", server.clone_url("wiki"), "clone", cwd=tmp_path / "copy", credentials=None)
        assert done.returncode == 0, done.stderr
        head = tmp_path / "copy" / "clone" / ".git" / "HEAD"
        assert head.read_text() == "ref: refs/heads/main\n"
        assert server.authorizations[0] is None


@pytest.mark.parametrize("name", ["acme/never-opened.wiki", "../secret", "acme"])
def test_a_repository_that_is_not_there_is_not_found(server: GitHttpStandIn, tmp_path: Path, name: str) -> None:
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "secret.git"], check=True)
    url = server.url + "/" + name.replace("..", "%2e%2e") + ".git"
    done = git("clone", url, "copy", cwd=tmp_path)
    assert done.returncode == 128
    assert "not found" in done.stderr


def test_an_address_that_is_no_repository_is_not_found(server: GitHttpStandIn) -> None:
    import requests

    for path in ("/", "/acme/storefront.wiki", "/acme/storefront.wiki.git/no-such-service"):
        assert requests.get(server.url + path, auth=("any", TOKEN), timeout=10).status_code == 404


def test_without_git_it_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="git is not installed"):
        GitHttpStandIn(tmp_path)


def test_without_the_backend_it_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_EXEC_PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="http-backend"):
        GitHttpStandIn(tmp_path)
