"""``type: http``: JSON behind an http(s) URL, read with JMESPath."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from okrsync.errors import SourceError, WrongValue
from okrsync.http import one_line, shown_url
from okrsync.language import _
from okrsync.outcomes.download import Answer, HttpAuth, checked_url
from okrsync.outcomes.interface import OutcomeSettings, OutcomeSource, Reading
from okrsync.outcomes.table import Table

_PLACEHOLDER = re.compile(r"\{(\w*)\}")


def _expression(text: str) -> str:
    import jmespath

    try:
        jmespath.compile(text)
    except jmespath.exceptions.JMESPathError as error:
        raise WrongValue(
            _("{name} is no JMESPath expression: {error}"), error=one_line(str(error).splitlines()[0])
        ) from None
    return text


def _address(url: str) -> str:
    for found in _PLACEHOLDER.finditer(url):
        if found[1] not in ("start", "end"):
            raise WrongValue(
                _("{name} holds {found!r}: okrsync fills in {{start}} and {{end}}, days such as 2026-11-16"),
                found=found[0],
            )
    return checked_url(url)


JmesPath = Annotated[str, Field(min_length=1), AfterValidator(_expression)]


class HttpSettings(OutcomeSettings):
    """Where the JSON is, and what in it are the days and the values."""

    url: Annotated[str, AfterValidator(_address)] = Field(repr=False)
    """http(s) URL; {start} and {end} in it become the first and the last day to read, such as 2026-11-16."""
    rows: JmesPath | None = None
    """JMESPath to the list of rows; `date` and `value` are then read in each row."""
    date: JmesPath = "date"
    """JMESPath to the day: in a row, or without `rows` in the whole answer, giving a list."""
    value: JmesPath = "value"
    """JMESPath to the number, as `date` to the day."""
    auth: HttpAuth | None = None
    """How to log in."""


class Http(OutcomeSource):
    """Reads JSON that holds days and values, in rows or in two lists side by side.

    An expression that finds nothing is an error: what it meant may have been renamed, and that is no empty series.
    """

    type_name: ClassVar[str] = "http"
    Settings: ClassVar[type[OutcomeSettings]] = HttpSettings
    forgets: ClassVar[bool] = True
    settings: HttpSettings

    def read(self, start: date, end: date) -> Sequence[Reading]:
        answer = self.context.downloads.get(
            self.settings.url.replace("{start}", start.isoformat()).replace("{end}", end.isoformat()),
            auth=self.settings.auth,
            accept="application/json",
            on_wait=self.context.on_wait,
        )
        if answer.has_next:
            raise SourceError(
                _("{where}: the answer has more pages; ask for all in one, in the URL").format(where=self._where)
            )
        table = Table(
            where=self._where,
            no_day=_("{cell} as `date` is no date; write 2026-11-16"),
            no_value=_("{cell} as `value` is no number; write 1234.5 or 1,234.5"),
            two_values=_(
                "a second value for {day} (the first is in row {row}): `rows`, `date` and `value` must give one value "
                "a day"
            ),
        )
        return table.readings(self._rows(_json(answer, self._where)), start, end, self.context.timezone)

    @property
    def _where(self) -> str:
        return one_line(shown_url(self.settings.url))

    def _rows(self, document: Any) -> Iterator[tuple[int, object, object]]:
        settings = self.settings
        expression = settings.rows
        if expression is None:
            whole = [self._search(each, document) for each in (settings.date, settings.value)]
            if isinstance(document, list) and whole == [None, None]:
                expression = "@"  # the answer is the list of rows
        if expression is None:
            days, values = map(_listed, whole)
            if len(days) != len(values):
                raise SourceError(
                    _(
                        "{where}: `date` finds {days} and `value` {values}: they must come in pairs; with `rows` "
                        "they are read row by row"
                    ).format(where=self._where, days=len(days), values=len(values))
                )
        else:
            rows = self._search(expression, document)
            if not isinstance(rows, list):
                said = (
                    _("{where}: `rows` ({rows}) finds nothing in the answer")
                    if rows is None
                    else _("{where}: `rows` ({rows}) finds no list in the answer")
                )
                raise SourceError(said.format(where=self._where, rows=one_line(expression, 60)))
            days = [self._search(settings.date, row) for row in rows]
            values = [self._search(settings.value, row) for row in rows]
        for name, expression, found in (("date", settings.date, days), ("value", settings.value, values)):
            if found and all(one is None for one in found):
                raise SourceError(
                    _("{where}: `{name}` ({expression}) finds nothing in the answer").format(
                        where=self._where, name=name, expression=one_line(expression, 60)
                    )
                )
        yield from ((number, *pair) for number, pair in enumerate(zip(days, values, strict=True), 1))

    def _search(self, expression: str, document: Any) -> Any:
        import jmespath

        try:
            return _interpreter().visit(jmespath.compile(expression).parsed, document)
        except jmespath.exceptions.JMESPathError as error:
            said = one_line(str(error))
            raise SourceError(
                _("{where}: {expression!r} cannot be applied: {said}").format(
                    where=self._where, expression=one_line(expression, 60), said=said
                )
            ) from error


def _listed(found: Any) -> list[Any]:
    """What an expression over the whole answer found, as a list; a single value is a list of one."""
    return found if isinstance(found, list) else [found]


def _json(answer: Answer, where: str) -> Any:
    try:
        return json.loads(answer.body)
    except RecursionError:
        raise SourceError(_("{where}: the JSON is nested too deep").format(where=where)) from None
    except ValueError:
        if "html" in answer.content_type:
            said = _("{where}: the answer is not JSON but {kind}: is it a page to log in? Check `auth`")
        elif answer.content_type:
            said = _("{where}: the answer is not JSON but {kind}")
        else:
            said = _("{where}: the answer is not JSON")
        raise SourceError(said.format(where=where, kind=one_line(answer.content_type, 40))) from None


def _interpreter() -> Any:
    """JMESPath that keeps the nulls of a projection.

    The standard drops them, so that ``data[].day`` and ``data[].value`` would not belong together any more after a row
    without a value. Inside a function, as in ``sum(data[].value)``, they are dropped as ever.
    """
    from jmespath.visitor import TreeInterpreter

    class KeepsNulls(TreeInterpreter):  # type: ignore[misc]  # jmespath has no types
        def visit_projection(self, node: Any, value: Any) -> Any:
            base = self.visit(node["children"][0], value)
            return self._each(node["children"][1], base) if isinstance(base, list) else None

        def visit_value_projection(self, node: Any, value: Any) -> Any:
            base = self.visit(node["children"][0], value)
            return self._each(node["children"][1], base.values()) if isinstance(base, dict) else None

        def visit_filter_projection(self, node: Any, value: Any) -> Any:
            base = self.visit(node["children"][0], value)
            if not isinstance(base, list):
                return None
            kept = [one for one in base if self._is_true(self.visit(node["children"][2], one))]
            return self._each(node["children"][1], kept)

        def visit_function_expression(self, node: Any, value: Any) -> Any:
            return TreeInterpreter().visit(node, value)

        def _each(self, expression: Any, base: Any) -> list[Any]:
            return [self.visit(expression, one) for one in base]

    return KeepsNulls()
