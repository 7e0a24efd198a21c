"""``python -m benchmarks._clone FOLDER``: read a clone with the connector, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

from okrsync_git import GitConnector

from okrsync.connector import ConnectorContext


def read(clone: Path) -> int:
    """How many commits there are, each made a work item."""
    settings = GitConnector.Settings(type="git", path=str(clone))
    connector = GitConnector(settings, ConnectorContext("git", clone.parent, ZoneInfo("UTC")))
    (scope,) = connector.scopes()
    shards = connector.plan(scope, None).shards
    return sum(len(page.items) for shard in shards for page in connector.pages(scope, shard, None))


def generate(clone: Path, commits: int) -> Path:
    """A bare clone with so many commits, each of which changes a file."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", clone], check=True)
    fast_import = ["git", f"--git-dir={clone}", "fast-import", "--quiet"]
    with subprocess.Popen(fast_import, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for number in range(commits):
            message = f"SHOP-{number} Let a shop open\n\nWithout waiting.\n".encode()
            process.stdin.write(
                b"commit refs/heads/main\ncommitter Lin <lin@acme.example> %d +0000\ndata %d\n%s"
                b"M 100644 inline file%d\ndata 2\n%d\n"
                % (1_600_000_000 + number, len(message), message, number % 10, number % 10)
            )
    if process.returncode:
        raise RuntimeError("git fast-import failed")
    return clone


if __name__ == "__main__":
    print(read(Path(sys.argv[1])))
