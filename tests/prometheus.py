"""A real Prometheus server for tests, filled with weeks of history."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

USER, PASSWORD = "okrsync", "okrsync"
_HASH = "$2b$04$abcdefghijklmnopqrstuut1kDGzKJzXnVwz9Nv.PnyJ2ClsmdCum"
"""bcrypt of ``PASSWORD``."""

needs_prometheus = pytest.mark.skipif(
    shutil.which("prometheus") is None or shutil.which("promtool") is None,
    reason="no prometheus on this machine (Debian: apt-get install prometheus)",
)


@contextmanager
def running_prometheus(folder: Path, samples: Iterable[tuple[str, float, float]], *, login: bool) -> Iterator[str]:
    """The address of a server that holds these samples (series, value, epoch seconds), in a folder of its own.

    With ``login`` it wants ``USER`` and ``PASSWORD``.
    """
    history = folder / "history.txt"
    with history.open("w") as file:
        file.writelines(f"{series} {value} {moment:.3f}\n" for series, value, moment in samples)
        file.write("# EOF\n")
    data = folder / "data"
    subprocess.run(
        # In few blocks: a block of two hours, as the server makes them, costs a tenth of a second.
        ["promtool", "tsdb", "create-blocks-from", "--max-block-duration=2400h", "openmetrics", history, data, "-q"],
        check=True, capture_output=True,
    )  # fmt: skip
    (folder / "prometheus.yml").write_text("global: {scrape_interval: 15s}\n")
    (folder / "web.yml").write_text(f"basic_auth_users: {{{USER}: '{_HASH}'}}\n" if login else "{}\n")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [
                "prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--web.config.file={folder / 'web.yml'}",
                f"--storage.tsdb.path={data}", "--storage.tsdb.retention.time=100y",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        _wait_until_ready(server, url, folder / "log")
        yield url
    finally:
        server.terminate()
        server.wait(30)


def _wait_until_ready(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    for _ in range(600):
        assert server.poll() is None, log.read_text()
        try:
            if requests.get(f"{url}/-/ready", auth=(USER, PASSWORD), timeout=5).ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"prometheus did not get ready:\n{log.read_text()}")
