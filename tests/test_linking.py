"""Which work serves which key result, by which rule; and what makes up a piece of work."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from okrsync.link import FACETS, describe, path_matcher
from okrsync.model import Cycle, KeyResult, Kind, Metric, Objective, Piece, Programme, WorkItem, WorkRule
from okrsync.store import linking, read
from okrsync.store.engine import reading, writing
from okrsync.store.linking import link_all
from tests.fake_source import START, FakeSource, commit, epic, issue, moment, pull
from tests.stores import content, new_store, pairs, pull_all, use_fake

CYCLE = Cycle("C", START.date(), moment(90).date())


def programme(**rules: WorkRule | tuple[WorkRule, ...]) -> Programme:
    """One objective; a key result for each name, with its rules."""
    key_results = tuple(
        KeyResult(name, "O", name, None, Kind.METRIC, Metric(), given if isinstance(given, tuple) else (given,))
        for name, given in rules.items()
    )
    return Programme((CYCLE,), (), (), (Objective("O", "C", "team", "O", key_results),))


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> FakeSource:
    service = FakeSource(page_size=50)
    use_fake(monkeypatch, service)
    return service


@pytest.fixture
def engine(any_store: Engine) -> Engine:
    return any_store


def linked(engine: Engine) -> set[tuple[str, str]]:
    """Pairs of key result and item."""
    return {(kr, item.removeprefix("id-")) for kr, item in pairs(engine, "links", "key_result", "native_id")}


def pieces(engine: Engine) -> dict[str, set[str]]:
    """The items of each piece, by the item that stands for it."""
    found: dict[str, set[str]] = {}
    for item, piece in pairs(engine, "parts", "native_id", "piece"):
        found.setdefault(piece.removeprefix("id-"), set()).add(item.removeprefix("id-"))
    return found


def served(engine: Engine, goals: Programme) -> dict[str, set[str]]:
    """The pieces that each key result takes."""
    names = [kr.id for kr in goals.key_results_of("C")]
    found: dict[str, set[str]] = {name: set() for name in names}
    for piece in read.pieces(
        engine, sources=["fake"], key_results=names, start=START, end=moment(91), not_completed=["Duplicate"]
    ):
        for name in piece.key_results:
            found[name].add(piece.key)
    return found


ITEMS = (
    issue("SHOP-1", labels=("activation",), components=("Web",), versions=("2.0",), sprints=("S 1", "S 2")),
    issue("SHOP-2", labels=("Activation", "other"), type="Bug"),
    issue("PAY-1", labels=("activation",), milestones=("M",), title="Retry failed payouts"),
    pull("acme/shop#7", labels=("activation",), milestones=("Onboarding v2",), project="acme/shop"),
    commit("a" * 40, 3, paths=("web/cart/index.ts", "README.md")),
    commit("b" * 40, 3, paths=("docs/cart.md",)),
)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (WorkRule(source="fake", labels=("activation",)), {"SHOP-1", "PAY-1", "acme/shop#7"}),
        (WorkRule(source="elsewhere", labels=("activation",)), set()),
        (WorkRule(labels=("activation",), projects=("shop",)), {"SHOP-1"}),
        (WorkRule(labels=("other", "nothing")), {"SHOP-2"}),
        (WorkRule(projects=("SHOP", "PAY"), types=("Bug",)), {"SHOP-2"}),
        (WorkRule(components=("Web",)), {"SHOP-1"}),
        (WorkRule(versions=("2.0", "3.0")), {"SHOP-1"}),
        (WorkRule(sprints=("S 2",)), {"SHOP-1"}),
        (WorkRule(milestones=("Onboarding v2",)), {"acme/shop#7"}),
        (WorkRule(milestones=("2.0",)), {"SHOP-1"}),
        (WorkRule(repos=("ACME/Shop",)), {"acme/shop#7", "a" * 40, "b" * 40}),
        (WorkRule(keys=("shop-2", "acme/shop#7", "NO-1")), {"SHOP-2", "acme/shop#7"}),
        (WorkRule(title="(?i)retry .* payouts"), {"PAY-1"}),
        (WorkRule(title="payouts", projects=("SHOP",)), set()),
        (WorkRule(paths=("web/**",)), {"a" * 40}),
        (WorkRule(paths=("web", "docs/")), {"a" * 40, "b" * 40}),
        (WorkRule(paths=("*.md",)), {"a" * 40}),
        (WorkRule(projects=("NOWHERE",)), set()),
        (WorkRule(), {"SHOP-1", "SHOP-2", "PAY-1", "acme/shop#7", "a" * 40, "b" * 40}),
    ],
)
def test_a_rule_matches_when_all_its_keys_match(
    service: FakeSource, engine: Engine, rule: WorkRule, expected: set[str]
) -> None:
    service.put("S", *ITEMS)
    pull_all(engine, service)
    link_all(engine, programme(KR=rule))
    assert {item for _, item in linked(engine)} == expected


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("src/*.py", "src/a.py", True),
        ("src/*.py", "src/deep/a.py", False),
        ("src/**/*.py", "src/deep/er/a.py", True),
        ("src/**/*.py", "src/a.py", True),
        ("src", "src/deep/a.py", True),
        ("src/", "src2/a.py", False),
        ("./src/", "src/a.py", True),
        ("**/test_?.py", "a/b/test_1.py", True),
        ("a.b", "aXb", False),
    ],
)
def test_path_globs(glob: str, path: str, matches: bool) -> None:
    assert path_matcher((glob,))(path) is matches


def test_an_epic_passes_its_links_down_and_is_not_counted(service: FakeSource, engine: Engine) -> None:
    service.put(
        "S",
        issue("SHOP-90", type="Initiative", level=0),  # Data Center does not tell that this stands above epics
        epic("SHOP-12", labels=("grow",), parent_key="SHOP-90"),
        issue("SHOP-13", parent_id="id-SHOP-12", parent_key="SHOP-12"),
        issue("SHOP-14", level=-1, type="Sub-task", parent_id="id-SHOP-13"),
        issue("SHOP-15"),
    )
    pull_all(engine, service)
    goals = programme(
        BELOW=WorkRule(epics=("SHOP-12",)),
        LABEL=WorkRule(labels=("grow",)),
        ABOVE=WorkRule(keys=("SHOP-90",)),
        NONE=WorkRule(epics=("SHOP-15",), labels=("grow",)),
    )
    link_all(engine, goals)
    assert pieces(engine) == {"SHOP-13": {"SHOP-13", "SHOP-14"}, "SHOP-15": {"SHOP-15"}}
    assert served(engine, goals) == {"BELOW": {"SHOP-13"}, "LABEL": {"SHOP-13"}, "ABOVE": {"SHOP-13"}, "NONE": set()}
    rules = {
        (i, r, v) for k, i, r, v in pairs(engine, "links", "key_result", "native_id", "reason", "via") if k == "LABEL"
    }
    assert rules == {
        ("id-SHOP-12", "rule", None),
        ("id-SHOP-13", "parent", "SHOP-12"),
        ("id-SHOP-14", "parent", "SHOP-12"),
    }


def test_children_of_an_epic_that_is_not_stored_are_found_by_its_key(service: FakeSource, engine: Engine) -> None:
    service.put("S", issue("SHOP-1", parent_key="OTHER-7"), issue("SHOP-2", level=-1, parent_id="id-SHOP-1"))
    pull_all(engine, service)
    goals = programme(KR=WorkRule(epics=("other-7",)))
    link_all(engine, goals)
    assert linked(engine) == {("KR", "SHOP-1"), ("KR", "SHOP-2")}
    assert served(engine, goals) == {"KR": {"SHOP-1"}}


def test_what_makes_up_a_piece(service: FakeSource, engine: Engine) -> None:
    service.put(
        "S",
        epic("SHOP-12"),
        issue("SHOP-1", parent_id="id-SHOP-12"),
        issue("SHOP-2", level=-1, parent_id="id-SHOP-1"),
        issue("SHOP-3"),
        issue("SHOP-4", level=-1, parent_key="GONE-1"),
        pull("r#1", closes=("SHOP-2",)),
        pull("r#2", names=("SHOP-12",)),
        pull("r#3", names=("r#1", "SHOP-1", "SHOP-3"), contains=("e" * 40,)),
        pull("r#4", contains=("d" * 40,)),
        pull("r#5", names=("r#4",)),
        commit("a" * 40, 1, names=("SHOP-3", "UTF-8")),
        commit("b" * 40, 1, names=("r#4",)),
        commit("c" * 40, 1, names=("SHOP-12",)),
        commit("d" * 40, 1),
        commit("e" * 40, 1),
        commit("f" * 40, 1, names=("r#1",)),
    )
    pull_all(engine, service)
    link_all(engine, programme())
    assert pieces(engine) == {
        "SHOP-1": {"SHOP-1", "SHOP-2", "r#1", "r#3", "e" * 40, "f" * 40},
        "SHOP-3": {"SHOP-3", "a" * 40, "r#3", "e" * 40},
        "SHOP-4": {"SHOP-4"},
        "r#2": {"r#2"},
        "r#4": {"r#4", "b" * 40, "d" * 40},
        "r#5": {"r#5"},
        "c" * 40: {"c" * 40},
    }


def test_a_rule_on_any_part_links_the_piece_but_not_what_else_that_part_names(
    service: FakeSource, engine: Engine
) -> None:
    service.put(
        "S",
        issue("SHOP-1", labels=("x",)),
        issue("SHOP-2"),
        issue("SHOP-3"),
        commit("a" * 40, 1, names=("SHOP-1", "SHOP-2")),
        commit("b" * 40, 1, names=("SHOP-3",), paths=("web/a.ts",)),
        pull("r#1", names=("SHOP-1",)),
    )
    pull_all(engine, service)
    goals = programme(LABEL=WorkRule(labels=("x",)), PATH=WorkRule(paths=("web",)))
    link_all(engine, goals)
    assert served(engine, goals) == {"LABEL": {"SHOP-1"}, "PATH": {"SHOP-3"}}
    shown = {(kr, i, r) for kr, i, r in pairs(engine, "links", "key_result", "native_id", "reason")}
    assert ("LABEL", "id-" + "a" * 40, "names") in shown
    assert ("LABEL", "id-r#1", "names") in shown


@pytest.mark.parametrize("carrier", [issue("SHOP-9"), pull("r#9"), commit("9" * 40, 1)])
def test_a_trailer_links_what_carries_it(service: FakeSource, engine: Engine, carrier: WorkItem) -> None:
    service.put("S", issue("SHOP-1"), type(carrier)(**{**_fields(carrier), "references": _trailer("KR")}))
    pull_all(engine, service)
    goals = programme(KR=(), OTHER=())
    link_all(engine, goals)
    assert served(engine, goals) == {"KR": {carrier.key}, "OTHER": set()}
    assert pairs(engine, "links", "rule", "reason") == {("trailer KR: KR", "trailer")}


def _fields(item: WorkItem) -> dict[str, Any]:
    return {name: getattr(item, name) for name in WorkItem.__struct_fields__}


def _trailer(target: str) -> Any:
    return issue("X-1", trailers=(target,)).references


def test_a_renamed_repository_answers_to_both_names(service: FakeSource, engine: Engine) -> None:
    # The second was stored before the rename, and has not been read since.
    service.put("acme/old", pull("acme/new#1", project="acme/new"), pull("acme/old#2", project="acme/old"))
    pull_all(engine, service)
    with engine.begin() as connection:
        connection.execute(text("UPDATE scopes SET name = 'acme/new'"))
    goals = programme(OLD=WorkRule(repos=("Acme/Old",)), NEW=WorkRule(repos=("acme/new",)))
    link_all(engine, goals)
    assert served(engine, goals) == {name: {"acme/new#1", "acme/old#2"} for name in ("OLD", "NEW")}


def test_counting_follows_the_piece(service: FakeSource, engine: Engine) -> None:
    service.put(
        "S",
        issue("SHOP-1", done=5, labels=("x",)),
        issue("SHOP-2", level=-1, parent_id="id-SHOP-1", done=2),
        issue("SHOP-3", done=6, resolution="DUPLICATE"),
        issue("SHOP-4", done=6, status="duplicate", resolution=None),
        issue("SHOP-5", updated_at=moment(1)),
        commit("a" * 40, 20, names=("SHOP-5",)),
        issue("SHOP-6", created=-50, done=-3),
        issue("SHOP-7", created=95),
    )
    pull_all(engine, service)
    goals = programme(KR=WorkRule(labels=("x",)), FIVE=WorkRule(keys=("SHOP-5",)))
    link_all(engine, goals)
    found = {
        p.key: p
        for p in read.pieces(
            engine,
            sources=["fake"],
            key_results=["KR", "FIVE"],
            start=START,
            end=moment(91),
            not_completed=["Duplicate"],
        )
    }
    assert {key: p.counts for key, p in found.items()} == {
        "SHOP-1": True,
        "SHOP-3": False,
        "SHOP-4": False,
        "SHOP-5": False,
    }
    assert found["SHOP-1"].done_at == moment(5)
    assert found["SHOP-5"].updated_at == moment(20)
    assert found["SHOP-1"].key_results == {"KR"}


EVERY_KEY = {
    "A": (WorkRule(labels=("a",)), WorkRule(epics=("E-1",)), WorkRule(source="fake", labels=("b",), types=("Bug",))),
    "B": (WorkRule(title="[13579]$"), WorkRule(title="[0-4]$", projects=("s",), types=("Story",))),
    "C": (WorkRule(paths=("web",)), WorkRule(paths=("web", "docs"), title="a$|b$", repos=("Acme/Shop",))),
    "D": (),
    "E": (
        WorkRule(epics=("E-1", "e-2"), labels=("b", "a")),
        WorkRule(epics=("GONE-1",)),
        WorkRule(keys=("s-1", "r#1")),
    ),
    "F": (WorkRule(milestones=("v1", "m"), components=("x",)), WorkRule(versions=("v1", "v2"), projects=("S", "E"))),
    "G": (WorkRule(source="elsewhere"), WorkRule(types=("Bug", "Epic")), WorkRule(labels=("a",), title="[5-9]$")),
    "H": (WorkRule(source="fake", projects=("R",)), WorkRule(projects=("NOWHERE",), labels=("a",))),
}
"""Rules with every key, alone and together."""


@pytest.mark.parametrize("share", [0.0, 1.0], ids=["from the rules", "from what changed"])
@pytest.mark.parametrize("seed", range(3))
def test_incremental_linking_ends_where_linking_from_nothing_does(
    service: FakeSource, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, share: float
) -> None:
    monkeypatch.setattr(linking, "_FEW", share)
    goals = programme(**EVERY_KEY)
    rng = random.Random(seed)
    names = [f"S-{n}" for n in range(12)]

    def any_item(key: str) -> WorkItem:
        common: dict[str, Any] = {
            "labels": tuple(rng.sample(["a", "b"], rng.randint(0, 2))),
            "names": tuple(rng.sample([*names, "r#1", "r#2"], rng.randint(0, 2))),
            "trailers": ("D",) if rng.random() < 0.2 else (),
            "created": 0,
        }
        if key.startswith("S-"):
            parent = rng.choice([None, "E-1", "E-2", "GONE-1", rng.choice(names)])
            common |= {
                "names": (),
                "components": ("x",) if rng.random() < 0.5 else (),
                "versions": (rng.choice(["v1", "v2"]),) if rng.random() < 0.5 else (),
                "milestones": ("m",) if rng.random() < 0.3 else (),
                "type": rng.choice(["Story", "Bug"]),
            }
            level = rng.choice([0, 0, -1])
            return issue(key, **common, level=level, parent_key=parent, title=f"T{rng.randint(0, 9)}")
        if key.startswith("E-"):
            return epic(key, **{**common, "names": ()}, parent_key=rng.choice([None, "E-2", "S-1"]))
        if key.startswith("r#"):
            contains = tuple(rng.sample([c * 40 for c in "abc"], rng.randint(0, 2)))
            return pull(key, **common, project=rng.choice(["R", "Q"]), contains=contains)
        return commit(key, 1, **common, paths=(rng.choice(["web/x", "docs/y"]),) if rng.random() < 0.6 else ())

    everything = [*names, "E-1", "E-2", "r#1", "r#2", *(c * 40 for c in "abc")]
    for round_ in range(8):
        for key in rng.sample(everything, 5):
            if rng.random() < 0.25:
                service.scopes.get("S", {}).pop(f"id-{key}", None)
            else:
                service.put("S", any_item(key))
        pull_all(engine, service, full=True)
        link_all(engine, goals)
        folder = tmp_path / str(round_)
        folder.mkdir()
        fresh = new_store(folder)
        pull_all(fresh, service)
        link_all(fresh, goals)
        # Former keys differ (a fresh store knows none), but here no key ever changes.
        expected, found = content(fresh, but=("scopes",)), content(engine, but=("scopes",))
        assert found["parts"] == expected["parts"], f"round {round_}"
        assert found["links"] == expected["links"], f"round {round_}"
        assert found["items"] == expected["items"], f"round {round_}"
        assert all(matches_by_hand(fresh, goals).values()), f"round {round_}"


def matches_by_hand(engine: Engine, goals: Programme) -> dict[str, bool]:
    """For each rule in words: are the items that are linked by it those that have what it asks for, counted plainly?"""
    with reading(engine) as connection:
        stored = {row.id: row for row in connection.execute(text("SELECT * FROM items"))}
        has: dict[int, dict[str, set[str]]] = {id_: {} for id_ in stored}
        for id_, kind, value in connection.execute(
            text("SELECT f.item_id, g.kind, g.value FROM item_facets f JOIN facets g ON g.id = f.facet_id")
        ):
            has[id_].setdefault(kind, set()).add(value)
        linked_by: dict[tuple[str, str], set[int]] = {}
        for kr, id_, words in connection.execute(
            text("SELECT key_result, item_id, rule FROM links WHERE reason = 'rule'")
        ):
            linked_by.setdefault((kr, words), set()).add(id_)

    def above(row: Any) -> set[str]:
        keys, seen = set(), set()
        while row is not None and row.id not in seen:
            seen.add(row.id)
            keys.add(row.key.lower())
            if row.parent_id is None and row.parent_key is not None:
                keys.add(row.parent_key)
            row = stored.get(row.parent_id)
        return keys

    def takes(rule: WorkRule, row: Any) -> bool:
        lowered = {
            key: {value.lower() for value in getattr(rule, key)} for key in ("projects", "repos", "keys", "epics")
        }
        found = has[row.id]
        return (
            rule.source in (None, row.source)
            and all(not lowered[key] or row.project.lower() in lowered[key] for key in ("projects", "repos"))
            and (not rule.types or row.type in rule.types)
            and all(
                not getattr(rule, key)
                or not set(getattr(rule, key)).isdisjoint(set().union(*(found.get(kind, set()) for kind in kinds)))
                for key, kinds in FACETS.items()
            )
            and (not rule.keys or row.key.lower() in lowered["keys"])
            and (not rule.epics or not lowered["epics"].isdisjoint(above(row)))
            and (rule.title is None or re.search(rule.title, row.title) is not None)
            and (not rule.paths or any(path_matcher(rule.paths)(path) for path in found.get("path", ())))
        )

    return {
        words: {row.id for row in stored.values() if takes(rule, row)} == linked_by.get((kr.id, words), set())
        for kr in goals.key_results_of("C")
        for index, rule in enumerate(kr.work, 1)
        for words in (describe(index, rule),)
    }


def test_a_changed_rule_is_linked_again_and_a_dropped_key_result_forgotten(service: FakeSource, engine: Engine) -> None:
    service.put("S", *ITEMS)
    pull_all(engine, service)
    link_all(engine, programme(KR=WorkRule(labels=("activation",)), GONE=WorkRule(types=("Bug",))))
    link_all(engine, programme(KR=WorkRule(types=("Bug",)), NEW=WorkRule(components=("Web",))))
    assert linked(engine) == {("KR", "SHOP-2"), ("NEW", "SHOP-1")}


def test_nothing_changed_nothing_written(service: FakeSource, engine: Engine) -> None:
    service.put("S", *ITEMS)
    pull_all(engine, service)
    goals = programme(KR=WorkRule(labels=("activation",)))
    link_all(engine, goals)
    before = content(engine)
    with writing(engine):  # a sync has the store: linking has nothing to do, and must not wait for it
        link_all(engine, goals)
    assert content(engine) == before
    with reading(engine) as connection:
        assert connection.execute(text("SELECT COUNT(*) FROM dirty_items")).scalar() == 0


def test_parents_in_a_circle_end(service: FakeSource, engine: Engine) -> None:
    service.put(
        "S",
        issue("A-1", level=-1, parent_key="A-2", labels=("x",)),
        issue("A-2", level=-1, parent_key="A-1"),
        issue("A-3", parent_key="A-3"),
    )
    pull_all(engine, service)
    goals = programme(KR=WorkRule(epics=("A-1",)))
    link_all(engine, goals)
    assert pieces(engine) == {"A-1": {"A-1"}, "A-2": {"A-2"}, "A-3": {"A-3"}}


def test_work_of_a_scope_that_is_no_longer_configured_does_not_count(service: FakeSource, engine: Engine) -> None:
    service.put("S", issue("S-1", labels=("x",), done=2))
    service.put("T", issue("T-1", labels=("x",), done=2))
    goals = programme(KR=WorkRule(labels=("x",)))
    pull_all(engine, service)
    link_all(engine, goals)
    assert served(engine, goals) == {"KR": {"S-1", "T-1"}}
    service.scopes = {"S": service.scopes["S"]}
    pull_all(engine, service)
    assert served(engine, goals) == {"KR": {"S-1"}}


def test_a_pull_request_that_names_another_is_a_piece_of_its_own(service: FakeSource, engine: Engine) -> None:
    service.put("S", pull("r#4"))
    pull_all(engine, service)
    link_all(engine, programme())
    service.put("S", pull("r#5", names=("r#4",), updated_at=moment(3)))
    pull_all(engine, service)
    link_all(engine, programme())
    assert pieces(engine) == {"r#4": {"r#4"}, "r#5": {"r#5"}}


def test_pieces_of_linked_work_alone_are_the_same_pieces(service: FakeSource, engine: Engine) -> None:
    service.put(
        "S",
        issue("S-1", labels=("x",), done=2),
        issue("S-2", level=-1, parent_id="id-S-1", updated_at=moment(9)),
        issue("S-3", labels=("x",)),
        issue("S-4", labels=("y",), done=50),
        issue("S-5", done=3),
        issue("S-6"),
        pull("r#1", names=("S-3",), updated_at=moment(8)),
        pull("r#2", labels=("x",), names=("S-6",)),
    )
    goals = programme(KR=WorkRule(labels=("x",)), OTHER=WorkRule(labels=("y",)))
    pull_all(engine, service)
    link_all(engine, goals)

    def found(key_results: set[str], **how: bool) -> list[Piece]:
        window = {"start": moment(1), "end": moment(40), "not_completed": []}
        return read.pieces(engine, sources=["fake"], key_results=key_results, **window, **how)

    assert {each.key for each in found({"KR"}, all_open=True)} == {"S-1", "S-3", "S-4", "S-5", "S-6"}
    assert [each.id for each in found({"OTHER"})] == sorted(each.id for each in found({"OTHER"}))
    assert {each.key for each in found({"OTHER"})} == {"S-1", "S-4", "S-5"}
    for key_results in ({"KR"}, {"OTHER"}, {"KR", "OTHER"}, set[str]()):
        alone = found(key_results, only_linked=True)
        assert alone == [each for each in found(key_results, all_open=True) if each.key_results]
    assert {each.key: each.updated_at for each in found({"KR"}, only_linked=True)}["S-3"] == moment(8)


def test_pieces_are_counted_for_rules_that_may_match_nearly_everything(service: FakeSource, engine: Engine) -> None:
    service.put("S", *(issue(f"S-{n}", labels=("most",) if n < 9 else ("few",)) for n in range(10)))
    service.put("T", issue("T-1", labels=("few",)), pull("r#1", labels=("few",), names=("S-1", "S-2", "T-1")))
    goals = programme(
        MOST=WorkRule(labels=("most",)), FEW=WorkRule(source="fake", labels=("few",)), NO=WorkRule(types=("?",))
    )
    pull_all(engine, service)
    link_all(engine, goals)

    def counted(share: float) -> dict[str, tuple[int, int | None, int]]:
        rules = read.rule_links(engine, goals.key_results_of("C"), sources=["fake"], share=share)
        return {each.key_result: (each.items, each.pieces, each.of) for each in rules}

    assert counted(0.0) == {"MOST": (9, 9, 11), "FEW": (3, 4, 11), "NO": (0, 0, 11)}
    assert counted(0.8) == {"MOST": (9, 9, 11), "FEW": (3, None, 11), "NO": (0, None, 11)}
    service.scopes = {"S": service.scopes["S"]}
    pull_all(engine, service)
    assert counted(0.0) == {"MOST": (9, 9, 10), "FEW": (1, 1, 10), "NO": (0, 0, 10)}
