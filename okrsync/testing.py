"""Contract suites for pytest: what every connector, outcome source and publisher must do, whoever wrote it.

A plugin's author derives a class, gives it the fixture it asks for, and runs pytest::

    class TestForge(ConnectorContract):
        @pytest.fixture
        def connector(self, tmp_path):
            yield ForgeConnector(Settings(...), ConnectorContext("forge", tmp_path, ZoneInfo("UTC")))

What the fixtures stand on must hold something: a suite over an empty service would pass whatever the plugin does, so it
fails.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import BaseModel, ValidationError

from okrsync.connector import Connector, Cursor, Page, Plan, Shard, SourceSettings
from okrsync.errors import SourceError
from okrsync.model import Cycle, ItemState, KeyResult, Kind, Metric, Objective, Programme, Scope, WorkItem
from okrsync.outcomes.interface import OutcomeSettings, OutcomeSource
from okrsync.publish.interface import Attachment, Publisher, PublisherSettings, WikiPage
from okrsync.redaction import forms_of

__all__ = ["ConnectorContract", "OutcomeContract", "PublisherContract"]

_UNKNOWN_KEY = "okrsync_has_no_such_key"


def _through_json(value: Any) -> Any:
    """As the store gives it back."""
    return json.loads(json.dumps(value, allow_nan=False))


def _check_settings(plugin: Any, base: type[BaseModel]) -> None:
    """The type has a name, and its settings refuse a key they do not know."""
    assert plugin.type_name, "type_name is empty"
    assert issubclass(plugin.Settings, base), f"Settings is no {base.__name__}"
    assert isinstance(plugin.settings, plugin.Settings), "the plugin does not keep its settings"
    given = plugin.settings.model_dump(by_alias=True, exclude_unset=True)
    plugin.Settings.model_validate(given)
    with pytest.raises(ValidationError) as refused:
        plugin.Settings.model_validate({**given, _UNKNOWN_KEY: 1})
    found = [error["loc"][-1:] for error in refused.value.errors() if error["type"] == "extra_forbidden"]
    assert (_UNKNOWN_KEY,) in found, "an unknown key is not refused as one"


class ConnectorContract:
    """Give the fixture ``connector``: one over a service that holds items, on several pages of at least one shard.

    ``change`` may add or alter an item at the service, so that the incremental plan has something to bring.
    """

    @pytest.fixture
    def connector(self) -> Connector:
        """The connector to be tested."""
        raise NotImplementedError("override the fixture `connector`")

    @pytest.fixture
    def change(self) -> Callable[[], str] | None:
        """A function that changes something at the service and returns the id of the item that is new or different."""
        return None

    def test_settings_refuse_what_they_do_not_know(self, connector: Connector) -> None:
        _check_settings(connector, SourceSettings)

    def test_scopes_are_stable(self, connector: Connector) -> None:
        scopes = tuple(connector.scopes())
        assert scopes, "no scope"
        assert tuple(connector.scopes()) == scopes
        assert len({scope.id for scope in scopes}) == len(scopes)
        assert all(scope.id and scope.source == connector.context.source for scope in scopes)

    def test_whole_plan_brings_what_the_census_names(self, connector: Connector) -> None:
        for scope in connector.scopes():
            plan = connector.plan(scope, None)
            assert plan.whole, "a plan without a cursor reads everything, and says so"
            assert plan.scope_name
            brought = _ids(_pull(connector, scope, plan))
            named = [id_ for batch in connector.census(scope) for id_ in batch]
            assert len(named) == len(set(named)), "the census names an id twice"
            assert brought == set(named)
            assert connector.count(scope) in (None, len(named))
        assert any(batch for scope in connector.scopes() for batch in connector.census(scope)), "no item at all"

    def test_items_keep_to_the_model(self, connector: Connector) -> None:
        for scope in connector.scopes():
            pages = _pull(connector, scope, connector.plan(scope, None))
            versions: dict[str, WorkItem] = {}
            for item in (item for page in pages for item in page.items):
                _check_item(item)
                assert versions.setdefault(item.id, item) == item, f"two items share the id {item.id}"
            keys = [item.key for item in versions.values()]
            assert len(keys) == len(set(keys)), "two items share a key"
            for milestone in (milestone for page in pages for milestone in page.milestones):
                assert milestone.id
                assert milestone.name

    def test_same_items_again(self, connector: Connector) -> None:
        for scope in connector.scopes():
            first, second = (_items(_pull(connector, scope, connector.plan(scope, None))) for _ in range(2))
            assert first == second

    def test_shards_and_cursors_are_plain_json(self, connector: Connector) -> None:
        for scope in connector.scopes():
            plan = connector.plan(scope, None)
            _check_json(plan.next)
            assert len({shard.id for shard in plan.shards}) == len(plan.shards), "two shards share an id"
            assert [shard.id for shard in connector.plan(scope, None).shards] == [shard.id for shard in plan.shards]
            for shard in plan.shards:
                _check_json(shard.params)
                for page in connector.pages(scope, shard, None):
                    if page.cursor is not None:
                        _check_json(page.cursor)

    def test_a_shard_goes_on_from_any_page(self, connector: Connector) -> None:
        resumed = 0
        for scope in connector.scopes():
            for shard in connector.plan(scope, None).shards:
                stored = Shard(shard.id, _through_json(shard.params))
                pages = list(connector.pages(scope, stored, None))
                assert pages, "a shard without a page never ends for the store"
                assert pages[-1].cursor is None, "the last page has a cursor"
                assert all(page.cursor is not None for page in pages[:-1]), "a page before the last has no cursor"
                for at in sorted({0, (len(pages) - 1) // 2, len(pages) - 2} - {-1, len(pages) - 1}):
                    rest = list(connector.pages(scope, stored, _through_json(pages[at].cursor)))
                    assert _items([*pages[: at + 1], *rest]) == _items(pages), f"resumed after page {at + 1}"
                    assert sum(len(page.items) for page in rest) < sum(len(page.items) for page in pages), (
                        "the cursor is not heeded: the shard began again"
                    )
                    resumed += 1
        assert resumed, "no shard had a second page: give the service more items, or the connector smaller pages"

    def test_shards_are_pulled_side_by_side(self, connector: Connector) -> None:
        for scope in connector.scopes():
            plan = connector.plan(scope, None)
            alone = _items(_pull(connector, scope, plan))

            def pull(shard: Shard, scope: Scope = scope) -> list[Page]:
                return list(connector.pages(scope, shard, None))

            with ThreadPoolExecutor(4) as pool:
                together = list(pool.map(pull, [*plan.shards, *plan.shards]))
            assert _items(page for pages in together for page in pages) == alone

    def test_incremental_plan(self, connector: Connector, change: Callable[[], str] | None) -> None:
        before = {scope: _through_json(connector.plan(scope, None).next) for scope in connector.scopes()}
        changed = change() if change else None
        brought: set[str] = set()
        for scope, cursor in before.items():
            plan = connector.plan(scope, cursor)
            ids = _ids(_pull(connector, scope, plan))
            assert not plan.whole, "nothing asked for everything"
            assert ids <= {id_ for batch in connector.census(scope) for id_ in batch}, "an id that the census lacks"
            _check_json(plan.next)
            brought |= ids
        if changed is not None:
            assert changed in brought, "what was changed is not brought"


class OutcomeContract:
    """Give the fixtures ``source``, ``days`` and ``fail``: the source has two readings or more between these two days,
    both included, and one or more before or after; once ``fail`` was called, its service refuses.

    ``secrets`` names what must not appear in anything that is shown or stored.
    """

    secrets: Sequence[str] = ()

    @pytest.fixture
    def source(self) -> OutcomeSource:
        """The outcome source to be tested."""
        raise NotImplementedError("override the fixture `source`")

    @pytest.fixture
    def days(self) -> tuple[date, date]:
        """First and last day to read."""
        raise NotImplementedError("override the fixture `days`")

    @pytest.fixture
    def fail(self) -> Callable[[], None]:
        """A function after which the service of ``source`` refuses what it is asked."""
        raise NotImplementedError("override the fixture `fail`")

    def test_settings_refuse_what_they_do_not_know(self, source: OutcomeSource) -> None:
        _check_settings(source, OutcomeSettings)

    def test_readings_are_in_order_and_finite(self, source: OutcomeSource, days: tuple[date, date]) -> None:
        readings = source.read(*days)
        assert len(readings) >= 2, "too few readings to test anything"
        at = [reading.at for reading in readings]
        assert at == sorted(set(at)), "not sorted, or two readings of a day"
        assert all(type(day) is date for day in at), "a reading's day is not a date"
        assert all(days[0] <= day <= days[1] for day in at), "a reading outside the days asked for"
        assert all(isinstance(reading.value, float) and math.isfinite(reading.value) for reading in readings)

    def test_same_readings_again(self, source: OutcomeSource, days: tuple[date, date]) -> None:
        assert list(source.read(*days)) == list(source.read(*days))

    def test_both_days_belong_to_what_is_asked_for(self, source: OutcomeSource, days: tuple[date, date]) -> None:
        readings = list(source.read(*days))
        first, last = readings[0].at, readings[-1].at
        day = timedelta(days=1)
        assert list(source.read(first, last)) == readings
        assert list(source.read(first + day, last)) == readings[1:]
        assert list(source.read(first, last - day)) == readings[:-1]

    def test_there_is_more_outside(self, source: OutcomeSource, days: tuple[date, date]) -> None:
        year = timedelta(days=366)
        more = source.read(days[0] - year, days[1] + year)
        assert len(more) > len(source.read(*days)), "no reading outside the days: the window cannot be tested"

    def test_settings_show_no_secret(self, source: OutcomeSource) -> None:
        shown = f"{source!r} {source.settings!r} {source.settings} {source.context!r} {source.definition()}"
        assert not self._secrets_in(shown)

    def test_a_failure_is_an_error_without_secrets(
        self, source: OutcomeSource, days: tuple[date, date], fail: Callable[[], None]
    ) -> None:
        fail()
        with pytest.raises(SourceError) as refused:
            source.read(*days)
        said = [str(error) for error in (refused.value, refused.value.__cause__, refused.value.__context__) if error]
        assert str(refused.value), "it does not say what failed"
        assert not self._secrets_in(" ".join(said))

    def test_what_was_read_is_kept_when_the_source_fails(
        self,
        source: OutcomeSource,
        days: tuple[date, date],
        fail: Callable[[], None],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        from okrsync import measure
        from okrsync.store import outcomes
        from okrsync.store.engine import open_store

        monkeypatch.setattr(measure, "load", lambda group, name: type(source))
        metric = Metric(
            source_type=source.type_name,
            source_settings=source.settings,
            cadence=source.context.cadence,
            counted=source.context.periods,
        )
        key_result = KeyResult("KR1", "O1", "Shops", None, Kind.METRIC, metric)
        objective = Objective("O1", "C1", "acme", "Sell", (key_result,))
        programme = Programme((Cycle("C1", *days),), (), (), (objective,))
        (tmp_path / "kept").mkdir()
        engine = open_store(f"sqlite:///{tmp_path / 'kept' / 'okrsync.db'}")

        def measured(day: date) -> tuple[str | None, int]:
            now = datetime.combine(day, time(12), UTC)
            (done,) = measure.measure(
                engine, programme, base=source.context.base, timezone=source.context.timezone, now=now
            )
            return done.error, outcomes.known_values(engine, "KR1", source.type_name)

        try:
            error, before = measured(days[1])
            assert error is None
            assert before >= 2, "too few values to tell whether they are kept"
            fail()
            error, after = measured(days[1])
            assert error, "a failure is not said"
            assert after == before, "a failure took values away"
            status = outcomes.statuses(engine)["KR1"]
            assert status.error, "the report does not tell of it"
            assert not self._secrets_in(f"{error} {status.error}")
        finally:
            engine.dispose()
        assert not self._secrets_in((tmp_path / "kept" / "okrsync.db").read_bytes().decode("utf-8", "replace"))

    def _secrets_in(self, shown: str) -> list[str]:
        return [form for secret in self.secrets for form in forms_of(secret) if form in shown]


class PublisherContract:
    """Give the fixture ``publisher``, one for a wiki without any of the pages, and the methods ``read``, ``edit``,
    ``attachment`` and ``replace_attachment``.

    ``secrets`` names what must not appear in anything that is shown.
    """

    secrets: Sequence[str] = ()

    @pytest.fixture
    def publisher(self) -> Publisher:
        """The publisher to be tested."""
        raise NotImplementedError("override the fixture `publisher`")

    def read(self, publisher: Publisher, name: str) -> str | None:
        """What stands on the wiki's page of that name, in the wiki's own format; None when there is no such page."""
        raise NotImplementedError("override `read`")

    def edit(self, publisher: Publisher, name: str, before: str, after: str) -> None:
        """Replace ``before`` with ``after`` on a page, as a person would who uses the wiki."""
        raise NotImplementedError("override `edit`")

    def add(self, publisher: Publisher, name: str, above: str, below: str) -> None:
        """Put lines of text above and below everything that a page holds, as a person would who uses the wiki."""
        raise NotImplementedError("override `add`")

    def attachment(self, publisher: Publisher, page: str, name: str) -> bytes | None:
        """What the wiki holds as an attachment of that name of a page; None when there is none."""
        raise NotImplementedError("override `attachment`")

    def replace_attachment(self, publisher: Publisher, page: str, name: str, data: bytes) -> None:
        """Put another file in an attachment's place, as a person would who uses the wiki."""
        raise NotImplementedError("override `replace_attachment`")

    def test_settings_refuse_what_they_do_not_know(self, publisher: Publisher) -> None:
        _check_settings(publisher, PublisherSettings)

    def test_new_pages(self, publisher: Publisher) -> None:
        pages = (_page("OKR-2026-W46", "quokka"), _page("OKR-2026-W47", "wombat"))
        assert all(self.read(publisher, page.name) is None for page in pages), "the wiki is not empty"
        done = publisher.publish(pages)
        assert (done.written, done.unchanged, done.kept) == (("OKR-2026-W46", "OKR-2026-W47"), (), ())
        assert "quokka" in self._text(publisher, "OKR-2026-W46")
        assert "wombat" in self._text(publisher, "OKR-2026-W47")

    def test_where_is_shown_without_secrets(self, publisher: Publisher) -> None:
        done = publisher.publish([_page("OKR-2026-W47", "wombat")])
        assert done.where
        shown = f"{done} {publisher.settings!r} {publisher.settings}"
        assert not [secret for secret in self.secrets if secret in shown]

    def test_nothing_new_changes_nothing(self, publisher: Publisher) -> None:
        page = _page("OKR-2026-W47", "wombat")
        publisher.publish([page])
        before = self._text(publisher, page.name)
        done = publisher.publish([page])
        assert (done.written, done.unchanged, done.kept) == ((), (page.name,), ())
        assert self._text(publisher, page.name) == before

    def test_only_what_differs_is_written(self, publisher: Publisher) -> None:
        publisher.publish([_page("OKR-2026-W46", "quokka"), _page("OKR-2026-W47", "wombat")])
        done = publisher.publish([_page("OKR-2026-W46", "quokka"), _page("OKR-2026-W47", "numbat")])
        assert (done.written, done.unchanged, done.kept) == (("OKR-2026-W47",), ("OKR-2026-W46",), ())
        text = self._text(publisher, "OKR-2026-W47")
        assert "numbat" in text
        assert "wombat" not in text

    def test_what_a_person_wrote_is_kept(self, publisher: Publisher) -> None:
        publisher.publish([_page("OKR-2026-W46", "quokka"), _page("OKR-2026-W47", "wombat")])
        self.edit(publisher, "OKR-2026-W46", "quokka", "bilby")
        edited = self._text(publisher, "OKR-2026-W46")
        assert "bilby" in edited, "`edit` changed nothing"
        done = publisher.publish([_page("OKR-2026-W46", "dunnart"), _page("OKR-2026-W47", "numbat")])
        assert (done.written, done.unchanged, done.kept) == (("OKR-2026-W47",), (), ("OKR-2026-W46",))
        assert self._text(publisher, "OKR-2026-W46") == edited
        assert "numbat" in self._text(publisher, "OKR-2026-W47"), "a page that was kept stopped the others"

    def test_what_stands_outside_the_section_is_kept(self, publisher: Publisher) -> None:
        publisher.publish([_page("OKR-2026-W47", "wombat")])
        self.add(publisher, "OKR-2026-W47", "Above stands potoroo.", "Below stands quoll.")
        before = self._text(publisher, "OKR-2026-W47")
        assert "potoroo" in before, "`add` added nothing"
        assert "quoll" in before, "`add` added nothing"
        again = publisher.publish([_page("OKR-2026-W47", "wombat")])
        assert (again.written, again.unchanged, again.kept) == ((), ("OKR-2026-W47",), ())
        done = publisher.publish([_page("OKR-2026-W47", "numbat")])
        assert (done.written, done.unchanged, done.kept) == (("OKR-2026-W47",), (), ())
        text = self._text(publisher, "OKR-2026-W47")
        assert text.index("potoroo") < text.index("numbat") < text.index("quoll")
        assert "wombat" not in text

    def test_attachments(self, publisher: Publisher) -> None:
        page = _page("OKR-2026-W47", "wombat", _CHART)
        assert publisher.publish([page]).written == (page.name,)
        assert self.attachment(publisher, page.name, _CHART) == _DARK
        assert _CHART in self._text(publisher, page.name), "the page does not show it"
        done = publisher.publish([page])
        assert (done.written, done.unchanged, done.kept) == ((), (page.name,), ())
        other = replace(page, attachments=(replace(page.attachments[0], data=_LIGHT),))
        done = publisher.publish([other])
        assert (done.written, done.unchanged, done.kept) == ((page.name,), (), ())
        assert self.attachment(publisher, page.name, _CHART) == _LIGHT

    def test_attachment_that_a_person_replaced_is_kept(self, publisher: Publisher) -> None:
        page = _page("OKR-2026-W47", "wombat", _CHART)
        publisher.publish([page])
        self.replace_attachment(publisher, page.name, _CHART, _LIGHT)
        assert self.attachment(publisher, page.name, _CHART) == _LIGHT, "`replace_attachment` changed nothing"
        done = publisher.publish([_page("OKR-2026-W47", "numbat", _CHART)])
        assert (done.written, done.kept) == ((page.name,), (_CHART,))
        assert self.attachment(publisher, page.name, _CHART) == _LIGHT
        assert "numbat" in self._text(publisher, page.name), "an attachment that was kept stopped its page"

    def test_edited_page_keeps_its_attachments(self, publisher: Publisher) -> None:
        page = _page("OKR-2026-W47", "wombat", _CHART)
        publisher.publish([page])
        self.edit(publisher, page.name, "wombat", "bilby")
        other = replace(page, attachments=(replace(page.attachments[0], data=_LIGHT),))
        assert publisher.publish([other]).kept == (page.name,)
        assert self.attachment(publisher, page.name, _CHART) == _DARK

    def test_no_page_is_nothing_to_do(self, publisher: Publisher) -> None:
        done = publisher.publish([])
        assert (done.written, done.unchanged, done.kept) == ((), (), ())

    @pytest.mark.parametrize("name", ["", "..", "../OKR", "a/b", "a\\b", "a:b", "a\nb"])
    def test_names_that_lead_elsewhere_are_refused(self, publisher: Publisher, name: str) -> None:
        with pytest.raises(SourceError):
            publisher.publish([_page("OKR-2026-W47", "wombat"), _page(name, "quokka")])
        assert self.read(publisher, "OKR-2026-W47") is None, "names are checked before anything is written"

    @pytest.mark.parametrize(
        "name", ["", "..", "../a.png", "a/b.png", "a\\b.png", "a:b.png", "a\nb.png", "a b.png", "a.md"]
    )
    def test_attachments_that_lead_elsewhere_are_refused(self, publisher: Publisher, name: str) -> None:
        with pytest.raises(SourceError):
            publisher.publish([_page("OKR-2026-W46", "quokka"), _page("OKR-2026-W47", "wombat", name)])
        assert self.read(publisher, "OKR-2026-W46") is None, "names are checked before anything is written"

    def _text(self, publisher: Publisher, name: str) -> str:
        text = self.read(publisher, name)
        assert text is not None, f"there is no page {name}"
        return text


