"""Users' own templates: Jinja in a sandbox, with the same escaping, that reads no file outside its folder.

A folder of templates (``report: {templates: …}``) stands before okrsync's own: a file of the same name replaces one of
them, whole pages and parts alike. ``docs/templates.md`` says what a template sees.
"""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, TemplateError, TemplateNotFound
from jinja2.exceptions import SecurityError, TemplateSyntaxError
from jinja2.loaders import split_template_path
from jinja2.sandbox import ImmutableSandboxedEnvironment

from okrsync.errors import ConfigError
from okrsync.http import one_line
from okrsync.language import _
from okrsync.report import words

LONGEST_PAGE = 5_000_000
"""Characters of a page: more is a loop that was not meant."""
LARGEST_FACTOR, LARGEST_POWER = 100_000, 1000
"""What a template may repeat a text by, and what may stand on either side of ``**``."""

PAGES = {
    "report.md.j2": "the week's page; also what `okrsync report --format markdown` prints",
    "key_result.md.j2": "the page of a key result, with its history",
    "index.md.j2": "the page that lists all weeks",
}
"""The templates of whole pages; a file that begins with an underscore is a part of one of them."""
WORDS = SimpleNamespace(
    **{
        name: value
        for name, value in vars(words).items()
        if not name.startswith("_")
        and (value.__module__ == words.__name__ if inspect.isfunction(value) else name.isupper())
    }
)
"""What a sandboxed template sees of ``okrsync.report.words``: functions and tables, not what the module imports."""

_ERRORS = (
    TemplateError, ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError
)  # fmt: skip
"""All that an expression of a template can end in."""


class _Folder(BaseLoader):
    """The templates of a folder; a symbolic link that leads out of it is none of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        if not self.folder.is_dir():
            raise ConfigError(_("{folder}: there is no such folder of templates").format(folder=folder))

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        path = self.folder.joinpath(*split_template_path(template))
        if not path.is_file() or not path.resolve().is_relative_to(self.folder):
            raise TemplateNotFound(template)
        try:
            return path.read_text("utf-8"), str(path), lambda: True
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                _("{file}: cannot be read: {error}").format(file=path, error=one_line(str(error)))
            ) from error


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, with products and powers that stay small."""

    intercepted_binops = frozenset(["*", "**"])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        numbers = [abs(each) for each in (left, right) if isinstance(each, int | float)]
        if operator == "**" and max(numbers, default=0) > LARGEST_POWER:
            raise SecurityError(
                _("** with more than {most:,} is not computed in a template").format(most=LARGEST_POWER)
            )
        if operator == "*" and len(numbers) == 1 and numbers[0] > LARGEST_FACTOR:
            raise SecurityError(
                _("a text or list is not repeated more than {most:,} times in a template").format(most=LARGEST_FACTOR)
            )
        return super().call_binop(context, operator, left, right)


def fill_in(
    template: str,
    context: Mapping[str, Any],
    folder: Path,
    prepare: Callable[[Environment], None],
    options: Mapping[str, Any],
) -> str:
    """A template of ``folder``, or okrsync's own of that name, filled in.

    Raises ``ConfigError`` with file and line for whatever is wrong in it, and for a page that is too long.
    """
    environment = _Sandbox(loader=ChoiceLoader([_Folder(folder), PackageLoader("okrsync_templates", "")]), **options)
    prepare(environment)
    parts: list[str] = []
    length = 0
    try:
        for part in environment.get_template(template).generate({**context, "words": WORDS}):
            parts.append(part)
            length += len(part)
            if length > LONGEST_PAGE:
                raise ConfigError(
                    _("{file}: the page has more than {most:,} characters").format(
                        file=folder / template, most=LONGEST_PAGE
                    )
                )
    except _ERRORS as error:
        raise ConfigError(f"{_place(error, folder / template)}: {_said(error)}") from error
    return "".join(parts)


def _place(error: BaseException, template: Path) -> str:
    """File and line of the template in which it went wrong."""
    if isinstance(error, TemplateSyntaxError):
        return f"{error.filename or template}:{error.lineno}"
    # Jinja puts the lines of templates into the traceback; the innermost is where it happened.
    own = str(template.resolve())
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == own or frame.filename.endswith(".j2")
    ]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else str(template)


def _said(error: BaseException) -> str:
    if isinstance(error, TemplateNotFound):
        return _("there is no template {name!r}; it must lie in the same folder, or be okrsync's own").format(
            name=one_line(str(error))
        )
    if isinstance(error, RecursionError):
        return _("a macro or an include calls itself without end")
    return one_line(str(error)) or type(error).__name__


VARIABLES = {
    "report": "the report: its fields are listed below",
    "words": "texts for people: functions and tables, listed below",
    "busy": "the busy key results, as in `report.key_results`",
    "groups": "the others by verdict: pairs of a verdict and its key results",
    "teams": "by team, who has most busy ones first: its name, its verdicts in words, its key results",
    "many": "true where there are so many key results that they are folded",
    "changes": "verdicts that turned in the last week: pairs of a link and a text",
    "goal_changes": "goals that changed in the last week: pairs of a link and a text",
    "closing": "what became of a cycle that is over; none while it runs",
    "changes_since_end": "verdicts that turned since the cycle ended: pairs of a link and a text",
    "modes": "the five failure modes, each with `name`, `state`, `evidence`, `next`, `groups`, `gaps`, `findings`",
    "tree": "the tree of goals, as the lines of a Mermaid flowchart",
    "left_out": "how many objectives are not drawn in it",
    "unreliable": "measurements that cannot be relied on: pairs of a link and a text",
    "named": "how many finished pieces `newest` names",
    "gap": "what stands between two sentences: a blank, in Chinese nothing",
    "index": "the name of the page of all weeks; none outside a wiki",
    "anchor": "`anchor(key_result)`: the place that `to` leads to",
    "to": "`to(key_result)`: a link to the place on this page that says more",
    "page_of": "`page_of(key_result)`: the name of its own page; none outside a wiki",
    "to_page": "`to_page(text, name)`: a link to another page of the wiki",
    "chart": "`chart(key_result)`: its picture; empty outside a wiki, or where it is not drawn",
    "outcome": "`outcome(key_result)`: the last measurements as block characters, and how they move",
    "linked": "`linked(piece)`: a piece of work as a link",
    "newest": "`newest(key_result)`: the pieces of work that were finished last",
    "finished_on": "`finished_on(piece)`: the day as text",
    "clean": "`clean(text, limit)`: foreign text as one line of at most so many characters",
    "sentence": "`sentence(text)`: as a sentence, with capital and full stop",
    "summary": "`summary(text)`: text for the HTML of a `<summary>`",
    "raw": "`raw(text)`: Markdown of your own that must not be escaped",
}
"""What the templates of the week's page see; a test compares it with what they are given."""
