"""``okrsync import``."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

import click

from okrsync.cli.common import App, Exit, common_options, pass_app
from okrsync.errors import ConfigError, StoreError, reason_of
from okrsync.language import _


@click.command(name="import")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@common_options
@pass_app
def command(app: App, file: Path) -> int:
    """Restore a file of `okrsync export` into the store of this configuration, which must be empty.

    All of it is restored, or nothing. A file of an earlier version of okrsync is taken, one of a later version is not.
    """
    from okrsync.store.engine import run_lock
    from okrsync.store.portable import restore

    engine = app.store(app.config())
    with run_lock(engine):
        count = restore(engine, _lines(file), str(file))
    app.say(_("{count} rows restored from {file}").format(count=count, file=file))
    return Exit.DONE


def _lines(file: Path) -> Iterator[str]:
    try:
        with file.open("rb") as stream:
            packed = stream.read(2) == b"\x1f\x8b"
            stream.seek(0)
            for line in gzip.GzipFile(fileobj=stream) if packed else stream:
                yield line.decode("utf-8", "surrogatepass")
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise StoreError(_("{file} was cut off or damaged: nothing was restored").format(file=file)) from None
    except UnicodeDecodeError:
        raise StoreError(_("{file} is no file of `okrsync export`: nothing was restored").format(file=file)) from None
    except OSError as error:
        raise ConfigError(_("cannot read {file}: {reason}").format(file=file, reason=reason_of(error))) from error
