"""Unlinked work finds the key result that it resembles, and the rule that would link it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from ruamel.yaml import YAML

from okrsync.model import KeyResult, Kind, Metric, Objective, Piece, Suggestion, WorkText
from okrsync.similarity import Resemblance, words
from okrsync.suggest import suggest

AT = datetime(2026, 10, 5, tzinfo=UTC)


def goal(id_: str, title: str, objective: str = "Grow") -> tuple[KeyResult, Objective]:
    return KeyResult(id_, "O", title, None, Kind.METRIC, Metric()), Objective("O", "C", "team", objective, ())


GOALS = [goal("Pay", "Payouts that arrive within a day from 60 to 95%"), goal("Find", "搜索无结果的比例从 12% 降到 5%")]


def work(number: int, title: str, *linked: str, project: str = "SHOP", **facets: str) -> WorkText:
    piece = Piece(number, "jira", project, f"{project}-{number}", title, None, AT, AT, AT, True, frozenset(linked))
    return WorkText(piece, project, tuple(sorted((key, value) for key, value in facets.items())))


LINKED = [
    work(1, "Retry refused bank transfers", "Pay", labels="bank"),
    work(2, "Show the state of a bank transfer", "Pay", labels="bank"),
    work(3, "搜索支持同义词", "Find"),
    work(4, "搜索结果按销量排序", "Find"),
]
OTHER = [
    work(n, f"{verb} the {thing}")
    for n, (verb, thing) in enumerate(product(("Rename", "Update", "Move"), ("footer", "licence", "logo", "wiki")), 90)
]


def found(*unlinked: WorkText, **options: Any) -> list[Suggestion]:
    return suggest(GOALS, [*LINKED, *OTHER, *unlinked], **options)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Retries of refused Transfers", ["retri", "of", "refus", "transfer"]),
        ("fix TextField v2.1 APIs", ["fix", "text", "field", "API"]),
        ("搜索支持API", ["搜索", "索支", "支持", "api"]),
        ("搜 a", ["搜"]),
        ("Größe prüfen", ["größe", "prüfen"]),
    ],
)
def test_words(text: str, terms: list[str]) -> None:
    assert list(words(text)[: len(terms)]) == [term if term != "API" else words("APIs")[0] for term in terms]


def test_work_is_compared_with_what_is_linked_already() -> None:
    (pay, find) = found(work(10, "Retry bank transfers"), work(11, "搜索同义词支持"))
    assert {each.key_result: each.pieces[0][0].key for each in (pay, find)} == {"Pay": "SHOP-10", "Find": "SHOP-11"}
    assert all(0.25 <= score <= 1 for each in (pay, find) for _, score in each.pieces)


def test_a_key_result_without_linked_work_is_found_by_its_title() -> None:
    (suggestion,) = suggest(GOALS, [*OTHER, work(10, "Payouts arrive within two days")])
    assert suggestion.key_result == "Pay"


def test_what_resembles_nothing_is_not_suggested_and_linked_work_neither() -> None:
    assert found() == []
    assert found(work(10, "Paint the office")) == []


def test_nothing_else_is_suggested_than_the_goals_given() -> None:
    only = [GOALS[1]]
    assert suggest(only, [*LINKED, *OTHER, work(10, "Retry bank transfers")]) == []


def rules(*unlinked: WorkText, taken: tuple[WorkText, ...] = ()) -> list[str]:
    return sorted(
        each.rule for each in suggest(GOALS, [*LINKED, *OTHER, *taken, *unlinked]) if each.key_result == "Pay"
    )


TRANSFERS = [
    work(n, f"Bank transfers: {what}", labels="bank") for n, what in enumerate(("retry", "refused", "state"), 20)
]


def test_the_shortest_rule_that_takes_the_similar_work_and_no_other() -> None:
    assert rules(*TRANSFERS) == ["{source: jira, labels: [bank]}"]


@pytest.mark.parametrize(
    ("others", "rule"),
    [
        # Others' work carries the label too, but in another project: the rule is narrowed.
        ([work(n, f"搜索 {n}", "Find", project="WEB", labels="bank") for n in range(40, 43)], None),
        # In the same project: only the keys are left.
        ([work(n, f"搜索 {n}", "Find", labels="bank") for n in range(40, 43)], "{keys: [SHOP-20, SHOP-21, SHOP-22]}"),
        # Unlinked work that resembles nothing carries it: too.
        ([work(n, f"Coffee {n}", labels="bank") for n in range(40, 43)], "{keys: [SHOP-20, SHOP-21, SHOP-22]}"),
    ],
)
def test_a_rule_does_not_sweep_in_the_work_of_others(others: list[WorkText], rule: str | None) -> None:
    (only,) = rules(*TRANSFERS, taken=tuple(others))
    keys = YAML(typ="safe").load(only)
    if rule is None:
        assert keys == {"source": "jira", "projects": ["SHOP"], "labels": ["bank"]}
    else:
        assert sorted(keys["keys"]) == sorted(YAML(typ="safe").load(rule)["keys"])


def test_an_epic_is_named_before_a_label() -> None:
    assert rules(*(replace(one, facets=(("epics", "SHOP-9"), *one.facets)) for one in TRANSFERS)) == [
        "{source: jira, epics: [SHOP-9]}"
    ]


def test_a_single_piece_is_named_by_its_key() -> None:
    assert rules(TRANSFERS[0]) == ["{keys: [SHOP-20]}"]


def test_versions_and_sprints_are_no_rule() -> None:
    dated = [replace(one, facets=(("sprints", "12"), ("versions", "2.0"))) for one in TRANSFERS]
    assert all("keys:" in rule for rule in rules(*dated))


@pytest.mark.parametrize("label", ["on call, urgent", "no", "3.10", "支付", "a: b", "}", '"', "${HOME}", "- x", "#1"])
def test_a_rule_means_what_it_says_in_a_file_of_goals(label: str) -> None:
    (rule,) = rules(*(replace(one, facets=(("labels", label),)) for one in TRANSFERS))
    assert YAML(typ="safe").load(rule)["labels"] == [label.replace("${", "$${")]


def test_repositories_are_named_as_such() -> None:
    pulls = [replace(one, project="acme/pay", facets=()) for one in TRANSFERS]
    assert rules(*pulls) == ['{source: jira, repos: ["acme/pay"]}'.replace('"', "")]


def test_the_suggestion_that_would_link_most_comes_first_and_order_has_no_meaning() -> None:
    unlinked = [*TRANSFERS, work(11, "搜索同义词支持")]
    first = found(*unlinked)
    assert [each.key_result for each in first] == ["Pay", "Find"]
    assert suggest(GOALS, [*reversed(unlinked), *OTHER, *LINKED]) == first


def test_what_many_key_results_have_in_common_tells_none() -> None:
    goals = [
        goal(f"KR{n}", f"Orders of region {word}") for n, word in enumerate(("north", "south", "east", "west") * 5)
    ]
    resemblance = Resemblance(goals, [*OTHER, work(1, "Orders of the north")])
    best = resemblance.of(work(1, "Orders of the north"), best=5)
    assert {id_ for id_, _ in best} == {"KR0", "KR4", "KR8", "KR12", "KR16"}
