"""``okrsync init``."""

from __future__ import annotations

from pathlib import Path

import click

from okrsync.cli.common import App, common_options, now, pass_app
from okrsync.language import _


@click.command(name="init")
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=".")
@common_options
@pass_app
def command(app: App, folder: Path) -> None:
    """Write a working starter configuration into DIR (default: here).

    Nothing that exists is overwritten. The files hold a key result measured by a CSV and one that people check in, so
    that `okrsync run` works at once; sources of work are there as comments.
    """
    from okrsync.starter import write_starter

    broken: list[str] = []
    for path in write_starter(folder, now().date(), broken):
        app.say(_("wrote {path}").format(path=path))
    for reason in broken:
        app.error(_("left out of the schemas for editors: {reason}").format(reason=reason))
    said = _("Next: edit {file}, then run `okrsync check` and `okrsync run` there.")
    app.say(said.format(file=folder / "okrsync.yaml"))
