"""A message to a chat after a run: the headline and where the page is. The address of a webhook is itself a secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import SecretStr

from okrsync.errors import RetryableError, SourceError
from okrsync.http import DEFAULT_POLICY, error_of, one_line, retry_after, with_retries
from okrsync.language import _

Chat = Literal["slack", "teams", "feishu", "dingtalk"]


@dataclass(frozen=True, slots=True)
class Message:
    """What is told."""

    title: str
    text: str
    link: str | None
    """Where the page can be read; a ``safe_link``."""
    link_text: str


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where it is told."""

    type: Chat
    url: SecretStr
    """https, or http on this machine; whoever knows it can write to the chat."""
    secret: SecretStr | None
    """What Feishu and DingTalk sign with, where the bot asks for it."""
    link: str | None
    """Where the page can be read; ``{page}`` stands for its name."""

    @property
    def where(self) -> str:
        """Type and host, for people."""
        return f"{self.type} ({urlsplit(self.url.get_secret_value()).hostname})"


_ADDRESS = re.compile(
    r"https?://[^\s<>\"{}|\\^`\x00-\x20\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+"
)


def safe_link(address: str | None) -> str | None:
    """The address of a page as a chat may be given it; None for what no browser should open: wikis tell addresses."""
    return address if address is not None and len(address) <= 2000 and _ADDRESS.fullmatch(address) else None


def send(webhook: Webhook, message: Message, now: datetime) -> None:
    """Tell a chat. ``now`` goes into the signature, which the chat takes for an hour.

    Raises ``SourceError`` when the chat refuses or does not answer. A message that may have arrived is not sent again;
    one that certainly has not (429, no connection) is, a few times.
    """
    with_retries(lambda: _post(webhook, message, now))


def _post(webhook: Webhook, message: Message, now: datetime) -> None:
    import requests

    from okrsync.deadline import timed

    body, query = _FORMATS[webhook.type](webhook, message, now)
    try:
        # No redirects: the address is a secret of this host alone.
        with timed(requests.Session()) as session:
            answer = session.post(
                webhook.url.get_secret_value(),
                json=body,
                params=query,
                timeout=DEFAULT_POLICY.timeout,
                allow_redirects=False,
            )
    except requests.exceptions.ConnectTimeout:
        raise RetryableError(_("{where} does not answer").format(where=webhook.where)) from None
    except requests.exceptions.Timeout:
        raise SourceError(
            _("{where} did not answer in time; the message may have arrived").format(where=webhook.where)
        ) from None
    except requests.exceptions.ConnectionError:
        raise RetryableError(_("{where} cannot be reached").format(where=webhook.where)) from None
    except requests.exceptions.RequestException as error:
        # Its text may hold the address.
        raise SourceError(
            _("{where} could not be told ({name})").format(where=webhook.where, name=type(error).__name__)
        ) from None
    if answer.status_code == 429:
        raise RetryableError(_("{where} answered 429").format(where=webhook.where), retry_after(answer.headers))
    if not answer.ok or answer.is_redirect:
        # Whatever the status, it is not sent again: an answer of 502 may come after the message has.
        raise SourceError(str(error_of(answer.status_code, answer.headers, answer.text[:500], webhook.where)))
    _accepted(webhook, answer)


def _accepted(webhook: Webhook, answer: Any) -> None:
    """Feishu and DingTalk refuse with status 200 and a code in the body."""
    if webhook.type not in ("feishu", "dingtalk"):
        return
    try:
        told = answer.json()
    except ValueError:
        told = None
    told = told if isinstance(told, dict) else {}
    code = told.get("code", told.get("StatusCode")) if webhook.type == "feishu" else told.get("errcode")
    if code != 0:
        said = one_line(str(told.get("msg") or told.get("errmsg") or _("it gave no reason")))
        refused = _("{where} refused the message (code {code}): {said}")
        raise SourceError(refused.format(where=webhook.where, code=one_line(str(code), 20), said=said))


_Formatted = tuple[dict[str, Any], Mapping[str, str]]


def _slack(webhook: Webhook, message: Message, now: datetime) -> _Formatted:
    """Plain text throughout; where Slack reads markup all the same, its three special characters are escaped.

    That is the one line that has a link, and ``text``, which notifications show (``mrkdwn`` turns off its ``*bold*``
    alone).
    """
    plain = {"type": "plain_text", "emoji": False}
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {**plain, "text": message.title[:150]}},
        {"type": "section", "text": {**plain, "text": message.text[:3000]}},
    ]
    if message.link:
        words = f"<{_slack_text(message.link)}|{_slack_text(message.link_text)}>"
        blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": words}]})
    return {"text": _slack_text(message.text), "mrkdwn": False, "blocks": blocks}, {}


def _slack_text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _teams(webhook: Webhook, message: Message, now: datetime) -> _Formatted:
    """An Adaptive Card, as the workflow "when a Teams webhook request is received" takes it.

    A ``TextBlock`` reads Markdown, a ``TextRun`` does not.
    """

    def line(text: str, **style: object) -> dict[str, Any]:
        return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **style}]}

    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [line(message.title, weight="Bolder", size="Medium"), line(message.text)],
    }
    if message.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": message.link_text, "url": message.link}]
    content = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [content]}, {}


def _feishu(webhook: Webhook, message: Message, now: datetime) -> _Formatted:
    """A rich text message; its ``text`` elements are plain."""
    lines: list[list[dict[str, str]]] = [[{"tag": "text", "text": message.text}]]
    if message.link:
        lines.append([{"tag": "a", "text": message.link_text, "href": message.link}])
    post = {"zh_cn": {"title": message.title, "content": lines}}
    body: dict[str, Any] = {"msg_type": "post", "content": {"post": post}}
    if webhook.secret is not None:
        # The secret is part of the key, and nothing is signed (open.feishu.cn, custom bots, signature verification).
        timestamp = str(int(now.timestamp()))
        body |= {"timestamp": timestamp, "sign": _signature(f"{timestamp}\n{webhook.secret.get_secret_value()}", "")}
    return body, {}


def _dingtalk(webhook: Webhook, message: Message, now: datetime) -> _Formatted:
    """A link, or a text where there is none; both are plain."""
    if message.link:
        link = {"title": message.title, "text": message.text, "messageUrl": message.link, "picUrl": ""}
        body: dict[str, Any] = {"msgtype": "link", "link": link}
    else:
        body = {"msgtype": "text", "text": {"content": f"{message.title}\n{message.text}"}}
    if webhook.secret is None:
        return body, {}
    # Milliseconds, and in the query (open.dingtalk.com, custom robots, security settings).
    timestamp, secret = str(int(now.timestamp() * 1000)), webhook.secret.get_secret_value()
    return body, {"timestamp": timestamp, "sign": _signature(secret, f"{timestamp}\n{secret}")}


def _signature(key: str, text: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


_FORMATS: dict[Chat, Callable[[Webhook, Message, datetime], _Formatted]] = {
    "slack": _slack,
    "teams": _teams,
    "feishu": _feishu,
    "dingtalk": _dingtalk,
}
