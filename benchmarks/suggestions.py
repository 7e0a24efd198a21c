"""How often `okrsync links --suggest` names the right key result: known links are hidden, and the field that made them.

The recorded issues: what stands below one epic, carries one component or one label serves one key result, which is
titled like the epic, component or label. Generated organisations: goals in English and Chinese whose titles name the
outcome and whose work speaks of something else. Part of the links is left to learn from; the rest is unlinked, without
the epic, component or label, and must be found among all the work that serves nothing.
"""

# ruff: noqa: SIM905 - many words are easier to read as one text
from __future__ import annotations

import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

from okrsync.model import KeyResult, Kind, Metric, Objective, Piece, WorkText
from okrsync.similarity import Resemblance
from okrsync.suggest import MINIMUM, suggest
from tests.recorded_setup import ISSUES

Facet = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Case:
    """A body of work, and which of it truly serves which key result."""

    name: str
    goals: Sequence[tuple[KeyResult, Objective]]
    work: Sequence[WorkText]
    truth: dict[int, frozenset[str]]
    marks: dict[str, Facet]
    """The field that gives a key result away; it is taken off what is hidden."""


def main() -> None:
    """Print the table."""
    print(
        "`first`, `top 3`: how often a hidden link's key result comes first, and among the first three. `suggested`: "
        f"the share of hidden pieces that score {MINIMUM} or more, `right` of them; `strangers`: the share of pieces "
        "that serve none of the goals and yet score as much (some may well belong there). `rules right`: of all "
        "unlinked pieces that the rules to paste would take, those that belong there.\n"
    )
    print("| work | key results | linked | hidden | first | top 3 | suggested | right | strangers | rules right |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    cases = [generated(8, 40), generated(60, 60)]
    if ISSUES.exists():
        cases = [*recorded(), *cases]
    for case in cases:
        for share in (0.6, 0.1):
            print(_row(case, share))
    print(f"\n{_cost(100_000, 500)}")


def _row(case: Case, share: float) -> str:
    draw = random.Random(7)
    work, hidden = [], []
    for one in case.work:
        true = case.truth.get(one.piece.id, frozenset())
        if true and draw.random() < share:
            work.append(replace(one, piece=replace(one.piece, key_results=true)))
            continue
        marks = {case.marks[kr_id] for kr_id in case.marks}
        facets = tuple(facet for facet in one.facets if facet not in marks)
        epic_title = one.epic_title if any(key == "epics" for key, _ in facets) else None
        work.append(replace(one, facets=facets, epic_title=epic_title))
        if true:
            hidden.append(work[-1])
    resemblance = Resemblance(case.goals, work)
    first = third = suggested = right = 0
    for one in hidden:
        ranked = resemblance.of(one)
        true = case.truth[one.piece.id]
        first += any(kr_id in true for kr_id, _ in ranked[:1])
        third += any(kr_id in true for kr_id, _ in ranked)
        if ranked and ranked[0][1] >= MINIMUM:
            suggested += 1
            right += ranked[0][0] in true
    strangers = [one for one in work if one.piece.id not in case.truth][:3000]
    taken = sum(bool((found := resemblance.of(one, best=1)) and found[0][1] >= MINIMUM) for one in strangers)
    rules = [
        each.key_result in case.truth.get(piece.id, ())
        for each in suggest(case.goals, work)
        if "keys:" not in each.rule
        for piece in _taken(each.rule, work)
    ]
    return (
        f"| {case.name} | {len(case.goals)} | {share:.0%} | {len(hidden)} | {first / len(hidden):.0%} | "
        f"{third / len(hidden):.0%} | {suggested / len(hidden):.0%} | {_share(right, suggested)} | "
        f"{_share(taken, len(strangers))} | {_share(sum(rules), len(rules))} |"
    )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "–"


def _taken(rule: str, work: Iterable[WorkText]) -> Iterable[Piece]:
    """The unlinked pieces that a rule takes, read back from its YAML."""
    from ruamel.yaml import YAML

    wanted = YAML(typ="safe").load(rule)
    source, projects = wanted.pop("source"), wanted.pop("projects", None) or wanted.pop("repos", None)
    for one in work:
        if one.piece.key_results or one.piece.source != source or (projects and one.project not in projects):
            continue
        if all((key, value) in one.facets for key, (value,) in wanted.items()):
            yield one.piece


# --- recorded work ----------------------------------------------------------------------------------------------------


def recorded() -> Iterable[Case]:
    """The recorded Jira Data Center, by epics of all years and by components and labels of 2013."""
    work = [one for one in _stored() if one.piece.source == "tidev"]
    of_2013 = [one for one in work if one.piece.created_at.year == 2013]
    yield _case("recorded, epics", work, "epics", 8, 1000, lambda one: one.epic_title)
    yield _case("recorded, components", of_2013, "components", 30, 10_000, None)
    yield _case("recorded, labels", of_2013, "labels", 20, 150, None)


def _case(
    name: str,
    work: Sequence[WorkText],
    key: str,
    least: int,
    most: int,
    title: Callable[[WorkText], str | None] | None,
) -> Case:
    members: dict[Facet, list[WorkText]] = defaultdict(list)
    for one in work:
        for facet in one.facets:
            if facet[0] == key and (title is None or title(one)):
                members[facet].append(one)
    kept = {facet: ones for facet, ones in sorted(members.items()) if least <= len(ones) <= most}
    truth: dict[int, set[str]] = defaultdict(set)
    goals, marks = [], {}
    for number, (facet, ones) in enumerate(kept.items(), 1):
        goals.append(_goal(f"KR{number}", (title and title(ones[0])) or facet[1], ""))
        marks[f"KR{number}"] = facet
        for one in ones:
            truth[one.piece.id].add(f"KR{number}")
    return Case(name, goals, work, {id_: frozenset(krs) for id_, krs in truth.items()}, marks)


def _goal(id_: str, title: str, objective: str) -> tuple[KeyResult, Objective]:
    return KeyResult(id_, "O", title, None, Kind.METRIC, Metric()), Objective("O", "C", "team", objective, ())


def _stored() -> list[WorkText]:
    from okrsync.sandbox.jira import JiraStandIn
    from okrsync.sandbox.recorded import load_jira
    from okrsync.store import read
    from okrsync.store.engine import open_store
    from tests.recorded_setup import import_commits, okrsync, write_configuration

    with tempfile.TemporaryDirectory() as name, JiraStandIn("server", account_timezone="UTC") as jira:
        load_jira(ISSUES, jira)
        import_commits(Path(name))
        folder = Path(name) / "okrs"
        folder.mkdir()
        write_configuration(folder, jira.url, jira.token)
        okrsync(folder, "-q", "sync")
        engine = open_store(f"sqlite:///{folder / 'okrsync.db'}")
        try:
            pieces = read.pieces(
                engine, sources=("tidev",), key_results=(), start=datetime(2000, 1, 1, tzinfo=UTC),
                end=datetime(2030, 1, 1, tzinfo=UTC), not_completed=(), all_open=True,
            )  # fmt: skip
            return read.work_texts(engine, pieces)
        finally:
            engine.dispose()


# --- generated work ---------------------------------------------------------------------------------------------------

_SUBJECTS = (
    "checkout payment refund payout invoice tax coupon discount cart basket wishlist search filter "
    "ranking catalogue stock warehouse shipping carrier parcel return label login password profile "
    "address import export spreadsheet webhook token permission role audit theme template banner image "
    "video newsletter campaign referral survey review rating chat ticket refund dispute fraud limit "
    "currency locale translation menu footer editor preview domain certificate backup restore latency "
    "cache queue worker deploy rollback alert dashboard metric "
).split()
_CHINESE = (
    "支付 退款 发票 优惠券 购物车 搜索 筛选 库存 仓库 物流 退货 登录 密码 地址 "
    "导入 导出 权限 审计 模板 图片 活动 推荐 评价 客服 风控 汇率 翻译 菜单 域名 "
    "备份 缓存 队列 发布 告警 报表 "
).split()
_VERBS = (
    "fix add support show hide allow prevent handle validate cache retry log rename split merge document "
).split()
_ACTIONS = ("修复 新增 支持 显示 隐藏 允许 校验 重试 记录 优化 拆分 合并 ").split()
_OUTCOMES = ("activation retention conversion revenue churn satisfaction orders visits failures delays ").split()
_NOISE = ("page button form list item error message api job test flow screen mobile old new empty wrong slow ").split()


def generated(key_results: int, pieces_each: int) -> Case:
    """An organisation whose goals name outcomes and whose work names things; a fifth of the work serves nothing."""
    draw = random.Random(key_results)
    goals, work, truth, marks = [], [], {}, {}
    moment = datetime(2026, 10, 5, tzinfo=UTC)
    number = 0

    def piece(title: str, project: str, facets: tuple[Facet, ...]) -> WorkText:
        nonlocal number
        number += 1
        at = moment + timedelta(hours=number % 1500)
        return WorkText(
            Piece(number, "jira", project, f"{project}-{number}", title, None, at, at, at, True), project, facets
        )

    for index in range(1, key_results + 1):
        id_, chinese = f"KR{index}", index % 3 == 0
        topic = draw.sample(_CHINESE if chinese else _SUBJECTS, 4)
        aim = f"{topic[0]}{'成功率' if chinese else ' ' + draw.choice(_OUTCOMES)}"
        goals.append(_goal(id_, f"{aim} 12 → 30", draw.choice(_OUTCOMES)))
        marks[id_] = ("labels", f"kr-{index}")
        for _ in range(draw.randint(pieces_each // 4, pieces_each)):
            spoken = draw.sample(topic, draw.choice((1, 1, 2)))
            if chinese:
                title = f"{draw.choice(_ACTIONS)}{'的'.join(spoken)}{draw.choice(['页面', '接口', '按钮', '流程'])}"
            else:
                title = " ".join([draw.choice(_VERBS), *spoken, *draw.sample(_NOISE, 2)])
            facets = [marks[id_]]
            if draw.random() < 0.5:
                facets.append(("labels", draw.choice(("bug", "feature", f"area-{topic[0]}"))))
            work.append(piece(title, f"P{index % 7}", tuple(sorted(facets))))
            truth[number] = frozenset({id_})
    for _ in range(len(work) // 4):
        title = " ".join([draw.choice(_VERBS), draw.choice(_SUBJECTS), *draw.sample(_NOISE, 2)])
        work.append(piece(title, f"P{draw.randrange(7)}", ()))
    return Case("generated", goals, work, truth, marks)


def _cost(unlinked: int, key_results: int) -> str:
    draw = random.Random(1)
    vocabulary = [f"w{index}" for index in range(8000)]
    weights = list(accumulate(1 / (rank + 5) for rank in range(8000)))
    at = datetime(2026, 10, 5, tzinfo=UTC)

    def title(length: int) -> str:
        return " ".join(draw.choices(vocabulary, cum_weights=weights, k=length))

    def piece(number: int) -> Piece:
        served = frozenset([f"KR{number % key_results}"] if number >= unlinked else [])
        return Piece(number, "jira", "P", f"P-{number}", title(8), None, at, at, at, True, served)

    goals = [_goal(f"KR{n}", title(6), "") for n in range(key_results)]
    work = [
        WorkText(piece(n), f"P{n % 300}", (("labels", f"l{n % 997}"), ("components", f"c{n % 499}")))
        for n in range(unlinked + unlinked // 2)
    ]
    began = time.process_time()
    found = suggest(goals, work)
    return (
        f"{unlinked:,} unlinked and {unlinked // 2:,} linked pieces, {key_results} key results, titles of random "
        f"words: {time.process_time() - began:.1f} s of CPU; {sum(len(each.pieces) for each in found)} resemble one."
    )
