"""``python -m benchmarks [name …]``: run benchmarks by the name of their module, all of them by default."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

FOLDER = Path(__file__).parent
KNOWN = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))

if unknown := [name for name in sys.argv[1:] if name not in KNOWN]:
    sys.exit(f"no benchmark {unknown[0]!r}; there are: {', '.join(KNOWN)}")
for name in sys.argv[1:] or KNOWN:
    print(f"\n## {name}\n")
    import_module(f"benchmarks.{name}").main()
