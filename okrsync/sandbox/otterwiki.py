"""A real Otter Wiki (https://otterwiki.com) on loopback, run by a Python that has it installed: it pins versions that
okrsync cannot share, so it lives in an environment of its own."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from okrsync.errors import ConfigError

# Runs in the other Python. What it is told, the password too, comes over stdin: a command line is for all to read.
_SERVE = """
import json, sys
told = json.loads(sys.stdin.readline())
from otterwiki.server import app, db
from otterwiki.auth import SimpleAuth
from werkzeug.security import generate_password_hash
from datetime import datetime
with app.app_context():
    db.create_all()
    if SimpleAuth.User.query.filter_by(email=told["email"]).first() is None:
        db.session.add(SimpleAuth.User(
            name=told["name"], email=told["email"],
            password_hash=generate_password_hash(told["password"], method="scrypt"),
            first_seen=datetime.now(), last_seen=datetime.now(), is_admin=False, is_approved=True,
            email_confirmed=True, allow_read=True, allow_write=True, allow_upload=True))
        db.session.commit()
import otterwiki.views
from threading import Thread
from werkzeug.serving import make_server
server = make_server("127.0.0.1", told["port"], app, threaded=True)
print(json.dumps({"port": server.server_port}), flush=True)
Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()  # until the parent closes it, or is gone
"""


def find_otterwiki(environments: Sequence[Path] = ()) -> Path | None:
    """The first Python that has Otter Wiki: of these virtual environments, or this one; None when none has."""
    for python in (*(environment / "bin" / "python" for environment in environments), Path(sys.executable)):
        if not python.is_file():
            continue
        asked = "import importlib.util, sys; sys.exit(importlib.util.find_spec('otterwiki') is None)"
        if subprocess.run([python, "-c", asked], capture_output=True, check=False).returncode == 0:
            return python
    return None


class OtterWiki:
    """Started by ``with``; everybody may read, the account ``email`` with ``password`` may push.

    ``folder`` keeps its git repository and its database from one start to the next. ``python`` is one that
    ``find_otterwiki`` found.
    """

    def __init__(self, folder: Path, python: Path, *, port: int = 0) -> None:
        self.folder, self.repository = folder, folder / "repository"
        self.email, self.password = "bot@acme.example", secrets.token_urlsafe(16)
        self._python, self._port = python, port
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``, where people read."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def clone_url(self) -> str:
        """What stands in the configuration as ``url`` of a wiki of type ``git``."""
        return f"{self.url}/.git"

    def start(self) -> Self:
        """Make the repository where there is none, and serve it. Raises ``ConfigError`` when it does not start."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.repository.is_dir():
            subprocess.run(["git", "init", "--quiet", "--initial-branch=main", self.repository], check=True)
        # Each start makes the account anew, with this start's password.
        (self.folder / "wiki.db").unlink(missing_ok=True)
        settings = {
            "REPOSITORY": str(self.repository),
            "SQLALCHEMY_DATABASE_URI": f"sqlite:///{self.folder / 'wiki.db'}",
            "SECRET_KEY": secrets.token_hex(32),
            "SITE_NAME": "Marigold",
            "GIT_WEB_SERVER": True,
            "RETAIN_PAGE_NAME_CASE": True,
            "READ_ACCESS": "ANONYMOUS",
            "WRITE_ACCESS": "APPROVED",
            "ATTACHMENT_ACCESS": "APPROVED",
            "DISABLE_REGISTRATION": True,
        }
        file = self.folder / "settings.cfg"
        file.touch(mode=0o600)
        file.write_text("".join(f"{name} = {value!r}\n" for name, value in settings.items()))
        with (self.folder / "server.log").open("w") as log:
            self._process = subprocess.Popen(
                [self._python, "-c", _SERVE],
                env={**os.environ, "OTTERWIKI_SETTINGS": str(file.absolute()), "PYTHONWARNINGS": "ignore"},
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        told = {"email": self.email, "name": "OKR bot", "password": self.password, "port": self._port}
        try:
            self._process.stdin.write(json.dumps(told) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self.stop()
            raise ConfigError(f"Otter Wiki did not start: see {self.folder / 'server.log'}")
        self._port = json.loads(line)["port"]
        return self

    def stop(self) -> None:
        """End the server."""
        if self._process is None:
            return
        process, self._process = self._process, None
        for pipe in (process.stdin, process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()
        killer = threading.Timer(10, process.kill)
        killer.start()
        process.wait()
        killer.cancel()
        killer.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
