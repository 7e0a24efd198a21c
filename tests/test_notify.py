"""Messages to chats: their form, their signatures, refusals, and that the address never shows."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from okrsync.errors import SourceError
from okrsync.notify import Chat, Message, Webhook, send
from okrsync.sandbox.server import Request, Response, StandIn
from tests.cli_project import MAIN, Project, start

NOW = datetime(2026, 11, 20, 9, 0, 0, 250_000, tzinfo=UTC)
CANARY = "canary-4711"
HOSTILE = Message(
    "Acme <b>&", "*181* of <!channel> [412](http://evil.example) `pieces`", "https://wiki.example/a?b=1&c=2", "W47"
)


class Chats(StandIn):
    """Takes any message; ``says`` is what it answers."""

    says = Response(200, {"code": 0, "errcode": 0})

    def handle(self, request: Request) -> Response:
        return self.says


@pytest.fixture
def chats() -> Any:
    with Chats() as started:
        yield started


def webhook(chats: Chats, kind: Chat, secret: str | None = None) -> Webhook:
    return Webhook(kind, SecretStr(f"{chats.url}/hook/{CANARY}"), SecretStr(secret) if secret else None, None)


def told(chats: Chats, kind: Chat, message: Message = HOSTILE, secret: str | None = None) -> tuple[Request, Any]:
    send(webhook(chats, kind, secret), message, NOW)
    (request,) = chats.requests
    return request, request.json()


def test_slack_escapes_where_it_reads_markup(chats: Chats) -> None:
    _, body = told(chats, "slack")
    header, text, context = body["blocks"]
    assert (header["text"]["type"], text["text"]["type"]) == ("plain_text", "plain_text")
    assert text["text"]["text"] == HOSTILE.text
    assert context["elements"][0]["text"] == "<https://wiki.example/a?b=1&amp;c=2|W47>"
    assert "<" not in body["text"]


def test_teams_gets_an_adaptive_card_of_plain_text(chats: Chats) -> None:
    _, body = told(chats, "teams")
    (attachment,) = body["attachments"]
    card = attachment["content"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    assert [block["inlines"][0]["text"] for block in card["body"]] == [HOSTILE.title, HOSTILE.text]
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "W47", "url": HOSTILE.link}]


def test_feishu_signs_with_the_secret_in_the_key(chats: Chats) -> None:
    request, body = told(chats, "feishu", secret="s3cret")
    post = body["content"]["post"]["zh_cn"]
    assert post["title"] == HOSTILE.title
    assert post["content"][0] == [{"tag": "text", "text": HOSTILE.text}]
    assert post["content"][1] == [{"tag": "a", "text": "W47", "href": HOSTILE.link}]
    expected = hmac.new(b"1795165200\ns3cret", b"", hashlib.sha256).digest()
    assert body["timestamp"] == "1795165200" == str(int(NOW.timestamp()))
    assert base64.b64decode(body["sign"]) == expected
    assert request.query == {}


def test_dingtalk_signs_in_the_query(chats: Chats) -> None:
    request, body = told(chats, "dingtalk", secret="s3cret")
    assert body == {
        "msgtype": "link",
        "link": {"title": HOSTILE.title, "text": HOSTILE.text, "messageUrl": HOSTILE.link, "picUrl": ""},
    }
    expected = hmac.new(b"s3cret", b"1795165200250\ns3cret", hashlib.sha256).digest()
    assert request.first("timestamp") == "1795165200250"
    assert base64.b64decode(request.first("sign")) == expected


@pytest.mark.parametrize("kind", ["slack", "teams", "feishu", "dingtalk"])
def test_a_page_without_an_address(chats: Chats, kind: Chat) -> None:
    _, body = told(chats, kind, Message("Acme", "Nothing is busy", None, "W47"))
    text = json.dumps(body)
    assert "Nothing is busy" in text
    assert "W47" not in text


@pytest.mark.parametrize(
    ("kind", "answer", "said"),
    [
        ("feishu", Response(200, {"code": 19021, "msg": "sign match fail"}), "(code 19021): sign match fail"),
        (
            "dingtalk",
            Response(200, {"errcode": 310000, "errmsg": "keywords\nnot in"}),
            "(code 310000): keywords not in",
        ),
        ("feishu", Response(200, body=b"<html>login</html>"), "refused the message"),
        ("slack", Response(404, {"error": "no_team"}), "404"),
        ("slack", Response(502, {"error": "bad gateway"}), "502"),
        ("teams", Response(302, headers={"Location": "http://127.0.0.1:1/steal"}), "302"),
    ],
)
def test_a_refusal_is_said_and_not_repeated(chats: Chats, kind: Chat, answer: Response, said: str) -> None:
    chats.says = answer
    with pytest.raises(SourceError) as raised:
        send(webhook(chats, kind), HOSTILE, NOW)
    assert said in str(raised.value)
    assert CANARY not in str(raised.value)
    assert chats.count() == 1


def test_what_certainly_has_not_arrived_is_sent_again(chats: Chats) -> None:
    refusals = iter([Response(429, headers={"Retry-After": "0"}), Response(429, headers={"Retry-After": "0"})])
    chats.faults.append(lambda request: next(refusals, None))
    send(webhook(chats, "slack"), HOSTILE, NOW)
    assert chats.count() == 3


# --- as part of a run ---


def notify(chats: Chats) -> str:
    return (
        MAIN + f"notify: [{{type: feishu, url: '{chats.url}/hook/${{HOOK}}', link: 'https://wiki.example/{{page}}'}}]\n"
    )


@pytest.fixture
def project(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], chats: Chats
) -> Project:
    started = start(tmp_path, monkeypatch, capsys)
    monkeypatch.setattr("okrsync.cli.run.now", lambda: NOW)
    monkeypatch.setenv("HOOK", CANARY)
    started.write("okrsync.yaml", notify(chats))
    return started


def test_a_run_tells_once_what_it_wrote(project: Project, chats: Chats) -> None:
    assert project.run("run").code == 0
    (request,) = chats.requests
    post = request.json()["content"]["post"]["zh_cn"]
    assert "2026-Q4" in post["title"]
    assert "key result" in post["content"][0][0]["text"]
    assert post["content"][1][0]["href"] == "https://wiki.example/OKR-2026-W47"
    # Nothing new on the page: nothing to tell.
    assert project.run("run").code == 0
    assert chats.count() == 1


def test_a_chat_that_refuses_is_a_part_that_failed(project: Project, chats: Chats) -> None:
    chats.says = Response(200, {"code": 19024, "msg": "Key Words Not Found"})
    ran = project.run("run")
    assert ran.code == 3
    assert "feishu (127.0.0.1) refused the message (code 19024): Key Words Not Found" in ran.err
    assert (project.path / "wiki/OKR-2026-W47.md").exists()
    assert CANARY not in ran.err + ran.out + (project.path / "wiki/OKR-2026-W47.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{type: irc, url: 'https://a.example/x'}", "'type'"),
        ("{type: slack}", "'url' is missing"),
        ("{type: slack, url: 'http://hooks.example/x'}", "must begin with https://"),
        ("{type: slack, url: 'ftp://hooks.example/x'}", "must be the address of a webhook"),
        ("{type: slack, url: 'https://a.example/x', link: 'javascript:alert(1)'}", "'link' must be an address"),
        ("{type: slack, url: 'https://a.example/x', link: 'https://a.example/{week}'}", "only {page}"),
    ],
)
def test_what_the_configuration_may_say(project: Project, entry: str, said: str) -> None:
    project.write("okrsync.yaml", MAIN + f"notify: [{entry}]\n")
    ran = project.run("check")
    assert ran.code == 2
    assert said in ran.err
