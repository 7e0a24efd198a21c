"""Secrets that stand in a YAML file itself are refused: more people read it, for longer, than one thinks.

A file is judged by what is written in it, before any ``${NAME}`` is filled in. No message repeats what it found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, SecretStr

from okrsync.config_yaml import VARIABLE, Document, YamlMapping, YamlPath
from okrsync.language import N_, _
from okrsync.redaction import keep_out

_KEYS = frozenset(
    {
        *("token", "access_token", "api_token", "auth_token", "bearer", "bearer_token", "password", "passwd"),
        *("passphrase", "secret", "client_secret", "api_key", "apikey", "private_key", "secret_key", "access_key"),
        *("authorization", "auth", "webhook"),
    }
)
"""Keys whose value is a secret, whatever it looks like; compared in lower case, with ``-`` as ``_``."""
_NOTHING = frozenset({"", "~", "null"})
"""No value, in lower case."""
_DEMO = "demo-token"
"""Opens the stand-ins of ``okrsync demo`` alone."""
_NAMES_OF_OTHERS = frozenset({"where", "accounts", "acknowledged"})
"""Below these, keys are names that somebody else gave: a column may well be called ``token``."""
_SHAPES = (
    (N_("a GitHub token"), ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"gh[opusr]_[A-Za-z0-9]{20,}"),
    (N_("a GitHub token"), ("github_pat_",), r"github_pat_[A-Za-z0-9_]{20,}"),
    (N_("an Atlassian token"), ("ATATT", "ATCTT", "ATBB"), r"AT(?:ATT|CTT|BB)[A-Za-z0-9_=-]{20,}"),
    (N_("a GitLab token"), ("glpat-", "gldt-", "glrt-"), r"gl(?:pat|dt|rt)-[A-Za-z0-9_.-]{20,}"),
    (N_("a Slack token"), ("xox",), r"xox[abeoprs](?:\.xox[abp])?-[A-Za-z0-9-]{10,}"),
    (N_("the address of a webhook"), ("hooks.slack",), r"https://hooks\.slack(?:-gov)?\.com/[a-z]+/[^\s\"'$…]{10,}"),
    (N_("the address of a webhook"), ("/bot/v2/hook/",), r"https://[a-z.]+/open-apis/bot/v2/hook/[^\s\"'$…]{10,}"),
    (N_("an AWS key"), ("AKIA", "ASIA"), r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    (N_("a private key"), ("PRIVATE KEY",), r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----"),
    (N_("a signed token (JWT)"), ("eyJ",), r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
)
"""Anywhere in a file, comments included, these are nothing but secrets. First what a file without any does not hold."""
_WEB_LOGIN = re.compile(r"https?://[^\s/?#@:]*:([^\s/?#@]+)@", re.IGNORECASE)
_LOGIN = re.compile(r"(?<![a-z0-9+.-])(?!https?:)[a-z][a-z0-9+.-]*://[^\s/@:]*:([^\s@]+)@", re.IGNORECASE)
"""The password of a URL; what reads those of databases lets it hold slashes."""
_PARAMETER = re.compile(
    r"[?&;](?:(?:(?:access|api|auth|private|secret|user|bot)_)?token|(?:ssl)?password|passwd|pwd|(?:client_)?secret"
    r"|(?:api|access|secret)_?key|sig|x-amz-signature)=([^\s&;#]+)",
    re.IGNORECASE,
)
_LOOPBACK = re.compile(r"http://(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?(?:/|$)", re.IGNORECASE)
_BESIDE_A_KEY = re.compile(
    rf"\b(?:{'|'.join(sorted(_KEYS)).replace('_', '[_-]')})[\"']?[ \t]*:[ \t]*[\"'*&!@`%]?([^\s\"',}}{{[\]]{{4,}})",
    re.IGNORECASE,
)
"""For what is no valid YAML: ``password: *hunter2``."""


def refuse_plain_secrets(document: Document) -> None:
    """Note a problem for each secret that stands in a file, and take it out of every other message about the file."""
    if document.problems:
        for found in _BESIDE_A_KEY.finditer(document.text):
            document.hide(found[1])
    _refuse_shapes(document)
    for path, text in document.written():
        if "://" in text and "${" in text:
            for pattern in (_WEB_LOGIN, _LOGIN, _PARAMETER):
                for found in pattern.finditer(text):
                    _keep_out(document, found[1])
        key = next((part for part in reversed(path) if isinstance(part, str)), "").lower().replace("-", "_")
        if key in _KEYS or (key == "value" and "auth" in path) or "://" in text:
            secret = _address_part(text) if "://" in text and not (key in _KEYS and _is_web(text)) else _whole(text)
            if secret is not None and not _NAMES_OF_OTHERS.intersection(path) and not _opens_loopback(document, path):
                _refuse(document, path, secret)


def refuse_plain_settings(settings: Any, value: YamlMapping) -> None:
    """The same for what a model calls a secret (``SecretStr``), under whatever key; no message will show what it is."""
    for path, held in _secret_fields(settings, value):
        text = value.document.written_at(path) or ""
        _keep_out(value.document, text)
        keep_out(held if "://" not in held or _is_web(held) else "")
        secret = _address_part(text) if "://" in text and not _is_web(text) else _whole(text)
        if secret is not None and not _opens_loopback(value.document, path):
            _refuse(value.document, path, secret)


def _keep_out(document: Document, text: str) -> None:
    """Let no message show what the variables in a secret stand for; of an address that is one, its password."""
    for found in VARIABLE.finditer(text):
        held = document.value_of(found[1] or "")
        keep_out(held if "://" not in held or _is_web(held) else _address_part(held) or "")


def _refuse_shapes(document: Document) -> None:
    for kind, marks, pattern in _SHAPES:
        if not any(mark in document.text for mark in marks):
            continue
        line, counted = 1, 0
        for found in re.finditer(rf"(?<![A-Za-z0-9_-])(?:{pattern})", document.text):
            document.hide(found.group())
            said = _("{kind} stands here in the file: {how}. Revoke it if anybody else could read the file")
            line += document.text.count("\n", counted, found.start())
            counted = found.start()
            document.problem_in_line(line, said.format(kind=_(kind), how=_how("NAME")))


def _refuse(document: Document, path: YamlPath, secret: str) -> None:
    if any(shape.search(secret) for shape in _COMPILED):
        return  # said already, by what it is
    document.hide(secret, path)
    said = _("{key} holds a secret that stands in the file itself: {how}")
    document.problem(path, said.format(key=repr(path[-1]), how=_how(_name(path))))


_COMPILED = tuple(re.compile(pattern) for _kind, _marks, pattern in _SHAPES)


def _whole(text: str) -> str | None:
    """All of a value, when it is a secret in plain words."""
    text = text.strip()
    return None if text == _DEMO or text.lower() in _NOTHING or _is_named(text) else text


def _address_part(text: str) -> str | None:
    """What of an address is a secret in plain words."""
    for pattern in (_WEB_LOGIN, _LOGIN, _PARAMETER):
        for found in pattern.finditer(text):
            if not _is_named(found[1]):
                return found[1]
    return None


def _opens_loopback(document: Document, path: YamlPath) -> bool:
    """Is it for a service that ``url`` names on this machine, unencrypted? So are the stand-ins of demo and tests."""
    for end in range(len(path) - 1, 0, -1):
        url = document.written_at((*path[:end], "url"))
        if url is not None:
            return _LOOPBACK.match(url) is not None
    return False


def _is_web(text: str) -> bool:
    return text.strip().lower().startswith(("http://", "https://"))


def _is_named(text: str) -> bool:
    """Is any of it a ``${NAME}``?"""
    return any(found[1] for found in VARIABLE.finditer(text))


def _secret_fields(settings: Any, value: Any) -> Iterator[tuple[YamlPath, str]]:
    """Where in the file the secrets of a model stand, and what they are."""
    if isinstance(settings, BaseModel) and isinstance(value, YamlMapping):
        for name, field in type(settings).model_fields.items():
            key, held = field.alias or name, getattr(settings, name)
            if isinstance(held, SecretStr):
                yield (*value.path, key), held.get_secret_value()
            elif key in value:
                yield from _secret_fields(held, value[key])
    elif isinstance(settings, list | tuple) and isinstance(value, list) and len(settings) == len(value):
        for one, other in zip(settings, value, strict=True):
            yield from _secret_fields(one, other)
    elif isinstance(settings, Mapping) and isinstance(value, YamlMapping):
        for key in settings.keys() & value.keys():
            yield from _secret_fields(settings[key], value[key])


def _name(path: YamlPath) -> str:
    """A name for the variable: ``SHOP_JIRA_TOKEN``."""
    first = {"publish": "wiki", "notify": "chat", "objectives": "outcome"}.get(str(path[0]), str(path[0]))
    parts = [
        str(path[1]) if first == "sources" and len(path) > 1 else first,
        "password" if len(path) == 1 else path[-1],
    ]
    name = re.sub(r"[^A-Za-z0-9]+", "_", "_".join(map(str, parts))).strip("_").upper()
    return f"OKR_{name}" if not name or name[0].isdigit() else name


def _how(name: str) -> str:
    said = _(
        'write "${{{name}}}" in its place, and give it as the environment variable {name}, in the file that '
        "{name}_FILE names, or with `keyring set okrsync {name}`"
    )
    return said.format(name=name)
