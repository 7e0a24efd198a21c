"""``type: prometheus``: a range query of a Prometheus server, or of one that speaks its API (Thanos, Mimir, …)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit, urlunsplit

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from okrsync.dates import end_of
from okrsync.durations import PATTERN, parse_days
from okrsync.errors import SourceError, WrongValue
from okrsync.http import one_line, shown_url
from okrsync.language import _, joined
from okrsync.outcomes.download import HttpAuth, Url
from okrsync.outcomes.interface import OutcomeSettings, OutcomeSource, Reading

MOST_POINTS = 11_000
"""A server refuses a query for more points than this."""
_FIRST_MONDAY = date(1970, 1, 5)
_DAY = timedelta(days=1)


def _not_zero(step: timedelta) -> timedelta:
    if not step:
        raise WrongValue(_("{name} must be a day or longer"))
    return step


_Step = Annotated[
    timedelta,
    BeforeValidator(parse_days),
    AfterValidator(_not_zero),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": PATTERN}, {"type": "integer", "minimum": 1}]}),
]


class PrometheusSettings(OutcomeSettings):
    """Which server to ask, and what."""

    url: Url = Field(repr=False)
    """The server's address, such as https://prometheus.acme.example; what stands before /api/v1/query_range."""
    query: str = Field(min_length=1)
    """PromQL that gives one series; it is evaluated at the end of each day or period."""
    step: _Step | None = None
    """How far apart the values are, in whole days; by default the metric's `cadence`."""
    auth: HttpAuth | None = None
    """How to log in."""


class Prometheus(OutcomeSource):
    """Evaluates a query at the last moment of every day, or of every period of ``step`` days.

    Periods are whole weeks from Monday for a step of 7 days; longer ones are counted from Monday, 5 January 1970. For a
    counted or cumulative metric a value stands at the first day of its period, else at the last: there it was read.
    Days and periods that are not over are left out, and so are ``NaN`` and infinity.
    """

    type_name: ClassVar[str] = "prometheus"
    Settings: ClassVar[type[OutcomeSettings]] = PrometheusSettings
    forgets: ClassVar[bool] = True
    settings: PrometheusSettings

    def definition(self) -> str:
        return f"{super().definition()} {self._step.days}d {'first' if self.context.periods else 'last'}"

    def read(self, start: date, end: date) -> Sequence[Reading]:
        found: list[Reading] = []
        seen: list[Mapping[str, Any]] = []
        for run in _runs(self._moments(start, end)):
            for labels, readings in self._ask(run):
                if labels not in seen:
                    seen.append(labels)
                found.extend(readings)
        if len(seen) > 1:
            shown = joined(_shown(labels) for labels in seen[:2])
            raise SourceError(
                _("{where}: the query gives {seen} series, {shown}: make one, as with sum(…)").format(
                    where=self._where, seen=len(seen), shown=shown
                )
            )
        return sorted(found, key=lambda reading: reading.at)

    def _moments(self, start: date, end: date) -> dict[int, date]:
        """When to evaluate the query (epoch milliseconds), and the day that the value then stands at."""
        step = self._step
        whole_periods_before = (start - _FIRST_MONDAY) // step
        first = _FIRST_MONDAY + whole_periods_before * step
        moments: dict[int, date] = {}
        while first <= end:
            last = first + step - _DAY
            stands_at = first if self.context.periods else last
            moment = end_of(last, self.context.timezone)
            if start <= stands_at <= end and moment <= self.context.now:
                # The last moment of the day: a sample at midnight is the next day's.
                moments[round(moment.timestamp() * 1000) - 1] = stands_at
            first += step
        return moments

    def _ask(self, run: Mapping[int, date]) -> Sequence[tuple[Mapping[str, Any], Sequence[Reading]]]:
        """The labels and readings of each series that one query gives."""
        moments = list(run)
        step = moments[1] - moments[0] if len(moments) > 1 else 1000
        answer = self.context.downloads.get(
            self._api,
            parameters={
                "query": self.settings.query,
                "start": _seconds(moments[0]),
                "end": _seconds(moments[-1]),
                "step": _seconds(step),
            },
            auth=self.settings.auth,
            accept="application/json",
            refusal=_said,
            on_wait=self.context.on_wait,
        )
        try:
            document = json.loads(answer.body)
            # What PromQL remarks on the query is no matter; anything else means that a part of the data was not read.
            missing = [one for one in document.get("warnings") or () if not str(one).startswith("PromQL ")]
            series = document["data"]["result"]
            found = [(dict(one["metric"]), list(_readings(one.get("values", ()), run))) for one in series]
            known = document["status"] == "success" and document["data"]["resultType"] == "matrix"
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            known = False
        if not known:
            raise SourceError(
                _("{where}: this is no answer of a Prometheus server: check `url` and `auth`").format(where=self._where)
            )
        if missing:
            raise SourceError(
                _("{where}: the answer may not be whole: {missing}").format(
                    where=self._where, missing=one_line(str(missing[0]))
                )
            )
        if any("histograms" in one for one in series):
            raise SourceError(
                _("{where}: the query gives histograms: make numbers of them, as histogram_quantile").format(
                    where=self._where
                )
            )
        return found

    @property
    def _step(self) -> timedelta:
        return self.settings.step or self.context.cadence

    @property
    def _api(self) -> str:
        parts = urlsplit(self.settings.url)
        return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/api/v1/query_range"))

    @property
    def _where(self) -> str:
        return one_line(shown_url(self._api))


def _shown(labels: Mapping[str, Any]) -> str:
    return one_line("{" + ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items())) + "}", 80)


def _runs(moments: Mapping[int, date]) -> Iterator[dict[int, date]]:
    """The moments in runs that one range query can ask for: equally far apart, and not too many.

    Where clocks change, a day has 23 or 25 hours and a new run begins.
    """
    run: dict[int, date] = {}
    last = step = None
    for moment, day in moments.items():
        apart = None if last is None else moment - last
        if run and (len(run) == MOST_POINTS or (step is not None and apart != step)):
            yield run
            run, step = {}, None
        elif run:
            step = apart
        run[moment] = day
        last = moment
    if run:
        yield run


def _readings(values: Any, run: Mapping[int, date]) -> Iterator[Reading]:
    for moment, text in values:
        value = float(text)
        if math.isfinite(value):
            yield Reading(run[round(moment * 1000)], value)


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds // 1000}.{milliseconds % 1000:03}"


def _said(body: bytes) -> str:
    """The server's own message in a refusal, or nothing."""
    try:
        return str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