_CHART = "OKR-2026-W47-chart.png"
_PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGN"
# Two pictures of one pixel each.
_DARK = base64.b64decode(f"{_PNG}gAAAAAgABSK+kcQAAAABJRU5ErkJggg==")
_LIGHT = base64.b64decode(f"{_PNG}4DwABAQEAsTj2FAAAAABJRU5ErkJggg==")


def _page(name: str, word: str, chart: str | None = None) -> WikiPage:
    text = f"# {name}\n\nThe word of the week is {word}. 本周: 目标\n"
    if chart is None:
        return WikiPage(name, name.replace("-", " "), text)
    shown = f"{text}\n![Chart of the week]({chart})\n"
    return WikiPage(name, name.replace("-", " "), shown, (Attachment(chart, "image/png", _DARK),))


def _pull(connector: Connector, scope: Scope, plan: Plan) -> list[Page]:
    return [page for shard in plan.shards for page in connector.pages(scope, shard, None)]


def _items(pages: Iterable[Page]) -> dict[str, WorkItem]:
    return {item.id: item for page in pages for item in page.items}


def _ids(pages: Iterable[Page]) -> set[str]:
    return set(_items(pages))


def _check_json(value: Cursor) -> None:
    assert _through_json(value) == value, f"changed by JSON: {value!r}"


