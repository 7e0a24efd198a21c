"""What each chat would show of a message: its words, where they lead, and whom they call. Text that is meant as text
has to be shown as it is."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from pydantic import SecretStr

from okrsync.notify import _FORMATS, Chat, Message, Webhook, safe_link
from okrsync.report.escape import clean
from tests.hostile.shapes import Hole, Shape, checked_address, writable


class Part(NamedTuple):
    """One thing that a reader sees."""

    kind: str
    """``text``, ``link``, ``call`` (somebody is told), or what else the text is made into."""
    text: str = ""
    address: str = ""


Parts = Iterator[Part]
PLAIN = "https://acme.example/x"


def messages(texts: Iterable[str], *, harmless: bool = False) -> Iterator[Message]:
    """A message a text, which stands in each of its parts; with and without an address that it is a part of.

    ``harmless`` gives the twin of each.
    """
    for number, text in enumerate(texts):
        line = clean(text, 100)
        link = safe_link(f"https://acme.example/{text[:200]}") or PLAIN
        if harmless:
            line, link = "harmless" if line else "", PLAIN
        yield Message(line, f"No key result is busy. {line}", link if number % 4 else None, line or "page")


def told(several: Iterable[Message]) -> str:
    """What the four chats are sent of some messages, and what was meant."""
    sent = []
    for message in several:
        for kind, body in _FORMATS.items():
            webhook = Webhook(kind, SecretStr("https://chat.example/x"), SecretStr("s"), None)
            formatted, _query = body(webhook, message, datetime(2026, 11, 20, tzinfo=UTC))
            meant = [message.title, message.text, message.link, message.link_text]
            sent.append({"chat": kind, "body": formatted, "meant": meant})
    return json.dumps(sent, ensure_ascii=False)


def shown(text: str) -> Shape:
    """The kinds of parts that each chat shows; raises ``Hole`` where one is not what was meant."""
    writable(text)
    shape: Shape = []
    for each in json.loads(text):
        title, said, link, link_text = each["meant"]
        parts = list(READERS[each["chat"]](each["body"]))
        for part in parts:
            if part.address:
                checked_address(part.address)
        wanted = {("text", title, ""), ("text", said, ""), ("text", f"{title}\n{said}", "")}
        wanted |= {("link", words, link) for words in (title, said, link_text)} if link else set()
        strange = [part for part in parts if tuple(part) not in wanted]
        if strange:
            raise Hole(f"{each['chat']} shows {strange[:3]}")
        shape.append((each["chat"], [part.kind for part in parts]))
    return shape


# --- Slack ---


def _slack(body: dict[str, Any]) -> Parts:
    # The words of a notification; Slack reads markup there unless it is told not to.
    yield from _mrkdwn(body["text"], marks=body.get("mrkdwn", True))
    for block in body["blocks"]:
        for text in [block["text"]] if "text" in block else block["elements"]:
            if text["type"] == "mrkdwn":
                yield from _mrkdwn(text["text"], marks=True)
            elif text.get("emoji", True) and re.search(r":[\w+-]+:", text["text"]):
                yield Part("emoji", text["text"])
            else:
                yield Part("text", text["text"])


_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}


def _plain(text: str) -> str:
    """Slack knows three character references, once."""
    return re.sub("&(?:amp|lt|gt);", lambda found: _ENTITIES[found[0]], text)


def _mrkdwn(text: str, *, marks: bool) -> Parts:
    """``<address|words>`` links, ``<@…>``, ``<#…>`` and ``<!…>`` call; pairs of marks format."""
    for words, inside in re.findall(r"([^<]*)(?:<([^<>]*)>?)?", text):
        for mark in "*_~`" if marks else "":
            if words.count(mark) > 1:
                yield Part(f"between {mark}", words)
        if words:
            yield Part("text", _plain(words))
        if inside[:1] in tuple("@#!"):
            yield Part("call", inside)
        elif inside:
            address, _, label = inside.partition("|")
            yield Part("link", _plain(label or address), _plain(address))


# --- Teams ---


def _markdown(text: str) -> Parts:
    """A part for each thing that Markdown makes of a text; one that is text alone is itself."""
    tokens = [child for block in MarkdownIt("commonmark").parse(text) for child in block.children or [block]]
    kinds = [token.type for token in tokens if token.type not in ("paragraph_open", "paragraph_close", "text")]
    yield from map(Part, kinds)
    yield Part("text", "".join(token.content for token in tokens))


def _teams(body: dict[str, Any]) -> Parts:
    (attachment,) = body["attachments"]
    card = attachment["content"]
    for block in card["body"]:
        if block["type"] == "RichTextBlock":
            for run in block["inlines"]:
                # A run can be a bare string, or have an action of its own.
                yield Part("text" if set(run) <= {"type", "text", "weight", "size"} else "action", run["text"])
        else:
            yield from _markdown(block["text"])
    for action in card.get("actions", ()):
        yield Part("link" if action["type"] == "Action.OpenUrl" else "action", action["title"], action["url"])
    # Only what stands there makes a mention of "<at>".
    yield from (Part("call", str(each)) for each in card.get("msteams", {}).get("entities", ()))


# --- Feishu ---


def _feishu(body: dict[str, Any]) -> Parts:
    if body["msg_type"] != "post":
        yield Part(body["msg_type"])
        return
    post = body["content"]["post"]["zh_cn"]
    yield Part("text", post["title"])
    for element in (element for line in post["content"] for element in line):
        if element["tag"] == "text":
            # Character references are read where it is asked for.
            yield Part("text", html.unescape(element["text"]) if element.get("un_escape") else element["text"])
        elif element["tag"] == "a":
            yield Part("link", element["text"], element["href"])
        elif element["tag"] == "md":
            yield from _markdown(element["text"])
        else:
            yield Part(element["tag"])


# --- DingTalk ---


def _dingtalk(body: dict[str, Any]) -> Parts:
    yield from (Part("call", str(each)) for each in body.get("at", {}).items())
    said = body[body["msgtype"]]
    if body["msgtype"] == "text":
        yield Part("text", said["content"])
    elif body["msgtype"] == "link":
        yield from (Part("link", said[name], said["messageUrl"]) for name in ("title", "text"))
        if said["picUrl"]:
            yield Part("image", "", said["picUrl"])
    else:
        yield from _markdown(said.get("text", ""))


READERS: dict[Chat, Callable[[dict[str, Any]], Parts]] = {
    "slack": _slack,
    "teams": _teams,
    "feishu": _feishu,
    "dingtalk": _dingtalk,
}
