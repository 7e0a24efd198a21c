"""Several wikis at once: one that is down stops no other, and what it missed comes with the next run."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest

from okrsync.sandbox.confluence import ConfluenceStandIn
from okrsync.sandbox.git_http import GitHttpStandIn
from okrsync.sandbox.server import Response
from tests.cli_project import MAIN, start

GIT_TOKEN = "ghp_canary4git"
WEEK_46, WEEK_47 = "2026-11-13", "2026-11-20"


@pytest.fixture
def wikis(tmp_path, monkeypatch, capsys):
    """A company that publishes to a Confluence, a folder and a git wiki."""
    (tmp_path / "served").mkdir()
    (tmp_path / "company").mkdir()
    with GitHttpStandIn(tmp_path / "served", token=GIT_TOKEN) as git, ConfluenceStandIn() as confluence:
        git.create("acme/storefront.wiki")
        project = start(tmp_path / "company", monkeypatch, capsys)
        monkeypatch.setenv("WIKI_TOKEN", GIT_TOKEN)
        monkeypatch.setenv("CONFLUENCE_TOKEN", confluence.token)
        login = f"{{email: {confluence.email}, token: '${{CONFLUENCE_TOKEN}}'}}"
        publish = f"""\
publish:
  - {{type: confluence, url: '{confluence.base}', auth: {login}, space: OKR}}
  - {{type: folder, path: wiki/}}
  - {{type: git, url: '{git.clone_url("acme/storefront.wiki")}', auth: {{token: '${{WIKI_TOKEN}}'}}}}
"""
        project.write("okrsync.yaml", MAIN.replace("publish: [{type: folder, path: wiki/}]\n", publish))
        yield SimpleNamespace(project=project, git=git, confluence=confluence)


def weeks(wikis) -> list[str]:
    """The weeks that Confluence has a page of."""
    return [week for week in ("OKR-2026-W46", "OKR-2026-W47") if wikis.confluence.read(week) is not None]


def test_one_that_is_down_stops_no_other_and_catches_up(wikis):
    down = Response(404, headers={"Content-Type": "text/html"}, body=b"<html>Sorry, we are moving</html>")
    wikis.confluence.faults.append(lambda request: down)
    ran = wikis.project.run("publish", "--as-of", WEEK_46)
    assert ran.code == 3
    assert f"confluence: the wiki {wikis.confluence.base} space OKR answered 404" in ran.err
    assert ran.err.count("OKR-2026-W46") == 2  # folder and git
    assert (wikis.project.path / "wiki/OKR-2026-W46.md").is_file()
    wikis.confluence.faults.clear()
    ran = wikis.project.run("publish", "--as-of", WEEK_47)
    assert ran.code == 0
    said = [line for line in ran.err.splitlines() if "written" in line]
    assert ["OKR-2026-W46" in line for line in said] == [True, False, False]
    assert all("OKR-2026-W47" in line for line in said)
    assert weeks(wikis) == ["OKR-2026-W46", "OKR-2026-W47"]
    again = wikis.project.run("publish", "--as-of", WEEK_47)
    assert (again.code, "written" in again.err) == (0, False)


@pytest.mark.parametrize("fails", [False, True])
def test_no_token_is_shown(wikis, tmp_path, caplog, fails):
    caplog.set_level(logging.DEBUG)
    if fails:
        refused = Response(403, {"message": "no"})
        wikis.confluence.faults.append(lambda request: refused)
        wikis.git.faults.append(lambda request: refused)
    ran = wikis.project.run("-v", "publish", "--as-of", WEEK_47)
    assert ran.code == (3 if fails else 0)
    asked = [*wikis.git.requests, *wikis.confluence.requests]
    sent = {request.headers["Authorization"].split()[1] for request in asked if "Authorization" in request.headers}
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    shown = f"{caplog.text}{ran.out}{ran.err}" + "".join(
        f"{request.path}{request.query}{request.body!r}" for request in asked
    )
    assert len(sent) == 2, "no account was sent"
    for secret in (GIT_TOKEN, wikis.confluence.token, *sent):
        assert secret not in shown
        assert not [content for content in files if secret.encode() in content]
