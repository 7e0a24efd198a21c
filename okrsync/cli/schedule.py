"""``okrsync schedule``."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Never

import click

from okrsync import __version__
from okrsync.cli.common import App, Exit, common_options, now, pass_app, write_output
from okrsync.errors import ConfigError
from okrsync.language import _

if TYPE_CHECKING:
    from okrsync.config import Config
    from okrsync.cron import Cron

_COMMANDS = {"sync": "sync", "report": "run"}
"""Which command each key of ``schedule:`` runs."""


@click.command(name="schedule")
@click.option(
    "--print",
    "unit",
    type=click.Choice(["cron", "systemd", "github-actions", "kubernetes"]),
    help="Print the same schedule for this tool, and run nothing.",
)
@click.option("--executor", metavar="URL", help="Given to each run: pull on a Dask cluster, dask://HOST:PORT.")
@click.option(
    "--health-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep a JSON file that says whether the schedule is alive, what ran last and what comes next. After a "
    "restart, what was missed is known from it.",
)
@click.option(
    "--probe",
    is_flag=True,
    help="Only ask --health-file: exit code 0 when the schedule that writes it is alive, else 4.",
)
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Messages on stderr."
)
@common_options
@pass_app
def command(
    app: App, unit: str | None, executor: str | None, health_file: Path | None, probe: bool, log_format: str
) -> int:
    """Run on schedule in the foreground, or print the unit for another scheduler.

    `schedule:` in okrsync.yaml says when: `sync` runs `okrsync sync`, `report` runs `okrsync run`, at cron times in the
    configured time zone. Runs never overlap; times that were missed are made up for by one run. SIGTERM ends a sync at
    once (what was pulled is kept) and lets a page that is being written be finished. The configuration is read anew for
    each run, its schedule only at the start.
    """
    if probe:
        if health_file is None:
            raise click.UsageError(_("--probe asks a health file: name it with --health-file"))
        return _probe(app, health_file)
    if unit is not None:
        write_output(_printed(app, unit, executor), None)
        return Exit.DONE
    if log_format == "json":
        app.json_lines = "schedule"
    return _serve(app, _checked(app.config(), executor), executor, health_file, log_format)


def _checked(config: Config, executor: str | None) -> Config:
    if executor is not None:
        from okrsync.remote import check_executor

        check_executor(executor, config)
    return config


def _options(executor: str | None) -> tuple[str, ...]:
    return () if executor is None else ("--executor", executor)


def _probe(app: App, health_file: Path) -> int:
    from okrsync.schedule import signs

    alive, lines = signs(health_file, now())
    for line in lines:
        (app.say if alive else app.error)(line)
    return Exit.DONE if alive else Exit.NOTHING


def _times(config: Config) -> dict[str, Cron]:
    """The times by command. Raises ``ConfigError`` when the configuration has none."""
    from okrsync import cron

    keys = {"sync": config.schedule and config.schedule.sync, "report": config.schedule and config.schedule.report}
    times = {_COMMANDS[key]: cron.parse(text) for key, text in keys.items() if text}
    if not times:
        raise ConfigError(
            _("{file}: there are no times under `schedule:`; write for example").format(file=config.path)
            + '\n  schedule: {sync: "0 * * * *", report: "0 8 * * 1"}'
        )
    return times


def _serve(app: App, config: Config, executor: str | None, health_file: Path | None, log_format: str) -> Never:
    from okrsync.cli import run_command
    from okrsync.schedule import Health, Job, run

    def job(name: str, cron: Cron) -> Job:
        def work() -> int:
            own = App()
            own.use(
                config_path=config.path,
                quiet=app.quiet,
                verbose=app.verbose,
                no_color=not app.color,
                language=app.language,
            )
            own.json_lines = name if log_format == "json" else None
            return run_command([name, *_options(executor)], own)

        return Job(name, cron, work)

    def say(what: str, of: Job, words: str) -> None:
        # Text lines carry the time, since the run's own lines have none; JSON lines have it anyway.
        time = f"{now().astimezone(config.timezone):%Y-%m-%d %H:%M} " if app.json_lines is None else ""
        (app.error if what == "broke" else app.say)(f"{time}{of.name}: {words}")

    jobs = [job(name, cron) for name, cron in _times(config).items()]
    run(jobs, config.timezone, health=Health(health_file, now), clock=now, say=say)


def _printed(app: App, unit: str, executor: str | None) -> str:
    from okrsync.units import UNITS, Deployment
    from okrsync.variables import NotFound, Variables

    variables = Variables(os.environ)
    asked: set[str] = set()

    def lookup(name: str) -> str:
        asked.add(name)
        try:
            return variables(name)
        except NotFound:
            # A unit is often printed on another machine than the one that has the secrets.
            return "not-set"

    config = app.loaded(lookup)
    _checked(config, executor)
    return UNITS[unit](
        Deployment(
            program=_program(),
            config=config.path,
            zone=str(config.timezone),
            times=_times(config),
            variables=tuple(sorted(asked)),
            store=config.store.partition(":")[0].partition("+")[0],
            version=__version__,
            options=_options(executor),
        )
    )


def _program() -> str:
    """The command that runs this very installation."""
    beside = Path(sys.executable).with_name("okrsync")
    return str(beside) if beside.is_file() else shutil.which("okrsync") or "okrsync"
