"""Strategy, seen in how a key result is worded and measured: tasks, counts of work, and progress in percent."""

from __future__ import annotations

import re
from collections.abc import Iterator

from okrsync.findings.interface import Facts, Found, Rule, of_key_result
from okrsync.findings.telling import owner_of
from okrsync.findings.wording import DOING, DONE, NOTHING_MEASURED, PRODUCED, task_cue
from okrsync.language import N_, _
from okrsync.model import KeyResult, Kind

_ONE = frozenset(
    """issue ticket story task epic release deploy deployment commit feature bug defect sprint milestone backlog
    velocity""".split()  # noqa: SIM905 (a column of words)
)
"""Words for work items and for what ships them."""
_MANY = frozenset(f"{one[:-1]}ies" if one.endswith("y") else f"{one}s" for one in _ONE) | {"prs", "velocity"}
_COUNTED = frozenset(
    """count counts total num number closed done completed resolved merged shipped released finished fixed
    points""".split()  # noqa: SIM905
)
_OF_CUSTOMERS = re.compile(
    r"support|customer|client|help ?desk|service ?desk|zendesk|freshdesk|intercom|complain|incident|escape|reported|"
    r"inbound|incoming|客服|客户|用户|投诉|商家|售后",
    re.IGNORECASE,
)
"""Tickets that customers open are an outcome of the work, not a count of it."""
_NOT_A_COUNT = frozenset(
    """day days hour hours minute minutes second seconds ms time times duration latency rate ratio percent pct share
    age avg average mean median p50 p90 p95 p99 score size per revenue failed failures error errors usage users
    adoption customers orders visits readers notes""".split()  # noqa: SIM905
)
_OTHER_WORK = re.compile(
    r"(?:pull|merge) request|工单|任务数|需求数|缺陷|用户故事|故事点|版本数|发布次数|上线次数|部署次数|"
    r"功能数|代码行|提交数|合并请求",
    re.IGNORECASE,
)
_UNIT_BEFORE = re.compile(r"\s*(?:/|\bper\b|每|a\b|an\b|each\b).*", re.IGNORECASE)
_PER_CUSTOMER = re.compile(r"(?:/|\bper\b)\s*\d*\s*(?!week|month|quarter|day|sprint|year|team)[a-z]{3,}", re.IGNORECASE)
_ITEMS = (
    r"(?:issues?|tickets?|stories|user stories|story points|tasks|epics|releases|deployments?|deploys|commits|"
    r"pull requests|PRs|merge requests|features|bugs|defects|backlog items)\b"
)
_COUNTED_TITLE = re.compile(
    rf"\b(?:number|count|amount|total) of (?:[\w-]+ ){{0,3}}?{_ITEMS}|^(?:at least )?\d[\d.,]* (?:[\w-]+ )?{_ITEMS}|"
    r"\b(?:close|resolve|fix|finish|ship|release|deliver|merge|complete|clear|burn down) (?:[\w%.,]+ ){0,5}?"
    rf"{_ITEMS}|"
    rf"\b{_ITEMS} (?:closed|resolved|fixed|finished|shipped|released|delivered|merged|completed|done|per (?:week|month|"
    r"quarter|sprint|day|year|team))\b|\bstory points\b|\bvelocity\b|"
    r"(?:功能|特性|需求|版本|缺陷|[Bb]ug|任务|用户故事|合并请求|代码提交|发布|上线|部署)[^，。的率]{0,4}(?:数量|个数|次数|数目)|故事点",
    re.IGNORECASE,
)
_IN_TIME = re.compile(r"\b(?:within|on time|in under|time to|days? to)\b", re.IGNORECASE)
"""How fast issues are closed is a result for who opened them."""
_PROGRESS = re.compile(
    r"\bprogress\b|\bcompletion\b|(?:%|percent|percentage)\s*(?:of \w+ )?(?:complete|done|finished)|\broll-?out\b|"
    r"\bmigrated\b|\bpercent_?(?:complete|done)\b|进度|完成度|完成率|完成比例|完成百分比|达成率|推进率|上线率",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"%|percent|pct|百分", re.IGNORECASE)


_WHY = {
    DOING: N_("It begins with a verb of doing: “{words}”."),
    PRODUCED: N_("It counts what is produced: “{words}”."),
    DONE: N_("It says that something is done: “{words}”."),
    NOTHING_MEASURED: N_("It names something to do and nothing to measure: “{words}”."),
}


def _task(facts: Facts) -> Iterator[Found]:
    for objective, key_result in facts.key_results():
        cue = None if key_result.kind is Kind.MILESTONE else task_cue(key_result.title)
        if cue is not None:
            yield Found(
                of_key_result(key_result),
                _("{id} reads like a task: {title}").format(id=key_result.id, title=_short(key_result.title)),
                (_(_WHY[cue.why]).format(words=cue.words),),
                _(
                    "{who}: say what is better for whom once it is done, and measure that; what is only to be done is "
                    "'kind: milestone'."
                ).format(who=owner_of(key_result.owner, objective.owner)),
            )


def _counts_work(facts: Facts) -> Iterator[Found]:
    for objective, key_result in facts.key_results():
        evidence = [] if key_result.kind is Kind.MILESTONE else list(counts_of_work(key_result))
        if evidence:
            yield Found(
                of_key_result(key_result),
                _("{id} counts work, not a result: {title}").format(id=key_result.id, title=_short(key_result.title)),
                (*evidence, _("Closing issues would move it, whether or not anything is better.")),
                _("{who}: measure what this work is to change; what is only to be done is 'kind: milestone'.").format(
                    who=owner_of(key_result.owner, objective.owner)
                ),
            )


_PLACES = {
    "column": N_("Its column is “{text}”."),
    "file": N_("Its file is “{text}”."),
    "query": N_("Its query is “{text}”."),
}


