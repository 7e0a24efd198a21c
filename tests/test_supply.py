"""What users install: the same bytes everywhere, nothing that runs on installing, audited, with a list of parts."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
AUDIT = ROOT / ".ci" / "audit.py"


def locked() -> list[str]:
    lines = (ROOT / "requirements-runtime.lock").read_text("utf-8").splitlines()
    return sorted({line.split("==")[0] for line in lines if "==" in line})


# --- the same bytes everywhere ---


def checkout(folder: Path, *, backwards: bool, mask: int, day: int) -> Path:
    """What git tracks (and what is new here), copied in another order, with other modes and times."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True,
    ).stdout.decode()  # fmt: skip
    names = sorted(name for name in listed.split("\0") if name and (ROOT / name).is_file())
    before = os.umask(mask)
    try:
        for name in reversed(names) if backwards else names:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / name).read_bytes())
            os.utime(target, (day * 86400, day * 86400))
    finally:
        os.umask(before)
    return folder


def build(folder: Path, kind: str, mask: int, zone: str) -> Path:
    environ = {**os.environ, "SOURCE_DATE_EPOCH": "1790000000", "TZ": zone, "PYTHONHASHSEED": "random"}
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder / "dist")]
    subprocess.run(command, cwd=folder, env=environ, check=True, capture_output=True, umask=mask)
    [built] = (folder / "dist").glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return built


@pytest.fixture(scope="module")
def two_builds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    first = checkout(tmp_path_factory.mktemp("one"), backwards=False, mask=0o022, day=20_000)
    second = checkout(tmp_path_factory.mktemp("another-folder"), backwards=True, mask=0o077, day=20_300)
    return {
        kind: [build(first, kind, 0o022, "UTC"), build(second, kind, 0o077, "Asia/Shanghai")]
        for kind in ("wheel", "sdist")
    }


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_two_builds_are_the_same_bytes(two_builds: dict[str, list[Path]], kind: str) -> None:
    one, other = (hashlib.sha256(path.read_bytes()).hexdigest() for path in two_builds[kind])
    assert one == other


def test_the_date_of_the_source_is_in_the_wheel(two_builds: dict[str, list[Path]]) -> None:
    with zipfile.ZipFile(two_builds["wheel"][0]) as wheel:
        assert {entry.date_time[:3] for entry in wheel.infolist()} == {(2026, 9, 21)}


# --- nothing runs while it is installed ---


def test_the_build_is_declared_and_runs_nothing_of_ours() -> None:
    assert PROJECT["build-system"] == {"requires": ["hatchling>=1.27"], "build-backend": "hatchling.build"}
    hatch = PROJECT["tool"]["hatch"]
    assert set(hatch) == {"version", "build"}
    assert set(hatch["version"]) == {"path"}, "the version is read from the file, not by running it"
    assert set(hatch["build"]) == {"targets"}, "a hook of the build would run here"
    assert all("hooks" not in target for target in hatch["build"]["targets"].values())


def test_what_is_installed_holds_nothing_that_runs_by_itself(two_builds: dict[str, list[Path]]) -> None:
    with zipfile.ZipFile(two_builds["wheel"][0]) as wheel:
        names = wheel.namelist()
        [entries] = [wheel.read(name).decode() for name in names if name.endswith(".dist-info/entry_points.txt")]
    with tarfile.open(two_builds["sdist"][0]) as source:
        names += source.getnames()
    bad = ("setup.py", "setup.cfg", "hatch_build.py", "sitecustomize.py", "usercustomize.py")
    assert not [name for name in names if name.endswith(".pth") or name.rpartition("/")[2] in bad]
    assert not [name for name in names if ".data/" in name]
    assert entries.count("[console_scripts]") == 1
    assert "okrsync = okrsync.cli:main" in entries


# --- locked, audited, listed ---


