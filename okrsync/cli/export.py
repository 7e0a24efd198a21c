"""``okrsync export``."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import click

from okrsync.cli.common import App, Exit, common_options, pass_app
from okrsync.errors import ConfigError, reason_of
from okrsync.language import _


@click.command(name="export")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@common_options
@pass_app
def command(app: App, file: Path) -> int:
    """Write all that the store holds to FILE, as JSON Lines (compressed where it ends in .gz).

    `okrsync import` restores it elsewhere: on another machine, from SQLite to PostgreSQL or back. It holds what the
    tokens could read, and no tokens; its mode is 600. FILE is replaced when the export is whole, not before.
    """
    from okrsync.private import replacing
    from okrsync.store.portable import batched, exported

    engine = app.store(app.config())
    try:
        with replacing(file) as stream:
            out = gzip.GzipFile(fileobj=stream, mode="wb", filename="", mtime=0) if file.suffix == ".gz" else stream
            for part in batched(exported(engine), 1000):
                out.write(part.encode("utf-8", "surrogatepass"))
            if out is not stream:
                out.close()
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise ConfigError(_("cannot write {file}: {reason}").format(file=file, reason=reason_of(error))) from error
    app.say(
        _("{file} holds the whole store; `okrsync import {name}` restores it into an empty one").format(
            file=file, name=file.name
        )
    )
    return Exit.DONE
