"""What lands in a user's environment: the built wheel, not the checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_its_top_level_names_are_ours_alone(wheel: zipfile.ZipFile) -> None:
    names = {name.partition("/")[0] for name in wheel.namelist()}
    info = {name for name in names if name.endswith(".dist-info")}
    assert len(info) == 1
    assert names - info == {
        "okrsync",
        "okrsync_jira",
        "okrsync_github",
        "okrsync_git",
        "okrsync_file",
        "okrsync_templates",
    }


def test_it_holds_all_that_the_program_reads_at_run_time(wheel: zipfile.ZipFile) -> None:
    held = set(wheel.namelist())
    for folder, target in ((ROOT, "okrsync"), (ROOT / "templates", "okrsync_templates")):
        for path in (folder / target).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert str(path.relative_to(folder)) in held
    assert "okrsync/py.typed" in held


def test_it_starts_from_the_wheel_alone(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    """The program as a user has it: what the wheel holds comes first on the path, the checkout is out of sight."""
    wheel.extractall(tmp_path / "site")
    program = (
        f"import sys; sys.path[:] = [p for p in sys.path if {str(ROOT)!r} != p.rstrip('/')"
        f" and not p.startswith(({str(ROOT / 'connectors')!r}, {str(ROOT / 'templates')!r}))]\n"
        f"sys.path.insert(0, {str(tmp_path / 'site')!r})\n"
        "import okrsync; assert okrsync.__file__.startswith(sys.path[0])\n"
        "from okrsync.cli import main; main()"
    )
    folder = tmp_path / "okr"
    for arguments in (["init", str(folder)], ["-c", str(folder), "run"], ["-c", str(folder), "publish", "--draft"]):
        done = subprocess.run([sys.executable, "-c", program, *arguments], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert (folder / "wiki").is_dir()
