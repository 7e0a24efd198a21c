"""``python -m benchmarks [name …]``: run benchmarks (all by default) and put what they print into ``RESULTS.md``, and
where ``docs/how-far.md`` shows it.
"""

from __future__ import annotations

import os
import platform
import sys
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO
from pathlib import Path

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "RESULTS.md"
PAGE = FOLDER.parent / "docs" / "how-far.md"
KNOWN = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))


def keep(name: str, printed: str) -> None:
    """Replace one benchmark's section of ``RESULTS.md``, or add it."""
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}"
    section = f"{begin}\n## {name}\n\n`python -m benchmarks {name}` on {machine}.\n\n{printed.strip()}\n\n{end}"
    kept = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else "# What was measured\n"
    before, found, rest = kept.partition(begin)
    after = rest.partition(end)[2] if found else ""
    RESULTS.write_text(f"{before.rstrip()}\n\n{section}{after}", encoding="utf-8", newline="\n")
    before, shown, rest = PAGE.read_text(encoding="utf-8").partition(begin)
    if shown:
        after = rest.partition(end)[2]
        PAGE.write_text(f"{before}{begin}\n{printed.strip()}\n\n{end}{after}", encoding="utf-8", newline="\n")


if unknown := [name for name in sys.argv[1:] if name not in KNOWN]:
    sys.exit(f"no benchmark {unknown[0]!r}; there are: {', '.join(KNOWN)}")
for name in sys.argv[1:] or KNOWN:
    output = StringIO()
    with redirect_stdout(output):
        import_module(f"benchmarks.{name}").main()
    print(f"\n## {name}\n\n{output.getvalue()}")
    keep(name, output.getvalue())
