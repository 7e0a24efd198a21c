"""The one way to run git: no prompt, no hook, no foreign protocol, no surprise from anybody's configuration, no secret
on a command line, and every failure as one of okrsync's errors.

What a user's own configuration is needed for stays in force: proxies, certificates, ssh, credential helpers,
``safe.directory``.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from okrsync.errors import AuthError, RetryableError, SourceError
from okrsync.http import one_line
from okrsync.language import _
from okrsync.variables import names

LOCAL_TIMEOUT = 120.0
"""Seconds until a command that stays on this machine, or the next bytes of its output, must have come."""
NETWORK_TIMEOUT = 300.0
"""Seconds for a command that talks to a server."""

_CHUNK = 1 << 18
KEPT_VARIABLES = frozenset(
    {
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "GIT_SSH_VARIANT",
        "GIT_SSL_CAINFO",
        "GIT_SSL_CAPATH",
        "GIT_EXEC_PATH",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_SYSTEM",
        "GIT_CONFIG_NOSYSTEM",
    }
)
"""Of git's own variables these say how to reach a server; all others (``GIT_DIR`` inside a hook, ``GIT_TRACE``, which
prints headers) would make us read another repository or show a secret."""
_NEEDED_VARIABLES = frozenset({"HOME", "PATH", "USER", "LOGNAME", "TMPDIR", "XDG_CONFIG_HOME"})
"""A configuration may name these as it may name secrets."""
_SETTINGS = (
    ("core.hooksPath", os.devnull),
    ("core.fsmonitor", "false"),
    ("core.quotePath", "false"),
    ("core.autocrlf", "false"),
    ("core.symlinks", "false"),
    ("safe.bareRepository", "all"),
    ("fetch.recurseSubmodules", "false"),
    ("submodule.recurse", "false"),
    ("log.showSignature", "false"),
    ("log.showRoot", "true"),
    ("commit.gpgSign", "false"),
    ("push.gpgSign", "false"),
    ("i18n.commitEncoding", "UTF-8"),
    ("http.followRedirects", "false"),  # a header with a token would go along
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
)
_NO_ACCOUNT = re.compile(
    r"authentication failed|could not read (?:username|password)|returned error: 40[13]|permission denied"
    r"|host key verification failed|invalid credentials|invalid username or",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"could not resolve|couldn't connect|failed to connect|connection (?:refused|reset|timed out)|operation timed out"
    r"|network is unreachable|no route to host|returned error: (?:408|429|5\d\d)|early eof|unexpected disconnect"
    r"|hung up unexpectedly|empty reply",
    re.IGNORECASE,
)
_PARTIAL = re.compile(r"promisor remote|lazy fetching|missing (?:blob|tree|commit) object", re.I)
_MOVED = re.compile(r"returned error: 30[12378]")
_OTHER_OWNER = re.compile(r"dubious ownership", re.IGNORECASE)
_USERINFO = re.compile(r"://[^/@\s]*@")


class GitError(SourceError):
    """git ended with another exit code than it should."""

    def __init__(self, message: str, code: int, said: str) -> None:
        super().__init__(message)
        self.code = code
        self.said = said
        """What git wrote to stderr, whole: hostile text."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account at one server over HTTP; sent to that server only."""

    url: str
    user: str
    password: str = field(repr=False)

    @property
    def setting(self) -> tuple[str, str]:
        """As a key and a value of git's configuration."""
        parts = urlsplit(self.url)
        basic = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return (f"http.{parts.scheme}://{parts.netloc}/.extraHeader", f"Authorization: Basic {basic}")


def run(
    arguments: Sequence[str],
    *,
    where: str,
    folder: Path,
    stdin: bytes = b"",
    variables: Mapping[str, str] | None = None,
    credentials: Credentials | None = None,
    network: bool = False,
    timeout: float = LOCAL_TIMEOUT,
    accepted: Sequence[int] = (0,),
) -> tuple[int, bytes]:
    """Run ``git ARGUMENTS`` in ``folder`` and return its exit code and its output.

    Without ``network`` it talks to no server, whatever the repository's own configuration says. ``where`` says in
    messages what was read or written (``the clone /srv/shop``). ``variables`` are added to the environment; those that
    hold okrsync's secrets are taken out of it, unless git is to log in as the user does, whose helper may need them.
    Raises ``AuthError``, ``RetryableError`` (a network failure, or no end within ``timeout`` seconds) or ``GitError``
    when the exit code is not among ``accepted``.
    """
    with _started(arguments, where, folder, stdin, subprocess.PIPE, variables, credentials, network) as process:
        try:
            out, said = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise RetryableError(
                _("{where}: git {arguments} did not end within {timeout:g} s").format(
                    where=where, arguments=arguments[0], timeout=timeout
                )
            ) from None
    if process.returncode not in accepted:
        raise _failure(where, arguments[0], process.returncode, said)
    return process.returncode, out


