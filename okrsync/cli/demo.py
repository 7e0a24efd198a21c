"""``okrsync demo``."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
import threading
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from okrsync.cli.common import App, Exit, common_options, pass_app, write_output
from okrsync.errors import ConfigError, SourceError, reason_of
from okrsync.language import _

if TYPE_CHECKING:
    from okrsync.publish.interface import PublisherSettings
    from okrsync.report.value import Report
    from okrsync.sandbox.company import Company
    from okrsync.sandbox.otterwiki import OtterWiki

MARK = ".okrsync-demo"
"""The file that says that a folder is a demo's."""
CLONE, WIKI, OTTER = "storefront", "storefront.wiki.git", "otterwiki"

_MARK_TEXT = "Written by `okrsync demo`, which makes everything in this folder anew when it is run again.\n"
_LATER = re.compile(r"okrsync\.db(?:-wal|-shm|\.lock)?|report\.html|wiki/OKR-[\w.-]+\.(?:md|png)")
"""What okrsync adds to the folder when it runs there."""


@click.command(name="demo")
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default="okrsync-demo")
@click.option("--serve", is_flag=True, help="Then show the HTML report and the wiki page here, until Ctrl-C.")
@common_options
@pass_app
def command(app: App, folder: Path, serve: bool) -> int:
    """Do the whole job on a sample company, on this machine, without any account.

    DIR (default: okrsync-demo) gets the company's configuration, goals and series, which are there to be read, a git
    clone, the store and the wiki. Its Jira and GitHub are stand-ins that answer on this machine while the command runs;
    the real connectors read them over HTTP. With --serve the pages also go to a local Otter Wiki, where that is
    installed (`make .venv-wiki`), and stay to be looked at. Run again, it makes everything in DIR anew; a folder that
    holds anything else is left alone.
    """
    from okrsync.sandbox.company import found_company

    if app.config_path is not None:
        raise click.UsageError(_("demo writes a configuration of its own: leave --config out"))
    if shutil.which("git") is None:
        raise SourceError(_("the demo reads a git clone, and there is no program `git` on PATH. Install git"))
    texts = _texts()
    _clear(folder, texts)
    said = _("A sample company in {folder}, read from stand-ins of its Jira and GitHub on this machine:")
    app.say(said.format(folder=folder))
    _write(app, folder, texts)
    company = found_company(folder / CLONE)
    app.config_path = folder / "okrsync.yaml"
    if not serve:
        report, code = _work(app, company)
        _tell(app, folder, company, report)
        return code
    with ExitStack() as running:
        otter = _otterwiki(app, folder, running)
        report, code = _work(app, company, otter)
        _tell(app, folder, company, report)
        _show(app, folder, report, otter, running)
    return code


def _otterwiki(app: App, folder: Path, running: ExitStack) -> OtterWiki | None:
    """A wiki of this demo's own, where Otter Wiki is installed; it ends with ``running``."""
    from okrsync.sandbox.otterwiki import OtterWiki, find_otterwiki

    python = find_otterwiki([Path(".venv-wiki"), Path(sys.prefix).parent / ".venv-wiki"])
    if python is None:
        app.say(_("Otter Wiki is not installed (`make .venv-wiki`): the page is shown from its folder instead"))
        return None
    return running.enter_context(OtterWiki((folder / OTTER).absolute(), python.absolute()))


def _show(app: App, folder: Path, report: Report, otter: OtterWiki | None, running: ExitStack) -> None:
    """Say where the report and the wiki page are, and keep them there until the user or the system ends it."""
    from okrsync.cli.report import render
    from okrsync.report import names
    from okrsync.sandbox.showcase import Showcase

    html = render(report, "html", color=False)
    (folder / "report.html").write_text(html, encoding="utf-8")
    shown = running.enter_context(Showcase(html, folder / "wiki"))
    page = names.week_page(report.as_of)
    wiki = shown.address(page) if otter is None else f"{otter.url}/{page}"
    app.say(
        _("\n  the HTML report   {url}/\n  the wiki page     {wiki}\n\nThey stay until you press Ctrl-C.").format(
            url=shown.url, wiki=wiki
        )
    )
    threading.Event().wait()


def _texts() -> dict[str, str]:
    """The files that people read, by their place in the folder."""
    from okrsync.sandbox.company_goals import CONFIG, OKRS, SERIES, csv_of

    series = {f"metrics/{name}.csv": csv_of(name) for name in SERIES}
    return {MARK: _MARK_TEXT, "okrsync.yaml": CONFIG, "okrs/2026-Q4.yaml": OKRS, **series}


def _clear(folder: Path, texts: dict[str, str]) -> None:
    """Make sure that ``folder`` is there and empty. Raises ``ConfigError`` when it holds what no demo made."""
    try:
        if not folder.exists():
            folder.mkdir(parents=True)
        found = sorted(folder.iterdir())
        foreign = _foreign(folder, texts) if (folder / MARK).is_file() else [path.name for path in found]
        if foreign:
            names = ", ".join(foreign[:3]) + (" …" if len(foreign) > 3 else "")
            said = _("{folder} holds what no demo made ({names}): nothing was touched. Choose another folder")
            raise ConfigError(said.format(folder=folder, names=names))
        for path in found:
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != MARK:  # the mark goes on saying whose the rest is, should this be interrupted
                path.unlink()
    except OSError as error:
        raise ConfigError(
            _("cannot use {file}: {reason}").format(file=error.filename or folder, reason=reason_of(error))
        ) from error


