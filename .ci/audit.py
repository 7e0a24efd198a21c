"""Known vulnerabilities of what the program runs with, by PyPI's advisories: ``python .ci/audit.py [--strict]``.

pip-audit says "No known vulnerabilities found" also where it could ask about nothing, behind a mirror for example.
This says how many packages were really looked up. Exit codes: 1 when one of them is vulnerable; with ``--strict`` 2
when not all could be looked up, without it 0, so that `make lint` works on a train.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

LOCK = Path(__file__).resolve().parents[1] / "requirements-runtime.lock"


def main() -> int:
    """Run pip-audit on the lock of the program and say what is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strict", action="store_true", help="fail unless every package was looked up")
    parser.add_argument("--pip-audit", default=str(Path(sys.executable).with_name("pip-audit")))
    options = parser.parse_args()
    locked = {wanted.name for wanted in requirements() if wanted.marker is None or wanted.marker.evaluate()}
    found, trouble = audited(options.pip_audit)
    vulnerable = [one for one in found if one.get("vulns")]
    checked = {one["name"].lower() for one in found if "vulns" in one}
    checked -= {one["name"].lower() for one in found if "skip_reason" in one}
    for one in vulnerable:
        for advisory in one["vulns"]:
            mended = ", ".join(advisory.get("fix_versions", ())) or "no release yet"
            print(f"{one['name']} {one.get('version', '')}: {advisory.get('id')}, mended in: {mended}")
    if vulnerable:
        return 1
    missing = len({name.lower() for name in locked} - checked)
    if missing:
        why = trouble or next((one["skip_reason"] for one in found if "skip_reason" in one), "no answer")
        print(
            f"NOT AUDITED: {missing} of {len(locked)} locked packages could not be looked up ({why}). "
            "This is no all-clear: run `make audit` where pypi.org can be reached",
            file=sys.stderr,
        )
        return 2 if options.strict else 0
    print(f"{len(checked)} locked packages were looked up: none has a known vulnerability")
    return 0


def requirements() -> list[Requirement]:
    """What is locked, for all platforms."""
    lines = LOCK.read_text("utf-8").splitlines()
    return [Requirement(line.removesuffix("\\").strip()) for line in lines if "==" in line]


def audited(program: str) -> tuple[list[dict[str, Any]], str]:
    """What pip-audit says of each package, or why it says nothing."""
    command = [program, "--disable-pip", "--require-hashes", "-r", str(LOCK), "--format", "json"]
    command += ["--progress-spinner", "off", "--timeout", "5"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        answer = json.loads(done.stdout)["dependencies"]
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError) as error:
        said = [] if isinstance(error, OSError | subprocess.TimeoutExpired) else done.stderr.strip().splitlines()
        return [], said[-1] if said else f"{type(error).__name__}: {error}"[:200]
    return answer, ""


if __name__ == "__main__":
    sys.exit(main())
