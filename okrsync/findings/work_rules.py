"""Strategy, seen in the work rules: those that match nothing, and those that match nearly everything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from okrsync.findings.interface import Facts, Found, NotJudged, Rule, of_key_result
from okrsync.findings.telling import owner_of
from okrsync.language import N_, _, ngettext
from okrsync.model import KeyResult, RuleLinks, WorkRule
from okrsync.report.value import Subject


def _nothing(facts: Facts) -> Iterator[Found | NotJudged]:
    unread = {status.source for status in facts.sources if status.last_success is None}
    waiting: dict[Subject, set[str]] = {}
    for key_result, rule, links in _counted(facts):
        if links.items:
            continue
        if of_rule := unread if rule.source is None else unread & {rule.source}:
            waiting.setdefault(of_key_result(key_result), set()).update(of_rule)
            continue
        yield Found(
            of_key_result(key_result),
            _("{id}: its work rule {number} matches nothing").format(id=key_result.id, number=links.index),
            (f"{_described(rule)}.", _("No work item in the store matches all of its keys.")),
            _(
                "{who}: compare it with the names in the source, letter by letter (case counts but in project keys), "
                "or remove it; `okrsync links` shows what each rule matches."
            ).format(who=owner_of(key_result.owner)),
            line=rule.line,
        )
    for subject, sources in waiting.items():
        said = ngettext(
            "{source} has not been read completely yet", "{source} have not been read completely yet", len(sources)
        )
        yield NotJudged(subject, said.format(source=_(", ").join(sorted(sources))))


def _everything(facts: Facts) -> Iterator[Found]:
    told: set[tuple[str, int]] = set()
    for _objective, key_result in facts.key_results():
        for index, rule in enumerate(key_result.work, 1):
            if _keys(rule) == ["source"]:
                told.add((key_result.id, index))
                yield Found(
                    of_key_result(key_result),
                    _("{id} takes all work of {source}: say which of it serves this result").format(
                        id=key_result.id, source=rule.source
                    ),
                    action=_narrow(key_result),
                    line=rule.line,
                )
    for key_result, rule, links in _counted(facts):
        if (key_result.id, links.index) in told or links.of < facts.thresholds.few:
            continue
        if links.pieces is not None and links.pieces >= facts.thresholds.everything * links.of:
            where = rule.source or _("all sources")
            yield Found(
                of_key_result(key_result),
                _("{id}: its work rule {number} matches nearly everything in {source}").format(
                    id=key_result.id, number=links.index, source=where
                ),
                (
                    ngettext(
                        "{rule}: {part} of {count} piece of work.",
                        "{rule}: {part} of {count} pieces of work.",
                        links.of,
                    ).format(rule=_described(rule), part=links.pieces, count=links.of),
                ),
                _narrow(key_result),
                line=rule.line,
            )


def _narrow(key_result: KeyResult) -> str:
    return _("{who}: narrow the rule by label, epic, milestone or component.").format(who=owner_of(key_result.owner))


def _counted(facts: Facts) -> Iterator[tuple[KeyResult, WorkRule, RuleLinks]]:
    key_results = {each.id: each for _objective, each in facts.key_results()}
    for links in facts.rules:
        if (key_result := key_results.get(links.key_result)) is not None:
            yield key_result, key_result.work[links.index - 1], links


def _keys(rule: WorkRule) -> list[str]:
    return [each.name for each in fields(WorkRule) if each.name != "line" and getattr(rule, each.name)]


def _described(rule: WorkRule) -> str:
    """``labels: activation; projects: SHOP``."""
    said = []
    for key in _keys(rule):
        value = getattr(rule, key)
        said.append(f"{key}: {value if isinstance(value, str) else ', '.join(value)}")
    return "; ".join(said)


RULES: tuple[Rule, ...] = (
    Rule(
        "S018",
        "strategy",
        "warning",
        N_("work rule that matches nothing"),
        "The rule was meant to say which work serves the key result, and no work item is like that: mostly a misspelt "
        "label or a version that was renamed. The key result then looks neglected, and its work serves nothing.",
        "No work item in the store, of any time, matches all keys of the rule. Not judged for a source that was never "
        "read completely.",
        _nothing,
    ),
    Rule(
        "S019",
        "strategy",
        "warning",
        N_("work rule that matches nearly everything"),
        "If all work serves the key result, the rule does not say what is done for it: the key result looks busy "
        "whatever happens.",
        "The rule has no key but `source`; or it matches at least the share `everything` of all pieces of work of its "
        "source (of all sources, where it names none), and there are at least `few` pieces.",
        _everything,
        configuration=True,
    ),
)