def test_all_that_is_locked_has_its_hashes() -> None:
    for lock in ("requirements.lock", "requirements-runtime.lock", "tests/otterwiki.lock"):
        text = (ROOT / lock).read_text("utf-8")
        for entry in text.replace("\\\n", " ").splitlines():
            if entry.strip() and not entry.startswith("#"):
                assert "--hash=sha256:" in entry, f"{lock}: {entry[:60]}"


def audit(folder: Path, answer: str, *options: str) -> subprocess.CompletedProcess[str]:
    """The audit with a pip-audit that answers so."""
    stand_in = folder / "pip-audit"
    stand_in.write_text(f"#!{sys.executable}\nimport sys\n{answer}\n")
    stand_in.chmod(0o755)
    command = [sys.executable, str(AUDIT), "--pip-audit", str(stand_in), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def answering(packages: list[dict[str, object]], code: int = 0) -> str:
    return f"print({json.dumps({'dependencies': packages, 'fixes': []})!r}); sys.exit({code})"


HERE = [name for name in locked() if name != "pywin32-ctypes"]  # pip-audit passes over what is for another platform
SOUND = [{"name": name, "version": "1", "vulns": []} for name in HERE]
SKIPPED = [{"name": name, "skip_reason": f"Dependency not found on PyPI: {name}"} for name in HERE]
ADVISORY = {"id": "PYSEC-2026-1", "fix_versions": ["2.0"], "aliases": []}
UNREACHABLE = "print('Traceback …\\nrequests.ConnectionError: pypi.org', file=sys.stderr); sys.exit(1)"


@pytest.mark.parametrize(
    ("answer", "codes", "said"),
    [
        (answering(SOUND), (0, 0), f"{len(SOUND)} locked packages were looked up: none has"),
        (answering(SKIPPED), (0, 2), f"NOT AUDITED: {len(SOUND)} of {len(SOUND)} locked packages could not"),
        (answering([*SOUND[1:], SKIPPED[0]]), (0, 2), f"NOT AUDITED: 1 of {len(SOUND)} locked packages could not"),
        (answering(SOUND[1:]), (0, 2), f"NOT AUDITED: 1 of {len(SOUND)} locked packages could not"),
        (UNREACHABLE, (0, 2), "(requests.ConnectionError: pypi.org). This is no all-clear"),
        ("", (0, 2), "NOT AUDITED"),
        (answering([*SOUND[1:], {**SOUND[0], "vulns": [ADVISORY]}], 1), (1, 1), "PYSEC-2026-1, mended in: 2.0"),
        (answering([*SKIPPED[1:], {**SOUND[0], "vulns": [ADVISORY]}], 1), (1, 1), "PYSEC-2026-1, mended in: 2.0"),
    ],
)
def test_an_audit_that_could_not_ask_is_no_success(
    tmp_path: Path, answer: str, codes: tuple[int, int], said: str
) -> None:
    for options, code in (([], codes[0]), (["--strict"], codes[1])):
        done = audit(tmp_path, answer, *options)
        assert done.returncode == code
        assert said in done.stdout + done.stderr
        assert ("none has a known vulnerability" in done.stdout) == (codes == (0, 0))


def test_lint_audits() -> None:
    make = shutil.which("make")
    assert make is not None
    shown = subprocess.run([make, "-n", "-o", ".venv", "lint"], cwd=ROOT, check=True, capture_output=True, text=True)
    assert ".ci/audit.py" in shown.stdout


def test_the_list_of_parts(tmp_path: Path) -> None:
    variables = [f"DIST={tmp_path}", f"BIN={Path(sys.executable).parent}"]
    subprocess.run(["make", "-o", ".venv", "sbom", *variables], cwd=ROOT, check=True, capture_output=True)
    parts = json.loads((tmp_path / "okrsync.cdx.json").read_bytes())
    assert "serialNumber" not in parts, "another one each time"
    assert "timestamp" not in parts["metadata"]
    assert parts["bomFormat"] == "CycloneDX"
    assert parts["metadata"]["component"]["name"] == "okrsync"
    named = {part["name"].lower() for part in parts["components"]}
    assert named == {name.lower() for name in locked()}
    assert all(part.get("version") for part in parts["components"])
