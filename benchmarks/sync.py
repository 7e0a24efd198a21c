"""What a sync costs, beside the least that it can cost, in one run against stand-ins on loopback.

A request takes 150 ms, and at Jira each issue in its answer another. All of it takes about six minutes; to measure
less, ``python -m benchmarks.sync --only first --items 2000``. What reads a clone is in ``benchmarks.git``.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median

from benchmarks._harness import (
    Cost,
    Service,
    StandIn,
    configure,
    floor,
    folder,
    serving,
    start,
    sync,
)
from benchmarks._jira_site import SERVER_PAGE

ITEMS = 10_000
JOBS = (8, 16)
AIMS = {8: 1.3, 16: 1.4}


def _jira(kind: str, url: str, projects: list[str]) -> dict[str, object]:
    auth = {"email": "bot@acme.example", "token": "${BENCHMARK_TOKEN}"} if kind == "cloud" else {"token": "t"}
    return {"type": "jira", "url": url, "auth": auth, "projects": projects}


def _github(url: str, repos: list[str]) -> dict[str, object]:
    return {"type": "github", "url": url, "auth": {"token": "${BENCHMARK_TOKEN}"}, "repos": repos}


CLOUD = Service(
    "Jira Cloud",
    "benchmarks._jira_site:Site",
    ("benchmarks._jira_floor", "cloud"),
    lambda url: _jira("cloud", url, ["SHOP"]),
)
SERVER = Service(
    "Jira Data Center",
    "benchmarks._jira_site:Server",
    ("benchmarks._jira_floor", "server"),
    lambda url: _jira("server", url, ["SHOP"]),
)
GITHUB = Service(
    "GitHub",
    "benchmarks._github_site:Site",
    ("benchmarks._github_floor",),
    lambda url: _github(url, ["acme/shop"]),
)
SERVICES = (CLOUD, SERVER, GITHUB)


def services() -> list[Service]:
    """Those that can be measured."""
    return list(SERVICES)


def first(items: int, repeats: int) -> str:
    """The first sync of each service beside its floor, and of all together beside the slowest alone."""
    rows = [
        f"First sync of {items:,} items each: wall s / user CPU s / peak MB / requests, median of {repeats} by wall.",
        "",
        "| source | at a time | floor | okrsync | ratio | aim | CPU µs an item |",
        "|---|--:|---|---|--:|--:|--:|",
    ]
    floors: dict[int, list[float]] = {jobs: [] for jobs in JOBS}
    alone: dict[int, list[float]] = {jobs: [] for jobs in JOBS}
    with ExitStack() as stack, folder() as path:
        known = [(service, stack.enter_context(serving(service, items))) for service in SERVICES]
        for service, stand_in in known:
            for jobs in JOBS:
                pairs = [
                    (floor(service, stand_in, jobs, path), _first_sync(path, [(service, stand_in)], jobs))
                    for _ in range(repeats)
                ]
                least, ours = _middle([pair[0] for pair in pairs]), _middle([pair[1] for pair in pairs])
                ratio = median(pair[1].wall / pair[0].wall for pair in pairs)
                floors[jobs].append(least.wall)
                alone[jobs].append(ours.wall)
                rows.append(
                    f"| {service.name} | {jobs} | {_shown(least)} | {_shown(ours)} | {ratio:.2f} | {AIMS[jobs]} | "
                    f"{ours.user / items * 1e6:.0f} |"
                )
        for jobs in JOBS:
            ours = _middle([_first_sync(path, known, jobs) for _ in range(repeats)])
            slowest = max(alone[jobs])
            rows.append(
                f"| all {len(known)} together | {jobs} each | {slowest:.1f} (the slowest alone; its floor "
                f"{max(floors[jobs]):.1f}) | {_shown(ours)} | {ours.wall / slowest:.2f} | 1.3 | "
                f"{ours.user / items / len(known) * 1e6:.0f} |"
            )
    empty = _empty()
    rows += [
        "",
        f"In CPU µs an item there are {empty.user / items * 1e6:.0f} of starting the program: a first sync of one item "
        f"takes {empty.user:.2f} s of user CPU. The aim is 150 in all.",
    ]
    return "\n".join(rows)


def _empty() -> Cost:
    with serving(CLOUD, 1, "slowness=0") as stand_in, folder() as path:
        return _middle([_first_sync(path, [(CLOUD, stand_in)], 8) for _ in range(3)])


def again(items: int, repeats: int) -> str:
    """What comes after the first sync: nothing or little changed, a census, a resumed pull."""
    rows = [
        f"After a first sync of {items:,} items, 8 at a time: wall s / user CPU s / peak MB / requests.",
        "",
        f"| what | {' | '.join(service.name for service in SERVICES)} | aim |",
        f"|---|{'---|' * len(SERVICES)}---|",
    ]
    columns = [_again(service, items) for service in SERVICES]
    for at, (what, _, aim) in enumerate(columns[0]):
        rows.append(f"| {what} | {' | '.join(column[at][1] for column in columns)} | {aim} |")
    rows += [
        "",
        f"Data Center is asked for 5,000 ids at a time and gives what it is set up for, here as by default "
        f"{SERVER_PAGE:,}: its census takes a request for each of these.",
    ]
    return "\n".join(rows)


def _again(service: Service, items: int) -> list[tuple[str, str, str]]:
    with serving(service, items) as stand_in, folder() as path:
        _configure(path, [(service, stand_in)])
        whole = sync(path, stand_ins=[stand_in])
        rows = [("the first sync", _shown(whole), "")]
        rows.append(("nothing changed", _shown(sync(path, stand_ins=[stand_in])), "≤ 2 requests, 3 more a Jira site"))
        stand_in.ask("change?100")
        rows.append(("100 changed", _shown(sync(path, stand_ins=[stand_in])), ""))
        with closing(sqlite3.connect(path / "okrsync.db")) as store, store:
            store.execute("UPDATE scopes SET last_census = '2020-01-01 00:00:00.000000'")
        stand_in.ask("change?0")
        census = sync(path, stand_ins=[stand_in])
        rows.append(("nothing changed, and a census", _shown(census), "1 request more per 5,000 issues at Jira"))
    with serving(service, items) as stand_in, folder() as path:
        _configure(path, [(service, stand_in)])
        killed = _kill_at(path, items // 2)
        rest = sync(path, stand_ins=[stand_in])
        share = f"{_shown(rest)} = {rest.requests / whole.requests:.0%} of the requests"
        rows.append(("SIGKILL with half of it stored: the rest", f"at {killed / items:.0%}: {share}", "≤ 55%"))
    many = ["projects=10"] if service is not GITHUB else []
    with serving(service, 100, *many) as stand_in, folder() as path:
        configure(path, {"source": _ten(service, stand_in.url)}, service.rules)
        sync(path, stand_ins=[stand_in])
        rest = _middle([sync(path, stand_ins=[stand_in]) for _ in range(3)])
        rows.append(("ten scopes, nothing changed", _shown(rest), "≤ 1 s; ≤ 2 requests a scope, 3 more a Jira site"))
    return rows


def _ten(service: Service, url: str) -> dict[str, object]:
    from benchmarks._jira_site import PROJECTS

    if service is GITHUB:
        return _github(url, [f"acme/shop{number}" for number in range(10)])
    return _jira("cloud" if service is CLOUD else "server", url, list(PROJECTS))


def size(items: int, repeats: int) -> str:
    """Peak memory does not follow the number of items; nor does how even the data is matter."""
    rows = [
        "Without latency, 8 at a time: wall s / user CPU s / peak MB / requests.",
        "",
        f"| what | {' | '.join(service.name for service in SERVICES)} |",
        f"|---|{'---|' * len(SERVICES)}",
    ]
    peaks: dict[str, list[float]] = {service.name: [] for service in SERVICES}
    for number in (items, 10 * items):
        shown = []
        for service in SERVICES:
            cost = _size(service, number, "slowness=0")
            peaks[service.name].append(cost.peak)
            shown.append(f"{_shown(cost)} = {cost.user / number * 1e6:.0f} µs of CPU an item")
        rows.append(f"| {number:,} items | {' | '.join(shown)} |")
    growth = [f"{more / less - 1:+.0%}" for less, more in peaks.values()]
    rows.append(f"| ten times as many: peak memory (aim: at most 10% more, under 120 MB) | {' | '.join(growth)} |")
    skewed = [_shown(_size(service, items, "skewed=1")) for service in (CLOUD, SERVER)]
    rows.append(f"| {items:,} issues, made ever more often, with latency | {' | '.join(skewed)} | – |")
    return "\n".join(rows)


def _size(service: Service, items: int, *arguments: str) -> Cost:
    with serving(service, items, *arguments) as stand_in, folder() as path:
        return _first_sync(path, [(service, stand_in)], 8)


def many(items: int, repeats: int) -> str:
    """A hundred changed among many: the cost follows the hundred."""
    sizes = (items, 100 * items)
    rows = [
        "100 changed of so many, no latency, Jira Cloud; wall s / user CPU s / peak MB / requests.",
        "",
        f"| what | {' | '.join(f'{number:,} stored' for number in sizes)} |",
        f"|---|{'---|' * len(sizes)}",
    ]
    costs: dict[str, list[str]] = {"the first sync": [], "nothing changed": [], "100 changed": []}
    for number in sizes:
        with serving(CLOUD, number, "slowness=0") as stand_in, folder() as path:
            _configure(path, [(CLOUD, stand_in)])
            costs["the first sync"].append(_shown(sync(path, stand_ins=[stand_in])))
            stand_in.ask("change?0")
            rest = [sync(path, stand_ins=[stand_in]) for _ in range(repeats)]
            costs["nothing changed"].append(_shown(_middle(rest)))
            changed = []
            for _ in range(repeats):
                stand_in.ask("change?100")
                changed.append(sync(path, stand_ins=[stand_in]))
            costs["100 changed"].append(_shown(_middle(changed)))
    return "\n".join([*rows, *(f"| {what} | {' | '.join(shown)} |" for what, shown in costs.items())])


PARTS = {"first": first, "again": again, "size": size, "many": many}


def main(only: tuple[str, ...] = ("first", "again", "size"), items: int = ITEMS, repeats: int = 3) -> None:
    """Print the tables."""
    print("\n\n".join(PARTS[part](items, repeats) for part in only))


def _configure(path: Path, known: list[tuple[Service, StandIn]]) -> None:
    sources = {service.name.replace(" ", "-").lower(): service.source(stand_in.url) for service, stand_in in known}
    configure(path, sources, [rule for service, _ in known for rule in service.rules])


def _first_sync(path: Path, known: list[tuple[Service, StandIn]], jobs: int) -> Cost:
    place = path / f"okrsync-{time.monotonic_ns()}"
    _configure(place, known)
    return sync(place, "--jobs", str(jobs), stand_ins=[stand_in for _, stand_in in known])


def _kill_at(path: Path, stored: int) -> int:
    """Kill a sync (SIGKILL) as soon as the store holds so many items. Returns how many it held then."""
    process = start(path, "okrsync.cli", "-q", "sync")
    while process.poll() is None and _items_in(path / "okrsync.db") < stored:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    return _items_in(path / "okrsync.db")


def _items_in(file: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as store:
            return int(store.execute("SELECT count(*) FROM items").fetchone()[0])
    except sqlite3.OperationalError:  # not there yet
        return 0


def _middle(costs: list[Cost]) -> Cost:
    return sorted(costs, key=lambda cost: cost.wall)[len(costs) // 2]


def _shown(cost: Cost) -> str:
    refused = f" ({cost.refused} refused)" if cost.refused else ""
    return f"{cost.wall:.1f} / {cost.user:.1f} / {cost.peak:.0f} / {cost.requests}{refused}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=sorted(PARTS), default=[])
    parser.add_argument("--items", type=int, default=ITEMS)
    parser.add_argument("--repeats", type=int, default=1)
    given = parser.parse_args()
    main(tuple(given.only) or ("first", "again", "size"), given.items, given.repeats)
    sys.stdout.flush()
