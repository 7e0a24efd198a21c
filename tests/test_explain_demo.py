"""The whole chain for the sample company, redone by hand from what ``okrsync explain`` lists.

"By hand" is a few independent lines here: they know the contract's table, the days of the quarter and the company's own
files, and none of okrsync's judging.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from okrsync.cli import run_command
from okrsync.cli.common import App
from okrsync.movement import judge_movement
from tests.test_demo import VERDICTS, okrsync
from tests.test_explain_schema import SCHEMA

AS_OF = date(2026, 11, 20)
START, END = date(2026, 10, 1), date(2026, 12, 31)
SERIES = {
    "KR1.1": "activation", "KR2.1": "first-product", "KR2.2": "first-order", "KR3.1": "checkout-p95",
    "KR3.2": "payment-success", "KR4.1": "search-visits", "KR4.2": "repeat-buyers", "KR4.3": "referrals",
    "KR5.1": "availability", "KR6.1": "support", "KR6.2": "refunds",
}  # fmt: skip


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("explained")
    done = okrsync("--quiet", "demo", "company", cwd=home)
    assert done.returncode == 0, done.stderr
    return home / "company"


def explained(demo: Path, capfd: pytest.CaptureFixture[str], id_: str, *options: str) -> Any:
    capfd.readouterr()
    options = ("--as-of", AS_OF.isoformat(), "--format", "json", *options)
    assert run_command(["-c", str(demo / "okrsync.yaml"), "explain", id_, *options], App()) == 0
    found = json.loads(capfd.readouterr().out)
    jsonschema.validate(found, SCHEMA, cls=jsonschema.Draft202012Validator)
    return found


def day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def work_by_hand(found: Any) -> dict[str, int]:
    """Counts from the dates of the pieces that are listed, and the reasons for which they were dropped."""
    key_result = found["key_result"]
    last = min(AS_OF, END, day(key_result["retired"]) or END)
    counts: Counter[str] = Counter()
    for piece in found["work"]["pieces"]:
        created, changed, done = day(piece["created"]), day(piece["changed"]), day(piece["done"])
        assert created is not None
        assert changed is not None
        counts["opened"] += START <= created <= last
        if created <= last and (done is None or done > last):
            counts["open"] += 1
            counts["active"] += changed > last - timedelta(days=14)
        if done is not None and START <= done <= last:
            item = piece["items"][0]
            dropped = {item["status"], item["resolution"]} & {"Won't Do", "not_planned", "unmerged"}
            if not dropped:
                counts["completed"] += 1
                counts["settled"] += (AS_OF - done).days >= key_result["lag_days"]
    return {name: counts[name] for name in ("opened", "open", "active", "completed", "settled")}


def series_by_hand(demo: Path, found: Any) -> list[tuple[date, float]]:
    """The series that is to be judged, from the company's own file; of check-ins, from what is listed."""
    key_result = found["key_result"]
    if key_result["id"] not in SERIES:
        return [(date.fromisoformat(each["at"]), each["value"]) for each in found["measurements"]["readings"]]
    with (demo / "metrics" / f"{SERIES[key_result['id']]}.csv").open(encoding="utf-8") as file:
        rows = [(date.fromisoformat(row[0]), float(row[1])) for row in list(csv.reader(file))[1:]]
    whole = timedelta(days=6) if key_result["counted"] else timedelta(0)
    return [(at, value) for at, value in rows if at + whole <= AS_OF]


def verdict_by_hand(found: Any, work: dict[str, int], series: list[tuple[date, float]]) -> str:
    """The table of DESIGN section 7."""
    kr, movement = found["key_result"], found["movement"]["movement"]
    if kr["retired"] is not None and date.fromisoformat(kr["retired"]) <= AS_OF:
        return "retired"
    at_work = "building" if work["completed"] or work["active"] else "neglected"
    if kr["kind"] == "milestone":
        return "achieved" if series and series[-1][1] == 1 else at_work
    if not series or (AS_OF - series[-1][0]).days > 2 * kr["cadence_days"] or series[-1][0] < START:
        return "unmeasured"
    now, lower = series[-1][1], kr["direction"] == "at_most"
    there = now <= kr["target"] if lower else now >= kr["target"]
    if kr["kind"] == "maintain":
        return "delivering" if there else "busy" if work["completed"] or work["active"] else "neglected"
    if there:
        return "achieved"
    if movement == "unknown":
        return "unmeasured"
    if movement == "toward":
        return "delivering" if work["completed"] else "unattributed"
    if work["completed"]:
        return "busy" if work["settled"] else "too_early"
    return at_work


