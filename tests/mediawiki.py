"""A real MediaWiki on loopback, from Debian's packages, with SQLite, for one test session."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import requests

CODE = Path("/usr/share/mediawiki")
BOT = {"user": "Admin@okrsync", "password": "b0tpassw0rdb0tpassw0rdb0tpassw0rd"}
GRANTS = "basic,editpage,createeditmovepage,uploadfile,uploadeditmovefile"
_ADMIN = "Adm1n-Passw0rd"


class MediaWikiServer:
    """One wiki, put back as it was installed by ``reset``."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self.api = f"{self.url}/api.php"
        self._settings = folder / "LocalSettings.php"

    def install(self) -> None:
        """Make the wiki, its administrator and the bot password."""
        self._run(
            "install.php",
            *("--dbtype", "sqlite", "--dbpath", self.folder / "data", "--dbname", "okr", "--confpath", self.folder),
            *("--server", self.url, "--scriptpath", "", "--pass", _ADMIN, "Wiki", "Admin"),
        )
        (self.folder / "images").mkdir()
        with self._settings.open("a") as file:
            file.write(
                f'\n$wgEnableUploads = true;\n$wgUploadDirectory = "{self.folder}/images";\n'
                # The server's own folder of images belongs to the machine's wiki; this script reads ours.
                '$wgUploadPath = "/img_auth.php";\n'
                "$wgJobRunRate = 0;\n$wgShowExceptionDetails = true;\n"
                f'if ( file_exists( "{self.folder}/more.php" ) ) {{ require "{self.folder}/more.php"; }}\n'
            )
        self._run("createBotPassword.php", "--appid", "okrsync", "--grants", GRANTS, "Admin", BOT["password"])
        shutil.copytree(self.folder / "data", self.folder / "installed")

    def reset(self) -> None:
        """No page but the main page, no file, no setting beside the usual ones."""
        for name in ("data", "images"):
            shutil.rmtree(self.folder / name)
        shutil.copytree(self.folder / "installed", self.folder / "data")
        (self.folder / "images").mkdir()
        self.more("")

    def more(self, php: str) -> None:
        """Settings for the requests from now on."""
        (self.folder / "more.php").write_text(f"<?php\n{php}\n")

    @contextmanager
    def running(self) -> Iterator[MediaWikiServer]:
        """The wiki, while its server runs."""
        port = self.url.rpartition(":")[2]
        with (self.folder / "server.log").open("wb") as log:
            process = subprocess.Popen(
                [
                    "php",
                    "-d",
                    "opcache.enable_cli=1",
                    "-d",
                    "opcache.revalidate_freq=0",
                    "-S",
                    f"127.0.0.1:{port}",
                    "-t",
                    str(CODE),
                ],
                env={**os.environ, "MW_CONFIG_FILE": str(self._settings)},
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        try:
            self._wait(process)
            yield self
        finally:
            process.terminate()
            process.wait()

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        for _ in range(300):
            if process.poll() is not None:
                break
            try:
                requests.get(self.api, timeout=30).close()
            except requests.ConnectionError:
                time.sleep(0.1)
            else:
                return
        raise RuntimeError(f"MediaWiki did not start: {(self.folder / 'server.log').read_text()}")

    def _run(self, script: str, *arguments: object) -> None:
        done = subprocess.run(
            ["php", str(CODE / "maintenance" / script), *map(str, arguments)],
            env={**os.environ, **({"MW_CONFIG_FILE": str(self._settings)} if self._settings.exists() else {})},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{script}: {done.stdout}{done.stderr}")


class Person:
    """Somebody who uses the wiki in the browser: edits pages and uploads files, without an account."""

    def __init__(self, server: MediaWikiServer) -> None:
        self.server = server

    def ask(self, **parameters: object) -> dict:
        """One request to the API without an account."""
        with requests.post(
            self.server.api, data={"format": "json", "formatversion": 2, **parameters}, timeout=60
        ) as answer:
            return answer.json()

    def read(self, title: str) -> str | None:
        """The wikitext of a page."""
        [page] = self.ask(action="query", titles=title, prop="revisions", rvprop="content", rvslots="main")["query"][
            "pages"
        ]
        return None if "missing" in page else page["revisions"][0]["slots"]["main"]["content"]

    def write(self, title: str, text: str) -> None:
        """Save a page."""
        done = self.ask(action="edit", title=title, text=text, token="+\\")
        assert done["edit"]["result"] == "Success", done

    def shown(self, title: str) -> str:
        """The HTML of a page as the wiki renders it."""
        return self.ask(action="parse", page=title, prop="text", disableeditsection=1, disabletoc=1)["parse"]["text"]

    def file(self, name: str) -> bytes | None:
        """What was uploaded last under that name."""
        [page] = self.ask(action="query", titles=f"File:{name}", prop="imageinfo", iiprop="url")["query"]["pages"]
        if "imageinfo" not in page:
            return None
        relative = page["imageinfo"][0]["url"].partition("/img_auth.php/")[2]
        return (self.server.folder / "images" / relative).read_bytes()

    def upload(self, name: str, data: bytes) -> None:
        """Put a file there, or in another's place."""
        with requests.Session() as session:

            def ask(**parameters: object) -> dict:
                files = {"file": ("x.png", data)} if parameters["action"] == "upload" else None
                url, form = self.server.api, {"format": "json", "formatversion": 2, **parameters}
                with session.post(url, data=form, files=files, timeout=60) as answer:
                    return answer.json()

            token = ask(action="query", meta="tokens", type="login")["query"]["tokens"]["logintoken"]
            ask(action="login", lgname="Admin", lgpassword=_ADMIN, lgtoken=token)
            token = ask(action="query", meta="tokens")["query"]["tokens"]["csrftoken"]
            done = ask(action="upload", filename=name, ignorewarnings=1, comment="a nicer one", token=token)
            assert done["upload"]["result"] == "Success", done


@contextmanager
def running_mediawiki(folder: Path) -> Iterator[MediaWikiServer]:
    """Install and run one. Skips the test where PHP or MediaWiki is not installed."""
    if shutil.which("php") is None or not (CODE / "maintenance" / "install.php").is_file():
        pytest.skip("MediaWiki is not installed (apt-get install mediawiki php-cli php-sqlite3)")
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = MediaWikiServer(folder, port)
    server.install()
    with server.running():
        yield server
