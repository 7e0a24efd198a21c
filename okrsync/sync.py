"""Pulling work: scopes → shards → executor → store.

The coordinator asks each scope's connector for a plan, hands the plan's shards to the executor, and finishes a scope
once its shards are stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING

from okrsync.connector import Connector, SourceSettings
from okrsync.coordinator import PAGES_A_REQUEST, Coordinator, Observer, Run, ScopeResult
from okrsync.errors import ConfigError, SourceError
from okrsync.language import _
from okrsync.model import Scope
from okrsync.opening import Opened, Selector, SyncOptions
from okrsync.pulling import GivenUp, Puller, ShardTask, Stored, Writer
from okrsync.store import scopes
from okrsync.store.pauses import StoredPauses

if TYPE_CHECKING:
    from sqlalchemy import Engine

_WHOLE_SOURCE = "*"
"""Stands for the scopes of a source that could not even say which it has."""


def sync(
    engine: Engine,
    sources: Mapping[str, SourceSettings],
    options: SyncOptions,
    observer: Observer,
    only: Sequence[Selector] = (),
    elsewhere: Callable[[ShardTask], Future[tuple[int, int]]] | None = None,
    opened: Opened | None = None,
) -> list[ScopeResult]:
    """Bring the store up to date with the sources, or with those that ``only`` selects.

    ``elsewhere`` begins to pull a shard on another machine (``okrsync.remote``), and its future tells how many items
    came, and how many of them were new or changed; by default shards are pulled in threads of this process. ``opened``
    are the same sources, where they have been opened before.

    Returns what became of each scope; a scope that failed has its error there and in the store, and keeps what is
    stored. Raises ``ConfigError`` when ``only`` names what is not configured, ``StoreError`` when the store refuses.
    """
    if opened is None:
        with Opened(sources, options, only) as opened:
            return sync(engine, sources, options, observer, only, elsewhere, opened)
    opened.tell(observer)
    if elsewhere is not None:
        # What a worker is told to wait for is heeded here too.
        opened.paces.share_pauses(StoredPauses(engine))
    connectors = opened.connectors
    results: list[ScopeResult] = []
    stopping = Event()
    # Each source has its own --jobs: another service's answers are no reason to wait.
    most = options.jobs * max(1, len(connectors)) * PAGES_A_REQUEST
    threads = ThreadPoolExecutor(max_workers=most, thread_name_prefix="okrsync")
    with Writer(engine) as writer, threads:
        try:
            puller = Puller(engine, connectors, writer, stopping)

            def pull(task: ShardTask, stored: Stored, given_up: GivenUp) -> Future[None]:
                if elsewhere is None:
                    return threads.submit(puller.pull, task, stored, given_up)
                return _counted(elsewhere(task), stored)

            runs = _open_scopes(engine, opened, options, only, observer, results)
            Coordinator(engine, opened, observer, threads, pull, here=elsewhere is None).run(runs)
        except BaseException:
            # Let nobody wait for tasks that have not begun; those under way end with their page.
            stopping.set()
            opened.paces.close()
            threads.shutdown(wait=False, cancel_futures=True)
            raise
        results += [run.result for run in runs]
    return sorted(results, key=lambda result: (result.scope.source, result.scope.id))


def _counted(pulled: Future[tuple[int, int]], stored: Stored) -> Future[None]:
    ended: Future[None] = Future()

    def count(future: Future[tuple[int, int]]) -> None:
        error = future.exception()
        if error is not None:
            ended.set_exception(error)
            return
        stored(*future.result())
        ended.set_result(None)

    pulled.add_done_callback(count)
    return ended


def _open_scopes(
    engine: Engine,
    opened: Opened,
    options: SyncOptions,
    only: Sequence[Selector],
    observer: Observer,
    results: list[ScopeResult],
) -> list[Run]:
    connectors = opened.connectors
    runs: list[Run] = []
    for name, listing in opened.listings.items():
        try:
            listed = list(listing.result())
        except SourceError as error:
            results += _source_failed(engine, name, str(error), observer)
            continue
        wanted = {selector.scope for selector in only if selector.source == name}
        whole = not wanted or None in wanted
        missing: dict[str, str] = {}
        # Only a full sync of the whole source gives up what it lists no more.
        if not (options.full and whole):
            found, missing = _look_for_missing(engine, connectors[name], name, listed)
            listed += found
        rows = scopes.use_scopes(engine, name, [*(scope.id for scope in listed), *missing])
        for lost, message in missing.items():
            scopes.fail_scope(engine, rows[lost].id, message)
            results.append(ScopeResult(Scope(name, lost), error=message))
            observer.scope_done(results[-1])
        unknown = {scope for scope in wanted if scope is not None} - {scope.id for scope in listed}
        if unknown:
            known = ", ".join(sorted(scope.id for scope in listed))
            raise ConfigError(
                _("source {name} has no scope {scope!r}; it has: {names}").format(
                    name=name, scope=sorted(unknown)[0], names=known or _("none")
                )
            )
        for scope in listed:
            if whole or scope.id in wanted:
                runs.append(Run(connectors[name], scope, rows[scope.id], ScopeResult(scope), rows[scope.id].cursor))
    return runs


def _look_for_missing(
    engine: Engine, connector: Connector, source: str, listed: Sequence[Scope]
) -> tuple[list[Scope], dict[str, str]]:
    """What became of the scopes that the source listed before and lists no more: those that are there all the same,
    and those that are not, with the reason. One that only has another name by now is remembered under both.
    """
    names = {scope.id.lower() for scope in listed}
    found: list[Scope] = []
    missing: dict[str, str] = {}
    for id_ in scopes.configured_scopes(engine, source):
        scope = Scope(source, id_)
        if id_.lower() in names or not connector.expects(scope):
            continue
        try:
            present = connector.plan(scope, None).scope_name
        except SourceError as error:
            missing[id_] = _(
                "{error}. What is stored is kept; to give it up, run: okrsync sync {source} --full"
            ).format(error=error, source=source)
            continue
        if present.lower() in names:
            scopes.name_scope(engine, source, id_, present)
        else:
            found.append(scope)
    return found, missing


def _source_failed(engine: Engine, source: str, message: str, observer: Observer) -> list[ScopeResult]:
    """The source could not even list its scopes: all that are known fail with it, and one stands in where none is."""
    known = scopes.configured_scopes(engine, source)
    rows = scopes.use_scopes(engine, source, known or [_WHOLE_SOURCE])
    failed = []
    for row in rows.values():
        scopes.fail_scope(engine, row.id, message)
        failed.append(ScopeResult(Scope(source, row.scope), error=message))
    for result in failed:
        observer.scope_done(result)
    return failed
