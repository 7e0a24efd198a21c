"""A git history in which subjects, bodies, authors and paths are foreign text."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path


def git_import(folder: Path, texts: Sequence[str]) -> None:
    """A new repository with a commit a text, made by ``git fast-import``: it takes what ``git commit`` would refuse."""
    folder.mkdir()
    plain = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=folder, env=plain, check=True)
    stream = bytearray()
    for number, text in enumerate(texts):
        message = text.encode("utf-8", "surrogatepass")
        # Neither a name nor an address may hold these.
        who = bytes(byte for byte in message[:60] if byte not in b"\n\0<>")
        path = f"a/{number}-" + "".join(each for each in text[:40] if each.isalnum())
        stream += b"commit refs/heads/main\n"
        stream += b"committer " + who + b" <" + who.replace(b" ", b"") + b"> %d +0000\n" % (1_792_000_000 + number)
        stream += b"data %d\n%b\n" % (len(message), message)
        stream += b"M 644 inline " + path.encode() + b"\ndata 1\nx\n"
    subprocess.run(["git", "fast-import", "--quiet"], cwd=folder, input=bytes(stream), env=plain, check=True)
