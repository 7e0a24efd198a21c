"""Several wikis at once: one that is down stops no other, and what it missed comes with the next run."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest

from okrsync.publish.confluence import ConfluenceSettings
from okrsync.publish.folder import FolderSettings
from okrsync.publish.git import GitSettings
from okrsync.publish.interface import Attachment, WikiPage
from okrsync.publishing import publish
from okrsync.sandbox.confluence import ConfluenceStandIn
from okrsync.sandbox.git_http import GitHttpStandIn
from okrsync.sandbox.server import Response

GIT_TOKEN, CONFLUENCE_TOKEN = "ghp_canary4git", "s3cret-confluence-token"


def pages(*weeks):
    return [
        WikiPage(
            f"OKR-2026-W{week}",
            f"OKR 2026-W{week}",
            f"# Week {week}\n\n![Chart](OKR-2026-W{week}.png)\n",
            (Attachment(f"OKR-2026-W{week}.png", "image/png", b"\x89PNG"),),
        )
        for week in weeks
    ]


@pytest.fixture
def wikis(tmp_path):
    (tmp_path / "served").mkdir()
    with GitHttpStandIn(tmp_path / "served", token=GIT_TOKEN) as git, ConfluenceStandIn() as confluence:
        git.create("acme/storefront.wiki")
        settings = (
            ConfluenceSettings(
                url=confluence.base, auth={"email": confluence.email, "token": CONFLUENCE_TOKEN}, space="OKR"
            ),
            FolderSettings(path="wiki"),
            GitSettings(url=git.clone_url("acme/storefront.wiki"), auth={"token": GIT_TOKEN}),
        )
        yield SimpleNamespace(config=SimpleNamespace(base=tmp_path, publish=settings), git=git, confluence=confluence)


def test_one_that_is_down_stops_no_other_and_catches_up(wikis, tmp_path):
    down = Response(404, headers={"Content-Type": "text/html"}, body=b"<html>Sorry, we are moving</html>")
    wikis.confluence.faults.append(lambda request: down)
    confluence, folder, git = publish(wikis.config, pages(46))
    assert confluence.published is None
    assert confluence.error == f"the wiki {wikis.confluence.base} space OKR answered 404"
    assert folder.published.written == git.published.written == ("OKR-2026-W46",)
    wikis.confluence.faults.clear()
    confluence, folder, git = publish(wikis.config, pages(46, 47))
    assert confluence.published.written == ("OKR-2026-W46", "OKR-2026-W47")
    for other in (folder, git):
        assert (other.published.written, other.published.unchanged) == (("OKR-2026-W47",), ("OKR-2026-W46",))
    assert wikis.confluence.file("OKR-2026-W46", "OKR-2026-W46.png") == b"\x89PNG"
    assert [result.published.unchanged for result in publish(wikis.config, pages(46, 47))] == [
        ("OKR-2026-W46", "OKR-2026-W47")
    ] * 3


@pytest.mark.parametrize("fails", [False, True])
def test_no_token_is_shown(wikis, tmp_path, caplog, fails):
    caplog.set_level(logging.DEBUG)
    if fails:
        refused = Response(403, {"message": "no"})
        wikis.confluence.faults.append(lambda request: refused)
        wikis.git.faults.append(lambda request: refused)
    results = publish(wikis.config, pages(47))
    assert [result.error is not None for result in results] == [fails, False, fails]
    asked = [*wikis.git.requests, *wikis.confluence.requests]
    sent = {request.headers["Authorization"].split()[1] for request in asked if "Authorization" in request.headers}
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    shown = f"{caplog.text}{results!r}{wikis.config.publish!r}" + "".join(
        f"{request.path}{request.query}{request.body!r}" for request in asked
    )
    assert len(sent) == 2, "no account was sent"
    for secret in (GIT_TOKEN, CONFLUENCE_TOKEN, *sent):
        assert secret not in shown
        assert not [content for content in files if secret.encode() in content]
