"""A git server on loopback: what GitHub does for ``https://…/owner/name.git`` and for a wiki, by git itself."""

from __future__ import annotations

import base64
import binascii
import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlencode

from okrsync.errors import ConfigError
from okrsync.sandbox.server import Request, Response, StandIn


class GitHttpStandIn(StandIn):
    """Serves the bare repositories below ``folder``, to read and to push, through ``git http-backend``.

    ``token`` is asked for as the password of HTTP basic authentication, under any user name, as GitHub does; None lets
    everybody in. A repository that does not exist answers 404, like a GitHub wiki whose first page was never made.
    ``authorizations`` keeps the ``Authorization`` header of every request, or None where there was none. Requests in
    chunks are refused, so a push of more than a client's ``http.postBuffer`` (1 MiB) needs that raised.

    Raises ``ConfigError`` where git, or its ``http-backend``, is not installed.
    """

    def __init__(self, folder: Path, *, token: str | None = None, record: bool = False, latency: float = 0.0) -> None:
        super().__init__(record=record, latency=latency)
        self.folder = folder
        self.token = token
        self.authorizations: list[str | None] = []
        self._backend = _http_backend()

    def create(self, name: str, branch: str = "master") -> Path:
        """Make an empty bare repository, ``acme/storefront.wiki`` say; its path. A wiki's branch is ``master``."""
        path = self.folder / f"{name}.git"
        subprocess.run(["git", "init", "--quiet", "--bare", f"--initial-branch={branch}", path], check=True)
        return path

    def clone_url(self, name: str) -> str:
        """Where a repository is cloned from and pushed to; without credentials."""
        return f"{self.url}/{name}.git"

    def handle(self, request: Request) -> Response:
        """Answer one request of git's smart protocol."""
        self.authorizations.append(request.headers.get("Authorization"))
        if not self._allowed(request):
            return Response(401, headers={"WWW-Authenticate": 'Basic realm="GitHub"'}, body=b"Bad credentials\n")
        name, dot_git, service = request.path.strip("/").partition(".git/")
        path = (self.folder / f"{name}.git").resolve()
        if not dot_git or not path.is_relative_to(self.folder.resolve()) or not (path / "HEAD").is_file():
            return Response(404, headers={"Content-Type": "text/plain"}, body=b"remote: Repository not found.\n")
        return self._run(request, f"/{path.relative_to(self.folder.resolve()).as_posix()}/{service}")

    def _allowed(self, request: Request) -> bool:
        if self.token is None:
            return True
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        try:
            password = base64.b64decode(encoded, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return False
        return scheme.lower() == "basic" and password == self.token

    def _run(self, request: Request, path: str) -> Response:
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "GIT_PROJECT_ROOT": str(self.folder.resolve()),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            # A folder that belongs to another user (a mount, a CI cache) is served all the same.
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": "http.receivepack",
            "GIT_CONFIG_VALUE_0": "true",
            "GIT_CONFIG_KEY_1": "safe.directory",
            "GIT_CONFIG_VALUE_1": "*",
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
            "REQUEST_METHOD": request.method,
            "PATH_INFO": path,
            "QUERY_STRING": urlencode(request.query, doseq=True),
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(request.body)),
            "REMOTE_USER": "sandbox",
            "REMOTE_ADDR": "127.0.0.1",
        }
        done = subprocess.run([self._backend], input=request.body, env=environment, capture_output=True, check=False)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n") if ": " in line)
        status = int(headers.pop("Status", "200" if head else "500").split()[0])
        return Response(status, headers=headers, body=body)


def _http_backend() -> str:
    """The path of git's CGI program."""
    if shutil.which("git") is None:
        raise ConfigError("git is not installed: the git server of the sandbox needs it")
    folder = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
    backend = shutil.which("git-http-backend", path=folder)
    if backend is None:
        raise ConfigError(f"git http-backend is not in {folder}: install the complete git to serve repositories")
    return backend