@pytest.mark.parametrize("id_", sorted(VERDICTS))
def test_the_chain_can_be_redone(demo: Path, capfd: pytest.CaptureFixture[str], id_: str) -> None:
    found = explained(demo, capfd, id_)
    work, series = work_by_hand(found), series_by_hand(demo, found)
    assert {name: found["work"][name] for name in work} == work
    listed = [(date.fromisoformat(each["at"]), each["judged"]) for each in found["measurements"]["readings"]]
    assert [(at, value) for at, value in listed if value is not None] == series
    assert all((each["judged"] is None) is (each["left_out"] is not None) for each in found["measurements"]["readings"])
    verdict = verdict_by_hand(found, work, series)
    assert found["verdict"]["verdict"] == verdict == VERDICTS[id_]


@pytest.mark.parametrize("id_", sorted(SERIES))
def test_the_movement_follows_from_the_listed_readings(demo: Path, capfd: pytest.CaptureFixture[str], id_: str) -> None:
    """The rule is put to the listed numbers again; where it tells its own means, these are calculated anew."""
    found = explained(demo, capfd, id_)
    kr, told = found["key_result"], found["movement"]
    points = [
        (date.fromisoformat(each["at"]), each["judged"])
        for each in found["measurements"]["readings"]
        if each["judged"] is not None
    ]
    again = judge_movement(
        points, baseline=kr["baseline"], target=kr["target"], start=START, until=AS_OF, end=END,
        cadence=timedelta(days=kr["cadence_days"]), upward=kr["direction"] == "at_least",
    )  # fmt: skip
    assert (again.movement, again.trend, again.rule) == (told["movement"], told["trend"], told["rule"])
    assert again.points == told["points"] == len(points)
    level = re.search(
        r"later ones weighing more, is (-?[\d.]+);.*compared with (-?[\d.]+), the mean of (\d+)", told["rule"]
    )
    if level is not None:
        before = [value for at, value in points if at < START]
        during = [value for at, value in points if at >= START]
        weighed = sum(weight * value for weight, value in enumerate(during, 1)) / sum(range(1, len(during) + 1))
        assert int(level[3]) == len(before)
        assert math.isclose(float(level[1]), weighed, rel_tol=1e-3)
        assert math.isclose(float(level[2]), sum(before) / len(before), rel_tol=1e-3)


@pytest.mark.parametrize("id_", ["KR1.1", "KR2.1", "KR3.2", "KR4.1", "KR5.2", "KR6.2"])
def test_every_replayed_day_is_what_the_report_says_of_it(
    demo: Path, capfd: pytest.CaptureFixture[str], id_: str
) -> None:
    found = explained(demo, capfd, id_)
    replayed = [(each["date"], each["verdict"]) for each in found["verdict"]["replayed"]]
    assert [at for at, _ in replayed] == [
        *((START + timedelta(days=7 * week - 1)).isoformat() for week in range(1, 8)), AS_OF.isoformat(),
    ]  # fmt: skip
    for at, verdict in replayed[::3]:
        assert explained(demo, capfd, id_, "--as-of", at)["verdict"]["verdict"] == verdict
    run = [at for at, verdict in replayed if verdict == found["verdict"]["verdict"]]
    since = next(at for index, (at, _) in enumerate(replayed) if len({verdict for _, verdict in replayed[index:]}) == 1)
    assert found["verdict"]["since"] == since
    assert since in run


@pytest.mark.parametrize("id_", ["KR1.1", "KR2.1", "KR3.1", "KR4.2"])
def test_rules_and_links_are_those_that_links_lists(demo: Path, capfd: pytest.CaptureFixture[str], id_: str) -> None:
    found = explained(demo, capfd, id_)
    capfd.readouterr()
    assert run_command(["-c", str(demo / "okrsync.yaml"), "links", "--kr", id_], App()) == 0
    lines = [line.split("\t") for line in capfd.readouterr().out.splitlines()]
    for rule in found["rules"]:
        assert rule["matched"] + rule["below"] + rule["named"] == len(
            {key for _, _, key, words, _ in lines if words.startswith(rule["rule"])}
        )
    keys = {item["key"] for piece in found["work"]["pieces"] for item in piece["items"] if item["links"]}
    keys |= {item["key"] for name in ("passing_down", "counted_elsewhere") for item in found["work"][name]}
    assert keys == {key for _, _, key, _, _ in lines}


def test_links_can_be_opened_and_the_terminal_shows_them(demo: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = explained(demo, capfd, "KR3.1")
    shown = okrsync("explain", "KR3.1", "--as-of", AS_OF.isoformat(), cwd=demo).stdout
    addresses = [piece["url"] for piece in found["work"]["pieces"]]
    assert all(address.startswith(("http://", "https://")) for address in addresses)
    assert all(address in shown for address in addresses)
    assert "dropped on 2026-11-06: unmerged: marigold/storefront#33" in shown
    work = found["work"]
    assert f"{work['completed']} completed, {work['settled']} of them settled; {work['open']} open" in shown
