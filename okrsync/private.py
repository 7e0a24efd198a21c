"""Files that hold data are their owner's alone: mode 600, in folders of mode 700 where okrsync makes them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


@contextmanager
def replacing(path: Path, *, keep_mode: bool = False) -> Iterator[IO[bytes]]:
    """A new file that takes the place of ``path``, whole, when the block ends well; else ``path`` stays as it is.

    Its mode is 600, whatever the umask; with ``keep_mode`` that of the file before, so that whoever opened it to others
    does so once. Raises ``OSError``.
    """
    draft = path.with_name(f".{path.name}.part")
    with suppress(FileNotFoundError):
        draft.unlink()  # of a run that was killed; and never write through somebody's link
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            if keep_mode and path.exists():
                draft.chmod(stat.S_IMODE(path.stat().st_mode))
            yield stream
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, where there are none. Raises ``OSError``."""
    for each in reversed([folder, *folder.parents]):
        if not each.exists():
            with suppress(FileExistsError):
                each.mkdir(mode=0o700)
