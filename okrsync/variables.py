"""What ``${NAME}`` in a YAML file stands for. Every secret is looked up here, and nowhere else.

In this order: the environment variable ``NAME``; the file that ``NAME_FILE`` names (Docker and Kubernetes mount secrets
as files); the entry ``NAME`` of the service ``okrsync`` in the system's keyring, where ``keyring`` is installed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from okrsync.language import _

SERVICE = "okrsync"
"""Under this name the keyring keeps what is okrsync's: ``keyring set okrsync JIRA_TOKEN``."""
LARGEST = 64 * 1024
"""Bytes; no token or key is longer."""

Lookup: TypeAlias = Callable[[str], str]
"""Gives the value of a variable by its name. Raises ``NotFound`` when there is none that can be used."""

_names: set[str] = set()


class NotFound(LookupError):
    """There is no value that can be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that the configuration names, and where its value was found."""

    name: str
    value: str = field(repr=False)
    file: Path | None = None
    """The file that ``NAME_FILE`` names."""
    in_keyring: bool = False

    @property
    def origin(self) -> str:
        """Where the value comes from, for people."""
        if self.in_keyring:
            return _("from the keyring")
        if self.file is not None:
            return _("from the file {file}").format(file=self.file)
        return _("from the environment")


class Variables:
    """Looks variables up, each once, and knows afterwards which there were."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.found: dict[str, Variable] = {}

    def __call__(self, name: str) -> str:
        """See ``Lookup``."""
        if name not in self.found:
            self.found[name] = self._find(name)
            _names.update((name, f"{name}_FILE"))
        return self.found[name].value

    def _find(self, name: str) -> Variable:
        value, file = self._environ.get(name), self._environ.get(f"{name}_FILE")
        if value and file:
            raise NotFound(_("{name} and {name}_FILE are both set: unset one of them").format(name=name))
        if value:
            return Variable(name, value)
        if file:
            return Variable(name, _in_file(f"{name}_FILE", Path(file)), file=Path(file))
        if value is not None:
            raise NotFound(_("the environment variable {name} is empty").format(name=name))
        value = _in_keyring(name)
        if value is None:
            said = _("the environment variable {name} is not set (nor is {name}_FILE, and no keyring holds it)")
            raise NotFound(said.format(name=name))
        return Variable(name, value, in_keyring=True)


def names() -> frozenset[str]:
    """The environment variables that this process has looked secrets up by: nothing that it starts needs them."""
    return frozenset(_names)


def _in_file(variable: str, file: Path) -> str:
    """What a file holds, without the line end that editors and ``echo`` leave. Raises ``NotFound``."""

    def wrong(why: str) -> NotFound:
        return NotFound(_("{variable} names {file}: {problem}").format(variable=variable, file=file, problem=why))

    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise wrong(_("this is no plain file"))
        with file.open("rb") as stream:
            raw = stream.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise wrong(str(getattr(error, "strerror", None) or error)) from None
    if len(raw) > LARGEST:
        raise wrong(_("larger than {size} KiB, no secret is").format(size=LARGEST // 1024))
    try:
        text = raw.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise wrong(_("it is not UTF-8")) from None
    if not text.strip():
        raise wrong(_("it is empty"))
    if "\0" in text:
        raise wrong(_("it holds a NUL character"))
    return text


def open_to_others(file: Path) -> str | None:
    """The mode of a file that others may read or write, such as ``0644``; None where it is its owner's alone.

    What Docker mounts below ``/run/secrets`` can be read by all in its container, where nobody else is.
    """
    mode = stat.S_IMODE(file.stat().st_mode)
    mounted = Path("/run/secrets") in Path(os.path.realpath(file)).parents
    return f"{mode:04o}" if mode & (stat.S_IWGRP | stat.S_IWOTH | (0 if mounted else stat.S_IROTH)) else None


def _in_keyring(name: str) -> str | None:
    """None where the keyring has no such entry, or there is no keyring. Raises ``NotFound`` when it cannot be read."""
    try:
        import keyring
        from keyring.errors import KeyringError, NoKeyringError
    except ImportError:
        return None
    try:
        return keyring.get_password(SERVICE, name) or None
    except NoKeyringError:
        return None
    except KeyringError as error:
        said = _("the keyring cannot be read for {name} ({problem}): unlock it, or set the environment variable")
        raise NotFound(said.format(name=name, problem=type(error).__name__)) from None
