"""Pages are stored the same in SQLite and in PostgreSQL, all of a batch or none of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import Engine, select

from okrsync.connector import Page
from okrsync.errors import StoreError
from okrsync.model import Milestone, Reference, ReferenceKind, Wait, WorkItem
from okrsync.store import work
from okrsync.store.engine import open_store, reading, writing
from okrsync.store.schema import dirty_items, item_waits, items, scopes, shards
from tests.fake_source import issue, moment
from tests.stores import OPENED, new_store, pairs


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """A store with two scopes, 1 and 2."""
    engine: Engine = new_store(tmp_path) if request.param == "sqlite" else request.getfixturevalue("postgres_store")
    with writing(engine) as connection:
        for name in ("SHOP", "PAY"):
            connection.execute(scopes.insert().values(source="shop", scope=name, name=name, configured=True))
    return engine


def arrival(*page: WorkItem, scope: int = 1, shard: str = "all", cursor: object = None) -> work.Arrival:
    return work.Arrival("shop", scope, shard, Page(page, {"after": cursor}))


def save(engine: Engine, *pages: Sequence[WorkItem]) -> list[int]:
    return work.save_pages(engine, [arrival(*page) for page in pages])


def facets(engine: Engine) -> set[tuple[str, str, str]]:
    return pairs(engine, "facets", "native_id", "kind", "value")  # type: ignore[return-value]  # two columns are pairs


def titles(engine: Engine) -> dict[str, str]:
    return dict(pairs(engine, "items", "native_id", "title"))  # type: ignore[arg-type]


FULL = issue(
    "SHOP-1",
    done=3.000001,
    level=-1,
    title='Grüße, 您好: 100 % of "it" – \\u0000, %(rows)s and ?',
    url=None,
    status_id="3",
    resolution_id="1",
    assignee="lin",
    author="kim",
    parent_id="id-SHOP-9",
    parent_key="Shop-9",
    points=0.1,
    labels=("a", "b", "a"),
    components=("a",),
    versions=("1.0",),
    milestones=("1.0", "M1"),
    sprints=("Sprint 1",),
    paths=("src/a b.py",),
    former_keys=("OLD-7", "SHOP-1"),
    names=("Acme/Storefront#45", "acme/storefront#45"),
    trailers=("KR-Upper",),
    waits=(Wait("review", "lin", moment(1), None), Wait("review", "lin", moment(2), moment(2.5))),
)


def test_all_that_an_item_holds_is_stored(engine: Engine) -> None:
    assert save(engine, [FULL]) == [1]
    with reading(engine) as connection:
        row = connection.execute(select(items)).mappings().one()
        waits = connection.execute(select(item_waits.c["account", "since", "until"]).order_by("since")).all()
    as_they_are = set(WorkItem.__struct_fields__) & set(row.keys()) - {"id", "parent_id", "parent_key"}
    assert len(as_they_are) == 18
    assert {name: row[name] for name in as_they_are} == {name: getattr(FULL, name) for name in as_they_are}
    assert (row["native_id"], row["scope_id"], row["source"]) == ("id-SHOP-1", 1, "shop")
    assert (row["parent_native_id"], row["parent_key"]) == ("id-SHOP-9", "shop-9")
    assert [tuple(wait) for wait in waits] == [("lin", moment(1), None), ("lin", moment(2), moment(2.5))]
    assert {(kind, value) for _, kind, value in facets(engine)} == {
        *(("label", "a"), ("label", "b"), ("component", "a"), ("version", "1.0"), ("milestone", "1.0")),
        *(("milestone", "M1"), ("sprint", "Sprint 1"), ("path", "src/a b.py")),
    }
    assert pairs(engine, "references", "kind", "target") == {
        ("names", "acme/storefront#45"),
        ("key_result", "KR-Upper"),
    }
    assert pairs(engine, "keys", "key") == {("shop-1",), ("old-7",)}


def test_what_did_not_change_is_not_linked_again(engine: Engine) -> None:
    save(engine, [FULL, issue("SHOP-2")])
    with writing(engine) as connection:
        connection.execute(dirty_items.delete())
    assert save(engine, [FULL, issue("SHOP-2", title="new")]) == [1]
    with reading(engine) as connection:
        dirty = connection.scalars(
            select(items.c.native_id).join(dirty_items, dirty_items.c.item_id == items.c.id)
        ).all()
    assert dirty == ["id-SHOP-2"]


@pytest.mark.parametrize(
    "change",
    [
        {"labels": ("c",)},
        {"waits": ()},
        {"points": 0.2},
        {"done_at": moment(3)},
        {"former_keys": ()},
        {"references": (Reference(ReferenceKind.NAMES, "x-1"),)},
        {"assignee": None},
    ],
)
def test_each_change_is_seen_and_replaces_what_was_there(engine: Engine, change: dict[str, object]) -> None:
    save(engine, [FULL])
    changed = replace(FULL, **change)  # type: ignore[arg-type]
    assert save(engine, [changed]) == [1]
    assert save(engine, [changed]) == [0]
    assert {value for _, kind, value in facets(engine) if kind == "label"} == set(changed.labels)
    assert len(pairs(engine, "waits", "since")) == len(changed.waits)


@pytest.mark.parametrize(
    ("pages", "numbers", "title"),
    [
        ([["one", "two"]], [1], "two"),
        ([["one"], ["two"]], [1, 1], "two"),
        ([["one"], ["one"]], [1, 0], "one"),
        ([["stored"], ["stored"]], [0, 0], "stored"),
        ([["one"], ["stored"]], [1, 1], "stored"),
    ],
)
def test_of_an_item_that_comes_twice_the_later_one_holds(
    engine: Engine, pages: list[list[str]], numbers: list[int], title: str
) -> None:
    save(engine, [issue("SHOP-1", title="stored", labels=("stored",))])
    batch = [[issue("SHOP-1", title=title, labels=(title,)) for title in page] for page in pages]
    assert save(engine, *batch) == numbers
    assert titles(engine) == {"id-SHOP-1": title}
    assert facets(engine) == {("id-SHOP-1", "label", title)}


def test_an_item_goes_to_the_scope_that_brought_it_last(engine: Engine) -> None:
    one = issue("SHOP-1")
    assert work.save_pages(engine, [arrival(one), arrival(one, scope=2), arrival(one, scope=2)]) == [1, 1, 0]
    assert pairs(engine, "items", "native_id", "scope") == {("id-SHOP-1", "PAY")}


def test_the_last_cursor_of_a_shard_holds(engine: Engine) -> None:
    work.save_pages(engine, [arrival(cursor=1), arrival(shard="b", cursor=7), arrival(cursor=2)])
    work.save_pages(
        engine, [work.Arrival("shop", 1, "b", Page((), None)), work.Arrival("shop", 1, None, Page((), None))]
    )
    with reading(engine) as connection:
        rows = connection.execute(select(shards.c["shard", "cursor", "done"]).order_by("shard")).all()
    assert [tuple(row) for row in rows] == [("all", '{"after": 2}', False), ("b", None, True)]


def test_of_a_batch_that_the_store_refuses_nothing_is_stored(engine: Engine) -> None:
    with pytest.raises(StoreError):
        work.save_pages(engine, [arrival(issue("SHOP-1")), arrival(issue("PAY-1"), scope=99)])
    assert titles(engine) == {}
    assert pairs(engine, "shards", "shard") == set()


def test_labels_of_a_batch_that_was_not_stored_are_not_taken_for_stored(engine: Engine) -> None:
    unusable = Wait("review", "lin", datetime(2026, 11, 1), None)  # noqa: DTZ001
    with pytest.raises(ValueError, match="naive"):
        save(engine, [issue("SHOP-1", labels=("a",)), issue("PAY-1", labels=("b",), waits=(unusable,))])
    assert save(engine, [issue("PAY-1", labels=("b",))], [issue("SHOP-1", labels=("a",))]) == [1, 1]
    assert facets(engine) == {("id-SHOP-1", "label", "a"), ("id-PAY-1", "label", "b")}


def test_two_processes_may_bring_the_same_labels(engine: Engine) -> None:
    other = open_store(engine.url.render_as_string(hide_password=False))
    OPENED.append(other)
    save(engine, [issue("SHOP-1", labels=("a",))])
    save(other, [issue("SHOP-2", labels=("b", "a"))])
    save(engine, [issue("SHOP-3", labels=("a", "b"))])
    assert {(native, value) for native, _, value in facets(engine)} == {
        ("id-SHOP-1", "a"),
        *(("id-SHOP-2", "a"), ("id-SHOP-2", "b")),
        *(("id-SHOP-3", "a"), ("id-SHOP-3", "b")),
    }


def test_more_labels_than_are_remembered(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "_FACETS_REMEMBERED", 3)
    for n in range(9):
        save(engine, [issue(f"SHOP-{n}", labels=("a", f"l{n}", f"l{n + 1}"))])
    assert len(facets(engine)) == 27


def test_a_batch_is_as_large_as_it_wants(engine: Engine) -> None:
    many = [issue(f"SHOP-{n}", labels=(f"l{n}", "all")) for n in range(1100)]
    assert save(engine, many[:600], many[500:]) == [600, 500]
    assert len(facets(engine)) == 2200
    assert save(engine, many) == [0]


def test_text_that_a_database_refuses_is_replaced_everywhere(engine: Engine) -> None:
    bad, good = "nul \0 half \udc00", "nul \ufffd half \ufffd"
    hostile = replace(
        issue("SHOP-1"),
        id=bad,
        key=bad,
        title=bad,
        labels=(bad, "nul \0 half \ufffd"),
        references=(Reference(ReferenceKind.NAMES, bad),),
        waits=(Wait("review", bad, moment(1), None),),
    )
    page = Page((hostile,), None, (Milestone("1", "version", "SHOP", bad, "open"),))
    assert work.save_pages(engine, [work.Arrival("shop", 1, "all", page)]) == [1]
    assert work.save_pages(engine, [work.Arrival("shop", 1, "all", page)]) == [0]
    assert titles(engine) == {good: good}
    assert facets(engine) == {(good, "label", good)}
    assert pairs(engine, "references", "target") == pairs(engine, "keys", "key") == {(good,)}
    assert pairs(engine, "waits", "account") == pairs(engine, "milestones", "name") == {(good,)}


def test_times_are_the_same_moment_in_the_store(engine: Engine) -> None:
    there = moment(1).astimezone(timezone(timedelta(hours=9)))
    save(engine, [issue("SHOP-1", created_at=there, updated_at=moment(1))])
    with reading(engine) as connection:
        assert connection.execute(select(items.c["created_at", "updated_at"])).one() == (moment(1), moment(1))


def test_a_time_without_a_zone_is_refused(engine: Engine) -> None:
    naive = datetime(2026, 11, 1)  # noqa: DTZ001
    with pytest.raises(ValueError, match="naive"):
        save(engine, [issue("SHOP-1"), issue("SHOP-2", created_at=naive)])
    assert titles(engine) == {}
