"""The page about users' own templates, from what the code says of itself."""

from __future__ import annotations

import inspect

from okrsync.report.templates import LARGEST_FACTOR, LONGEST_PAGE, PAGES, VARIABLES, WORDS
from okrsync.report.value import Report

_TEXT = """\
# Templates of your own

This page is written by `make docs` from `okrsync/report/templates.py`, `words.py` and `value.py`.

`report: {{templates: dir/}}` in `okrsync.yaml` names a folder of [Jinja](https://jinja.palletsprojects.com/) templates.
A file in it stands in place of okrsync's own of the same name, for `okrsync report --format markdown`, `publish` and
`run` alike:

{pages}

Those whose names begin with an underscore, such as `_overview.md.j2` and `_busy.md.j2`, are parts of the week's page,
and can be replaced alone. okrsync's own lie in `templates/okrsync_templates` and are a good start. `okrsync report
--template FILE` prints one file without any setting; it may include what lies beside it, and okrsync's own.

```jinja
# {{{{ words.title(report) }}}}

**{{{{ words.headline(report) }}}}**

{{% for judgement in busy %}}
- {{{{ words.name(judgement) }}}}: {{{{ outcome(judgement) }}}}, since {{{{ words.day(judgement.since) }}}}
{{% endfor %}}
```

A template writes Markdown. Whatever it prints with `{{{{ … }}}}` is escaped, so that no title of an issue adds a link
or a table; `{{{{ raw(text) }}}}` prints Markdown of your own. It runs in Jinja's sandbox: it reads no file outside its
folder, changes nothing, and calls nothing but what is listed here and Jinja's own filters. `range` gives at most
100,000 numbers, a text is repeated at most {factor:,} times, and a page has at most {longest:,} characters. What is
wrong in it is reported with its file and line, and no page is published then.

## Variables of the week's page

| name | |
|---|---|
{variables}

## Fields of `report`

{fields}.

Each of `report.key_results` has `key_result` (`id`, `title`, `owner`, `metric`), `objective`, `verdict`, `since`,
`activity` (`opened`, `open`, `completed`, `settled`), `outcome` (`movement`, `trend`, `current`, `target`, `progress`,
`forecast`), `reasons`, `series` and `completed`; each finding has `rule`, `severity`, `subject`, `message`, `evidence`
and `action`. All fields with their meaning stand in `okrsync/report/value.py` and `okrsync/model.py`.

## Functions of `words`

{functions}

Its tables are {tables}.
"""


def page() -> str:
    """``docs/templates.md``."""
    functions = {name: value for name, value in sorted(vars(WORDS).items()) if inspect.isfunction(value)}
    return _TEXT.format(
        pages="\n".join(f"- `{name}`: {what}" for name, what in PAGES.items()),
        factor=LARGEST_FACTOR,
        longest=LONGEST_PAGE,
        variables="\n".join(f"| `{name}` | {what} |" for name, what in VARIABLES.items()),
        fields=", ".join(f"`{name}`" for name in Report.__dataclass_fields__),
        functions="\n".join(
            f"- `{name}({', '.join(inspect.signature(value).parameters)})`: {_first_line(value)}"
            for name, value in functions.items()
        ),
        tables=", ".join(f"`{name}`" for name in sorted(vars(WORDS)) if name not in functions),
    )


def _first_line(function: object) -> str:
    return (inspect.getdoc(function) or "").partition("\n")[0].replace("``", "`")
