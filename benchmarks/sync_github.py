"""What comes after a first sync of GitHub, and what it costs without its latency.

The first sync itself stands beside those of Jira in ``python -m benchmarks sync``.
"""

from __future__ import annotations

import argparse
import sqlite3
from contextlib import closing

from benchmarks._harness import Service, folder, serving, sync

ITEMS = 10_000
SERVICE = Service(
    "GitHub",
    "benchmarks._github_site:Site",
    ("benchmarks._github_floor",),
    lambda url: {"type": "github", "url": url, "auth": {"token": "t"}, "repos": ["acme/shop"]},
)


def main(items: int = ITEMS) -> None:
    """Print the table."""
    from benchmarks.sync import _configure, _first_sync, _kill_at, _shown

    rows = [
        f"After a first sync of {items:,} GitHub items, 8 at a time: wall s / user CPU s / peak MB / requests.",
        "",
        "| what | GitHub | aim |",
        "|---|---|---|",
    ]
    with serving(SERVICE, items) as stand_in, folder() as path:
        _configure(path, [(SERVICE, stand_in)])
        whole = sync(path, stand_ins=[stand_in])
        rows.append(f"| the first sync | {_shown(whole)} | |")
        rows.append(f"| nothing changed | {_shown(sync(path, stand_ins=[stand_in]))} | ≤ 2 requests a scope |")
        stand_in.ask("change?100")
        rows.append(f"| 100 changed | {_shown(sync(path, stand_ins=[stand_in]))} | |")
        with closing(sqlite3.connect(path / "okrsync.db")) as store, store:
            store.execute("UPDATE scopes SET last_census = '2020-01-01 00:00:00.000000'")
        stand_in.ask("change?0")
        rows.append(f"| nothing changed, and a census | {_shown(sync(path, stand_ins=[stand_in]))} | |")
    with serving(SERVICE, items) as stand_in, folder() as path:
        _configure(path, [(SERVICE, stand_in)])
        _kill_at(path, items // 2)
        rest = sync(path, stand_ins=[stand_in])
        share = f"{_shown(rest)} = {rest.requests / whole.requests:.0%} of the requests"
        rows.append(f"| killed with half of it stored: the rest | {share} | ≤ 55% |")
    rows += ["", "Without latency:", "", "| what | GitHub |", "|---|---|"]
    for many in (items, 10 * items):
        with serving(SERVICE, many, "slowness=0") as stand_in, folder() as path:
            cost = _first_sync(path, [(SERVICE, stand_in)], 8)
        rows.append(f"| {many:,} items | {_shown(cost)} = {cost.user / many * 1e6:.0f} µs CPU an item |")
    print("\n".join(rows))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=ITEMS)
    main(parser.parse_args().items)
