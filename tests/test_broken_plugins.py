"""A plugin of somebody else's that cannot be imported: which one, of which package; okrsync goes on without it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BROKEN = {
    "import nowhere_to_be_found\n": "No module named 'nowhere_to_be_found'",
    "class Tracker(:\n": "invalid syntax",
    "raise RuntimeError('no\\nlicence \\x1b[2J')\n": "no licence",
    "raise KeyError\n": "KeyError",
    "x = 1\n": "has no attribute 'Tracker'",
    "class Tracker:\n    pass\n": "it has no class `Settings`",
}
"""What a plugin's module may hold, and what is to be said of it."""
GROUPS = ("okrsync.connectors", "okrsync.outcomes", "okrsync.publishers")


def okrsync(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "okrsync.cli", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(folder / "site"), "NO_COLOR": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def install(folder: Path, module: str, group: str) -> None:
    """A package as pip leaves it, whose plugin is called ``strange``."""
    site = folder / "site"
    metadata = site / "acme_tracker-4.7.dist-info"
    metadata.mkdir(parents=True)
    (site / "acme_tracker.py").write_text(module)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-tracker\nVersion: 4.7\n")
    (metadata / "entry_points.txt").write_text(f"[{group}]\nstrange = acme_tracker:Tracker\n")


@pytest.mark.parametrize(("module", "said"), BROKEN.items(), ids=BROKEN.values())
def test_init_leaves_it_out_and_says_so(module: str, said: str, tmp_path: Path) -> None:
    install(tmp_path, module, GROUPS[len(said) % 3])
    ran = okrsync(tmp_path, "init", "new")
    assert ran.returncode == 0, ran.stderr
    (line,) = [line for line in ran.stderr.splitlines() if "left out of the schemas" in line]
    assert "'strange' in okrsync." in line
    assert "from the package acme-tracker 4.7, cannot be imported" in line
    assert said in line
    assert "\x1b" not in line
    assert "Traceback" not in ran.stderr
    schema = json.loads((tmp_path / "new/schemas/okrsync.schema.json").read_text())
    assert "strange" not in json.dumps(schema)
    assert "okrsync.connectors.JiraSettings" in schema["$defs"]
    # And nobody who does not name it hears of it.
    assert okrsync(tmp_path / "new", "check").returncode == 0


@pytest.mark.parametrize(("module", "said"), list(BROKEN.items())[-3:], ids=list(BROKEN.values())[-3:])
def test_who_names_it_is_told_where(module: str, said: str, tmp_path: Path) -> None:
    install(tmp_path, module, GROUPS[0])
    assert okrsync(tmp_path, "init", ".", "-q").returncode == 0
    (tmp_path / "okrsync.yaml").write_text("sources:\n  ours: {type: strange}\n")
    ran = okrsync(tmp_path, "sync")
    assert ran.returncode == 2
    (line,) = ran.stderr.splitlines()
    assert line.startswith(
        "okrsync.yaml:2: the plugin 'strange' in okrsync.connectors, from the package acme-tracker 4.7"
    )
    assert said in line
