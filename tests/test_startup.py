"""A command line must start quickly: ``okrsync --help`` imports nothing heavy."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {
    "jira", "github", "sqlalchemy", "alembic", "numpy", "scipy", "altair", "pydantic", "requests", "rich", "jinja2",
}  # fmt: skip


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom okrsync.cli import main\ntry:\n    main(['--help'])\n"
        "except SystemExit as end:\n    assert end.code == 0\nprint(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert "Usage: okrsync" in done.stdout
    loaded = set(done.stderr.split())
    assert "okrsync.cli" in loaded
    assert not loaded & HEAVY
