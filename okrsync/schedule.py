"""Runs jobs at the times that cron expressions name, one after another, and keeps a file that says how they went."""

from __future__ import annotations

import json
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never, Self
from zoneinfo import ZoneInfo

from okrsync.cron import WEEKDAYS, Cron
from okrsync.errors import StoreError, reason_of
from okrsync.language import _
from okrsync.private import replacing

if TYPE_CHECKING:
    from apscheduler.triggers.base import BaseTrigger

ALIVE_EVERY = 15.0
"""Seconds between two signs of life in the health file."""
ALIVE_WITHIN = timedelta(seconds=90)
"""Without a sign of life for longer than this, the schedule is taken for dead."""
_NAP = 20.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Job:
    """What runs when."""

    name: str
    cron: Cron
    work: Callable[[], int]
    """Does it, and gives its exit code."""


def trigger(cron: Cron, zone: ZoneInfo) -> BaseTrigger:
    """The same times for APScheduler, which knows weekdays by name alone and has no "either day"."""
    from apscheduler.triggers.combining import OrTrigger
    from apscheduler.triggers.cron import CronTrigger

    def listed(values: Sequence[int]) -> str:
        return ",".join(map(str, values))

    times = {"minute": listed(cron.minutes), "hour": listed(cron.hours), "month": listed(cron.months)}
    by_day = {"day": listed(cron.days)}
    by_weekday = {"day_of_week": ",".join(WEEKDAYS[day] for day in cron.weekdays)}
    if cron.either_day:
        return OrTrigger([CronTrigger(**times, **each, timezone=zone) for each in (by_day, by_weekday)])
    return CronTrigger(**times, **by_day, **by_weekday, timezone=zone)


def next_time(cron: Cron, zone: ZoneInfo, after: datetime) -> datetime | None:
    """The first time strictly after ``after``, in ``zone``; None when there is none before the year 9999."""
    found: datetime | None = trigger(cron, zone).get_next_fire_time(None, after + timedelta(microseconds=1))
    return found