def stream(
    arguments: Sequence[str], *, where: str, folder: Path, stdin: bytes = b"", timeout: float = LOCAL_TIMEOUT
) -> Iterator[bytes]:
    """Run ``git ARGUMENTS`` in ``folder`` and yield its output as it comes, in chunks of no particular size.

    ``timeout`` bounds the wait for each chunk, not the whole. Raises as ``run`` does. A caller that stops early (closes
    the generator) ends the process with it.
    """
    with tempfile.TemporaryFile() as heard, _started(arguments, where, folder, stdin, heard.fileno()) as process:
        assert process.stdout is not None
        late, over = threading.Event(), threading.Event()
        due: float | None = None
        """Until when the chunk that is waited for must have come."""

        def watch() -> None:
            while not over.wait(min(timeout, 1.0)):
                if due is not None and time.monotonic() >= due:
                    late.set()
                    _end(process)
                    return

        # One thread for the whole stream: git may write it in thousands of pieces.
        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            while True:
                due = time.monotonic() + timeout
                chunk = os.read(process.stdout.fileno(), _CHUNK)
                due = None
                if not chunk:
                    break
                yield chunk
        finally:
            over.set()
            watcher.join()
        code = process.wait()
        if late.is_set():
            raise RetryableError(
                _("{where}: git {arguments} said nothing for {timeout:g} s").format(
                    where=where, arguments=arguments[0], timeout=timeout
                )
            )
        if code:
            heard.seek(0)
            raise _failure(where, arguments[0], code, heard.read(100_000))


@contextlib.contextmanager
def _started(
    arguments: Sequence[str],
    where: str,
    folder: Path,
    stdin: bytes,
    stderr: int,
    variables: Mapping[str, str] | None = None,
    credentials: Credentials | None = None,
    network: bool = False,
) -> Iterator[subprocess.Popen[bytes]]:
    """A running git, which has ended, whatever happens, when the block does."""
    # Input comes from a file: writing it to a pipe while the output is read would need a third thread.
    with tempfile.TemporaryFile() as fed:
        fed.write(stdin)
        fed.seek(0)
        try:
            process = subprocess.Popen(
                ["git", *arguments],
                cwd=folder,
                env=_environment(folder, variables or {}, credentials, network),
                stdin=fed,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,  # no terminal that ssh could ask at, and one group to end
            )
        except FileNotFoundError:
            if folder.is_dir():
                raise SourceError(
                    _("{where}: there is no program `git` on PATH. Install git").format(where=where)
                ) from None
            raise SourceError(_("{where}: there is no such folder").format(where=where)) from None
        except NotADirectoryError:
            raise SourceError(_("{where}: this is a file, not a folder").format(where=where)) from None
        except (OSError, ValueError) as error:
            raise SourceError(_("{where}: git cannot be started: {error}").format(where=where, error=error)) from None
        try:
            yield process
        finally:
            if process.poll() is None:
                _end(process)
            process.wait()
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill git and the helpers it has started (``git-remote-https``, ``ssh``)."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _environment(
    folder: Path, variables: Mapping[str, str], credentials: Credentials | None, network: bool
) -> dict[str, str]:
    settings = list(_SETTINGS)
    if credentials is not None:
        # The empty helper ends the list of the user's own: a stored password must not take the place of this one.
        settings += [credentials.setting, ("credential.helper", "")]
    own_login = network and credentials is None
    secret = frozenset() if own_login else names() - _NEEDED_VARIABLES
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in secret and (not name.startswith("GIT_") or name in KEPT_VARIABLES)
    }
    return {
        **kept,
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS_REQUIRE": "never",
        "GCM_INTERACTIVE": "never",
        # A clone from which objects are missing may name, in its own configuration, a program to fetch them with.
        "GIT_ALLOW_PROTOCOL": "https:http:ssh:file:git" if network else "none",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_CEILING_DIRECTORIES": str(folder.resolve().parent),
        **variables,
        "GIT_CONFIG_COUNT": str(len(settings)),
        **{f"GIT_CONFIG_KEY_{at}": key for at, (key, _) in enumerate(settings)},
        **{f"GIT_CONFIG_VALUE_{at}": value for at, (_, value) in enumerate(settings)},
    }


def _failure(where: str, command: str, code: int, said: bytes) -> SourceError:
    """The error that git's words stand for."""
    text = said.decode("utf-8", "replace")
    detail = _worth_reading(text) or _("git {command} ended with exit code {code}").format(command=command, code=code)
    if _OTHER_OWNER.search(text):
        return GitError(
            _(
                "{where} belongs to another user, and git refuses to read it. If you trust it, run `git "
                "config --global --add safe.directory PATH` with its path, as the user that okrsync runs as"
            ).format(where=where),
            code,
            text,
        )
    if _PARTIAL.search(text):
        return GitError(
            _(
                "{where} is a partial clone, and what is missing is not fetched. `git fetch --refetch --no-filter` "
                "makes it whole"
            ).format(where=where),
            code,
            text,
        )
    if _MOVED.search(text):
        said_of_it = _(
            "{where}: the server sends on to another address. If that is right, write that address (a browser or "
            "`curl -I` shows it)"
        )
        return GitError(said_of_it.format(where=where), code, text)
    if _NO_ACCOUNT.search(text):
        return AuthError(
            _("{where}: {detail}. Check `auth` and what the account may do").format(where=where, detail=detail)
        )
    if _LATER.search(text):
        return RetryableError(f"{where}: {detail}")
    return GitError(f"{where}: {detail}", code, text)


def _worth_reading(text: str) -> str:
    """The lines that say what went wrong, without user names or passwords of URLs, as one short line."""
    stripped = [line.strip() for line in text.splitlines()]
    lines = [line for line in stripped if line.startswith(("fatal:", "error:", "remote:", "!"))] or stripped
    return one_line(_USERINFO.sub("://", "; ".join(lines)))