def _foreign(folder: Path, texts: dict[str, str]) -> list[str]:
    """What in a demo's folder is not the demo's; inside its two repositories, only files that are not git's count."""
    from okrsync.sandbox.company_code import changes
    from okrsync.schemas import FILES

    files = {*texts, *(f"schemas/{name}" for name in FILES), *(f"{CLONE}/{change.path}" for change in changes())}
    folders = {"wiki", WIKI, OTTER, f"{CLONE}/.git", *(Path(name).parent.as_posix() for name in files)}
    folders |= {Path(name).parent.as_posix() for name in folders}
    foreign = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            ours = False
        elif name.startswith((f"{WIKI}/", f"{OTTER}/", f"{CLONE}/.git/")):
            ours = True
        elif path.is_dir():
            ours = name in folders
        else:
            ours = name in files or _LATER.fullmatch(name) is not None
        if not ours:
            foreign.append(name)
    return foreign


def _write(app: App, folder: Path, texts: dict[str, str]) -> None:
    """The files that people read, and a wiki without any page."""
    from okrsync import git_command
    from okrsync.schemas import write_schemas

    try:
        for name, text in texts.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        broken: list[str] = []
        write_schemas(folder / "schemas", broken)
        for reason in broken:
            app.error(_("left out of the schemas for editors: {reason}").format(reason=reason))
        (folder / WIKI).mkdir()
    except OSError as error:
        raise ConfigError(
            _("cannot write {file}: {reason}").format(file=error.filename, reason=reason_of(error))
        ) from error
    arguments = ("init", "--quiet", "--bare", "--template=", "--initial-branch=master", ".")
    git_command.run(arguments, where=_("the sample wiki"), folder=folder / WIKI)


def _work(app: App, company: Company, otter: OtterWiki | None = None) -> tuple[Report, Exit]:
    """The job itself, as `run` does it, on the demo's day; its pages also go to ``otter``."""
    from okrsync.cli.publish import bring
    from okrsync.cli.report import make, render
    from okrsync.cli.sync import opening, pull
    from okrsync.sandbox.company_goals import AS_OF, NOW, check_ins
    from okrsync.store import outcomes
    from okrsync.store.engine import run_lock

    config = app.config()
    if otter is not None:
        config = replace(config, publish=(*config.publish, _pushed_to(otter)))
    engine = app.store(config)
    with run_lock(engine):
        with company.on_loopback(), opening(config, clock=lambda: NOW) as opened:
            pulled = pull(app, config, engine, opened)
        for check_in in check_ins():
            outcomes.save_check_in(engine, check_in)
        app.say(_("check-ins: {count} recorded").format(count=len(check_ins())))
        report = make(config, engine, None, AS_OF, history=True)
        results = bring(app, config, engine, report)
    app.say("")
    write_output(render(report, "terminal", color=app.color and sys.stdout.isatty()), None)
    published = sum(result.published is not None for result in results)
    if not pulled.failed and published == len(results):
        return report, Exit.DONE
    return report, Exit.IN_PART if pulled.worked or published else Exit.NOTHING


def _pushed_to(otter: OtterWiki) -> PublisherSettings:
    from okrsync.plugins import PUBLISHERS, load

    login = {"user": otter.email, "password": otter.password}
    settings: PublisherSettings = load(PUBLISHERS, "git").Settings(url=otter.clone_url, auth=login)
    return settings


def _tell(app: App, folder: Path, company: Company, report: Report) -> None:
    """What was done, and what to try next."""
    from okrsync.report import names

    requests = company.jira.count() + company.github.count()
    cloned = sum(source.items for source in report.sources if source.source == "clone")
    served = sum(source.items for source in report.sources) - cloned
    # Below `make demo` the program lies in a virtual environment that is not on PATH.
    program = "okrsync" if shutil.which("okrsync") else sys.argv[0]
    command = shlex.join([program, "-c", str(folder / "okrsync.yaml")])
    day = report.as_of.isoformat()
    said = _("""
{served} work items came from Jira and GitHub in {requests} requests, {cloned} from the clone. None of them moves a key
result: only the measurements do.

  the week's page   {page}
  all weeks         {index}
  the goals         {goals}
  the settings      {settings}
  the store         {store}

The stand-ins are gone again, so `sync` has nobody to ask there. These read the store alone:

  {command} report --as-of {day} --format json
  {command} explain KR1.1 --as-of {day}
  {command} links --kr KR1.1
  {command} links --unlinked --as-of {day}

Change a target or a rule under `work:` and report again. Your own company begins with `okrsync init`.""")
    app.say(
        said.format(
            served=served,
            requests=requests,
            cloned=cloned,
            page=folder / "wiki" / f"{names.week_page(report.as_of)}.md",
            index=folder / "wiki" / f"{names.INDEX}.md",
            goals=folder / "okrs" / "2026-Q4.yaml",
            settings=folder / "okrsync.yaml",
            store=folder / "okrsync.db",
            command=command,
            day=day,
        )
    )