def counts_of_work(key_result: KeyResult) -> Iterator[str]:
    """Where a key result's title, unit or source shows that it counts issues, tickets or releases."""
    metric = key_result.metric
    unit = metric.unit or ""
    of_customers = any(
        _OF_CUSTOMERS.search(text) for text in (key_result.title, unit, *(text for _name, text in _source(key_result)))
    ) or bool(_PER_CUSTOMER.search(unit))
    if of_customers:
        return
    counted = _UNIT_BEFORE.sub("", unit)
    if _words(counted) & (_ONE | _MANY) or _OTHER_WORK.search(counted):
        yield _("Its unit is “{text}”.").format(text=_short(unit))
    found = _COUNTED_TITLE.search(key_result.title)
    if found is not None and not _IN_TIME.search(key_result.title):
        yield _("Its title counts “{text}”.").format(text=found[0].strip())
    for name, text in _source(key_result):
        words = _words(text)
        if name == "query":
            if "select" in words and not re.search(r"\b(?:count|sum)\s*\(", text, re.IGNORECASE):
                continue
            # A query names much beside what it counts: only the tables, or the metric, of it say what that is.
            words = {word for table in _counted_by(text) for word in _words(table)}
        named = words & _MANY or (words & _ONE and words & _COUNTED) or _OTHER_WORK.search(text.replace("_", " "))
        if named and not words & _NOT_A_COUNT:
            yield _(_PLACES[name]).format(text=_short(text))


def _counted_by(query: str) -> list[str]:
    tables = re.findall(r"\b(?:from|join)\s+[\"`\[]?([\w.]+)", query, re.IGNORECASE)
    return tables or re.findall(r"\b([a-z_:][a-z0-9_:]*_[a-z0-9_:]+|[a-z]+)\b(?=\s*[\[{)]|\s*$)", query, re.IGNORECASE)


def _source(key_result: KeyResult) -> Iterator[tuple[str, str]]:
    """What the metric's source names: the column of a table, a query, a path within an answer."""
    settings = key_result.metric.source_settings
    for field, name in (("value", "column"), ("path", "file"), ("query", "query")):
        text = getattr(settings, field, None)
        if isinstance(text, str):
            yield name, text.rpartition("/")[2] if field == "path" else text


def _progress(facts: Facts) -> Iterator[Found]:
    for objective, key_result in facts.key_results():
        metric = key_result.metric
        if key_result.kind is Kind.MILESTONE or metric.baseline not in (0, None) or metric.target not in (1, 100):
            continue
        if metric.target == 1 and metric.unit is not None and not _PERCENT.search(metric.unit):
            continue
        texts = (key_result.title, metric.unit or "", *(text for _name, text in _source(key_result)))
        said = next((found[0] for text in texts if (found := _PROGRESS.search(text.replace("_", " ")))), None)
        if said is None and _PERCENT.search(metric.unit or key_result.title):
            cue = task_cue(key_result.title)
            said = None if cue is None else cue.words
        if said is None:
            continue
        target = f"{metric.target:g} {metric.unit or ''}".rstrip()
        yield Found(
            of_key_result(key_result),
            _("{id} measures progress in percent: {title}").format(id=key_result.id, title=_short(key_result.title)),
            (_("It goes from 0 to {target}, and says “{words}”.").format(target=target, words=said),),
            _(
                "{who}: measure what will be different at 100 percent; what is only to be done is 'kind: milestone'."
            ).format(who=owner_of(key_result.owner, objective.owner)),
        )


def _words(text: str) -> set[str]:
    """The words of a text or identifier, in lower case: ``issuesClosed``, ``issues_closed`` and ``issues closed``."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return {word.lower() for word in re.findall(r"[A-Za-z]+", apart)}


def _short(text: str) -> str:
    return text if len(text) <= 100 else text[:99] + "…"


RULES: tuple[Rule, ...] = (
    Rule(
        "S001",
        "strategy",
        "warning",
        N_("key result that reads like a task"),
        "A task can be done without anything being better for anybody. Whoever writes tasks as key results will finish "
        "all of them and not know whether it helped.",
        "The title begins with a verb of doing (*launch*, *migrate*, 上线, 推进 …), says that something is done "
        "(*… is live*, *… 上线*), counts what is produced (*number of released features*) or orders something in "
        "which nothing can be measured (*Sign the lease*), and does not measure something beside it. English and "
        "Chinese; how often that is right stands in `benchmarks/RESULTS.md`. It looks at words alone, so it only "
        "warns. Milestones are tasks on purpose and are left alone.",
        _task,
        configuration=True,
        yields_to=("S002", "S003"),
    ),
    Rule(
        "S002",
        "strategy",
        "error",
        N_("key result measured by counts of issues, tickets or releases"),
        "Closing an issue never moves a key result; here it would. The number says how much was done, and grows as "
        "well when all of it was useless.",
        "The unit, the title, the counted column or file of a CSV, the table that a SQL query counts or the metric of "
        "a Prometheus query names issues, tickets, stories, releases, deployments, commits or the like. What customers "
        "open (support tickets, incidents, complaints), times and rates are left alone, and so are milestones.",
        _counts_work,
        configuration=True,
    ),
    Rule(
        "S003",
        "strategy",
        "warning",
        N_("progress in percent as the metric"),
        "“Progress 0–100 %” is a task with a number beside it: somebody estimates how much of it is done.",
        "The metric goes from 0 (or from no baseline) to 100 or to 1, and its title, unit, column or file speaks of "
        "progress or completion, or its unit is a percentage and the title reads like a task (S001). Milestones are "
        "left alone.",
        _progress,
        configuration=True,
        yields_to=("S002",),
    ),
)