class Health:
    """The file that says whether the schedule is alive, what ran last and what comes next; all times UTC.

    It outlives the process: a job whose time passed while nothing ran is known from it. Without a path, all of this is
    kept in memory alone.
    """

    def __init__(self, path: Path | None, clock: Callable[[], datetime]) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._jobs: dict[str, dict[str, Any]] = {}
        if path is not None:
            self._jobs = dict(read_health(path).get("jobs", {})) if path.exists() else {}

    def last_begun(self, job: str) -> datetime | None:
        """When a job began last, as far as the file knows."""
        return _moment((self._jobs.get(job) or {}).get("began"))

    def note(self, job: str, **facts: object) -> None:
        """Keep facts about a job; moments are written in ISO 8601."""
        with self._lock:
            known = dict(self._jobs.get(job) or {})
            known.update(
                (name, fact.astimezone(UTC).isoformat(timespec="seconds") if isinstance(fact, datetime) else fact)
                for name, fact in facts.items()
            )
            self._jobs[job] = known
            self._write()

    def keep_only(self, jobs: Sequence[str]) -> None:
        """Leave out jobs of an earlier configuration."""
        with self._lock:
            self._jobs = {name: self._jobs[name] for name in jobs if name in self._jobs}
            self._write()

    @contextmanager
    def beating(self) -> Iterator[Self]:
        """Write a sign of life every ``ALIVE_EVERY`` seconds, from a thread of its own, whatever the jobs do."""
        over = threading.Event()

        def beat() -> None:
            while not over.wait(ALIVE_EVERY):
                # A file that cannot be written now is a missing sign of life, and the next job's note says why.
                with self._lock, suppress(StoreError):
                    self._write()

        thread = threading.Thread(target=beat, name="health", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            over.set()
            thread.join()

    def _write(self) -> None:
        """Raises ``StoreError`` when the file cannot be written."""
        if self._path is None:
            return
        alive = self._clock().astimezone(UTC).isoformat(timespec="seconds")
        content = {"alive": alive, "process": os.getpid(), "jobs": self._jobs}
        try:
            with replacing(self._path, keep_mode=True) as stream:
                stream.write((json.dumps(content, indent=2, sort_keys=True) + "\n").encode())
        except OSError as error:
            raise StoreError(
                _("the health file {file} cannot be written: {reason}").format(file=self._path, reason=reason_of(error))
            ) from error


def read_health(path: Path) -> dict[str, Any]:
    """What a health file says. Raises ``StoreError`` when there is none, or it is something else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StoreError(
            _("the health file {file} cannot be read: {reason}").format(file=path, reason=reason_of(error))
        ) from error
    except ValueError:
        raise StoreError(_("{file} is no health file: it is not JSON").format(file=path)) from None
    match content:
        case {"jobs": dict(jobs)} if all(isinstance(facts, dict) for facts in jobs.values()):
            return dict(content)
    raise StoreError(_("{file} is no health file of `okrsync schedule`").format(file=path))


def signs(path: Path, now: datetime) -> tuple[bool, list[str]]:
    """Whether the schedule that writes this file is alive, and what is to be said of its jobs, a line each.

    Raises ``StoreError`` as ``read_health`` does.
    """
    content = read_health(path)
    alive = _moment(content.get("alive"))
    if alive is None or now - alive > ALIVE_WITHIN:
        return False, [_("no sign of life since {moment}").format(moment=content.get("alive"))]
    lines = []
    for name, facts in sorted(content["jobs"].items()):
        if facts.get("running"):
            lines.append(_("{job}: runs since {moment}").format(job=name, moment=facts.get("began")))
        elif "ended" in facts:
            code = facts.get("exit_code")
            said = (
                _("{job}: broke off at {moment}")
                if code is None
                else _("{job}: ended with exit code {code} at {moment}")
            )
            lines.append(said.format(job=name, code=code, moment=facts["ended"]))
        else:
            lines.append(_("{job}: not run yet; next {moment}").format(job=name, moment=facts.get("next")))
    return True, lines


def run(
    jobs: Sequence[Job],
    zone: ZoneInfo,
    *,
    health: Health,
    clock: Callable[[], datetime],
    say: Callable[[str, Job, str], None],
) -> Never:
    """Run the jobs at their times, in this thread, until ``Terminated`` is raised in it (``stopping.on_sigterm``).

    Jobs never overlap: one that is due while another runs comes after it. Times that were missed meanwhile, while the
    machine slept, or since the last run that ``health`` knows of, are made up for by one run. ``say`` is told what
    happens: ``begins``, ``ended`` or ``broke``, the job, and words. APScheduler gives the times alone: its schedulers
    run jobs in threads, where no signal arrives.
    """
    due: dict[Job, datetime] = {}

    def plan(job: Job, moment: datetime | None) -> None:
        # An expression that was accepted has a next time, as long as the calendar goes on.
        due[job] = moment or datetime.max.replace(tzinfo=UTC)
        health.note(job.name, next=moment)

    with health.beating():
        health.keep_only([job.name for job in jobs])
        for job in jobs:
            now, before = clock(), health.last_begun(job.name)
            missed = before is not None and (next_time(job.cron, zone, before) or now) <= now
            plan(job, now if missed else next_time(job.cron, zone, now))
        while True:
            job = min(jobs, key=due.__getitem__)
            # In short naps, so that a clock that is set or a machine that slept is noticed.
            while (left := (due[job] - clock()).total_seconds()) > 0:
                time.sleep(min(left, _NAP))
            try:
                _run(job, health, clock, say)
            finally:
                plan(job, next_time(job.cron, zone, clock()))


def _run(job: Job, health: Health, clock: Callable[[], datetime], say: Callable[[str, Job, str], None]) -> None:
    health.note(job.name, began=clock(), running=True, exit_code=None)
    say("begins", job, _("begins"))
    code: int | None = None
    try:
        code = job.work()
    except Exception:  # noqa: BLE001 (a defect of one run must not end all that come after it; it is said in full)
        say("broke", job, "{}\n{}".format(_("broke off"), traceback.format_exc()))
    else:
        say("ended", job, _("ended with exit code {code}").format(code=code))
    finally:
        health.note(job.name, ended=clock(), running=False, exit_code=code)


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