def _check_item(item: WorkItem) -> None:
    assert item.id
    assert item.key
    assert item.type
    assert item.project
    for moment in (item.created_at, item.updated_at, item.done_at):
        if moment is not None:
            assert isinstance(moment, datetime)
            assert moment.utcoffset() == timedelta(0), f"{item.key}: {moment!r} is not in UTC"
    assert (item.done_at is not None) == (item.state is ItemState.DONE), f"{item.key}: done_at iff done"
    if item.url is not None:
        parts = urlsplit(item.url)
        assert parts.scheme in {"https", "http"}, f"{item.key}: {item.url!r} cannot be opened"
        assert parts.username is None, f"{item.key}: an account in the url"
    many = (item.labels, item.components, item.versions, item.milestones, item.sprints, item.paths)
    for values in (*many, item.former_keys, item.references):
        assert isinstance(values, tuple)
    assert all(reference.target for reference in item.references)
    assert isinstance(item.waits, tuple)
    for wait in item.waits:
        assert wait.account, f"{item.key}: a wait for nobody"
        for moment in (wait.since, wait.until or wait.since):
            assert moment.utcoffset() == timedelta(0), f"{item.key}: {moment!r} is not in UTC"
        assert wait.until is None or wait.until >= wait.since, f"{item.key}: a wait that ended before it began"
