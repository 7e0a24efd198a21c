"""Takes the secrets of this run out of what is said: a service's own words may repeat what it was sent."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

SHORTEST = 6
"""Characters; to replace a shorter secret would garble messages, and it would not be one."""

_forms: dict[str, None] = {}


def keep_out(secret: str) -> None:
    """From now on ``secret`` is shown by no error and no message of this process, in any of its usual forms."""
    for part in secret.splitlines():  # of a key each line
        if len(part) >= SHORTEST:
            _forms.update(dict.fromkeys(forms_of(part)))


def redacted(text: str) -> str:
    """``text`` with ``***`` in place of secrets."""
    for form in _forms:
        if form in text:
            text = text.replace(form, "***")
    return text


def forget() -> None:
    """Know no secret any more."""
    _forms.clear()


def forms_of(secret: str) -> list[str]:
    """How a secret may be written: as it is, in JSON, in a URL, and within base64 whatever stands around it there."""
    found = [secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], quote(secret, safe="")]
    found += [quote_plus(secret), *_in_base64(secret.encode())]
    return list(dict.fromkeys(found))


def _in_base64(secret: bytes) -> list[str]:
    """The characters that depend on the secret alone, for each of the three places where it may begin."""
    found = []
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + secret).decode()
        begin = -(-before * 8 // 6)
        end = (before + len(secret)) * 8 // 6
        if end - begin >= SHORTEST:
            found += [encoded[begin:end], encoded[begin:end].translate(str.maketrans("+/", "-_"))]
    return found
