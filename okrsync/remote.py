"""Shards on other machines: a Dask cluster behind ``concurrent.futures.Executor``, all workers on one PostgreSQL.

What travels is a path and a shard, never a secret: a worker reads the configuration itself, from the same path or from
``OKRSYNC_CONFIG`` in its own environment, and takes tokens from there. Dask may show tasks in its logs and dashboard.

How fast a host is asked: the coordinator lets at most ``--jobs`` shards of a source be under way on the whole cluster,
each of which asks for one page at a time; points a minute are divided among the workers; a pause that a host asks one
of them for (429, ``Retry-After``) is kept in the store, and holds for all of them and for the coordinator. A worker
that dies costs the pages that it had not stored: Dask gives its shards to another, which goes on from the cursors in
the store.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from okrsync.errors import ConfigError, OkrsyncError, SourceError
from okrsync.language import _, choose
from okrsync.pulling import Puller, ShardTask, Writer

if TYPE_CHECKING:
    from okrsync.config import Config

_SCHEME = "dask://"
_ADDRESS = re.compile(r"dask://(?:[\w.-]+|\[[0-9a-f:.]+\])(?::\d+)?/*", re.ASCII | re.IGNORECASE)
_TOPIC = "okrsync"
_CONNECT_TIMEOUT = 10.0
"""Seconds in which a scheduler must answer."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a worker makes what it needs; plain values, no secrets."""

    config: str
    """Path of ``okrsync.yaml``, where the worker's own environment names no other."""
    jobs: int
    share: int
    """Among how many workers a host's points a minute are divided."""
    language: str = "en"
    """In which failures are said, as the coordinator says them."""


Pulled = tuple[int, int]
"""Items that a shard brought, and how many of them were new or changed."""


def pull_shard(recipe: Recipe, task: ShardTask) -> Pulled:
    """Pull a shard: what a worker runs. Raises ``OkrsyncError`` as ``Puller.pull`` does."""
    counts: list[Pulled] = []
    _workplace(recipe).pull(task, lambda items, changed: counts.append((items, changed)))
    return sum(items for items, _ in counts), sum(changed for _, changed in counts)


def check_executor(url: str, config: Config) -> None:
    """Raise ``ConfigError`` when ``--executor`` cannot work here, without asking anybody."""
    # Printed units hold it, and each reads other characters as its own.
    if not _ADDRESS.fullmatch(url):
        raise ConfigError(
            _("--executor {url}: write dask://HOST:PORT, the address of a Dask scheduler").format(url=url)
        )
    if not config.store.startswith("postgresql"):
        raise ConfigError(
            _(
                "--executor needs a store that all workers reach: set store: postgresql+psycopg://HOST/NAME "
                "in okrsync.yaml"
            )
        )
    if find_spec("distributed") is None:
        raise ConfigError(_("--executor dask:// needs Dask: pip install 'okrsync[dask]'"))


@contextmanager
def dask_cluster(
    url: str, config: Config, jobs: int, on_wait: Callable[[str, str, float], None]
) -> Iterator[Callable[[ShardTask], Future[Pulled]]]:
    """A function that begins to pull a shard on the cluster whose scheduler is at ``dask://HOST:PORT``.

    ``on_wait`` is told of a source, why it waits, and for how many seconds. Raises ``ConfigError`` when the address
    cannot be used, when the store is one that only this machine has, or when no scheduler or no worker is there.
    """
    check_executor(url, config)
    import distributed

    address = url.removeprefix(_SCHEME).strip("/")
    try:
        made: Any = distributed.Client  # its package is typed in part only
        client = made(f"tcp://{address}", timeout=_CONNECT_TIMEOUT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConfigError(
            _("--executor {url}: no Dask scheduler answers there ({name})").format(url=url, name=type(error).__name__)
        ) from None
    try:
        workers = len(client.scheduler_info(n_workers=-1)["workers"])
        if not workers:
            raise ConfigError(
                _("--executor {url}: the cluster has no workers; start some with: dask worker {address}").format(
                    url=url, address=address
                )
            )
        client.subscribe_topic(_TOPIC, lambda event: on_wait(*event[1]))
        recipe = Recipe(str(config.path), jobs, workers, config.language)
        executor = client.get_executor(pure=False)
        yield partial(_begin, executor, recipe)
    finally:
        client.close()


def _begin(executor: Any, recipe: Recipe, task: ShardTask) -> Future[Pulled]:
    """Submit a shard; what Dask itself raises becomes the scope's error."""
    pulled: Future[Pulled] = Future()

    def ended(future: Future[Pulled]) -> None:
        error = future.exception() if not future.cancelled() else SourceError(_("it was cancelled"))
        if error is None:
            pulled.set_result(future.result())
        elif isinstance(error, OkrsyncError):
            pulled.set_exception(error)
        else:
            where = f"{task.scope.source}:{task.scope.id}"
            pulled.set_exception(
                SourceError(
                    _("{where}: the cluster could not pull it ({name}); see the workers' logs").format(
                        where=where, name=type(error).__name__
                    )
                )
            )

    executor.submit(pull_shard, recipe, task).add_done_callback(ended)
    return pulled


_workplaces: dict[Recipe, Puller] = {}
_making = Lock()


def _workplace(recipe: Recipe) -> Puller:
    """The store, the connectors and the writer of this worker process, made once."""
    from okrsync.config import load_config
    from okrsync.opening import SyncOptions, make_connector
    from okrsync.pace import Paces
    from okrsync.store.engine import open_store
    from okrsync.store.pauses import StoredPauses

    with _making:
        if recipe not in _workplaces:
            config = load_config(Path(os.environ.get("OKRSYNC_CONFIG") or recipe.config))
            choose(recipe.language)
            engine = open_store(config.store)
            options = SyncOptions(
                base=config.base,
                timezone=config.timezone,
                census=config.census,
                jobs=recipe.jobs,
                people=config.accounts(),
            )
            paces = Paces(recipe.jobs, share=recipe.share, board=StoredPauses(engine))
            connectors = {
                name: make_connector(name, settings, options, _Telling(), paces)
                for name, settings in config.sources.items()
            }
            writer = Writer(engine)
            writer.__enter__()  # its thread ends with the worker's process
            _workplaces[recipe] = Puller(engine, connectors, writer, Event())
        return _workplaces[recipe]


class _Telling:
    """Tells the coordinator, through the scheduler, what a worker waits for."""

    def waiting(self, source: str, why: str, seconds: float) -> None:
        from distributed import get_worker

        try:
            get_worker().log_event(_TOPIC, (source, why, seconds))
        except ValueError:
            return  # not on a worker's thread

    def note(self, source: str, text: str) -> None:
        """Notes were made by the coordinator's own connectors already."""
