"""The command line: a file a command, and the exit codes that DESIGN.md section 6 fixes.

Commands are imported when they run, so that ``okrsync --help`` imports none of the libraries that they need.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from okrsync import __version__
from okrsync.cli.common import App, Exit, common_options
from okrsync.errors import ConfigError, LockedError, OkrsyncError
from okrsync.language import _, choose
from okrsync.stopping import Terminated, on_sigterm

COMMANDS = {
    "init": ("init", "Write a working starter configuration."),
    "check": ("check", "Check both files, and whether the OKRs are well formed."),
    "doctor": ("doctor", "Ask each source, outcome source and wiki, and say what a run would stumble over."),
    "sync": ("sync", "Pull what changed: work from every source, measurements from every outcome source."),
    "check-in": ("check_in", "Record a measurement by a person."),
    "ack": ("ack", "Acknowledge a change of the goal above."),
    "history": ("history", "Show who changed which goal, when, and why."),
    "links": ("links", "Show which work serves which key result, by which rule."),
    "report": ("report", "Show which key results move, and which are only busy."),
    "explain": ("explain", "Show every step from work and measurements to the verdict on a key result."),
    "publish": ("publish", "Write the week's page to each wiki."),
    "run": ("run", "Sync, measure, report and publish: what a scheduler calls."),
    "schedule": ("schedule", "Run on schedule in the foreground, or print the unit for cron, systemd …"),
    "export": ("export", "Write all that the store holds to a file."),
    "import": ("import_", "Restore such a file into an empty store."),
    "demo": ("demo", "Do the whole job on a sample company, on this machine, without any account."),
}


class _LazyGroup(click.Group):
    """Knows its commands by name and line of help; imports one when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"okrsync.cli.{COMMANDS[cmd_name][0]}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from okrsync.config_errors import did_you_mean

            ctx.fail(_("no command {command!r}{hint}").format(command=args[0], hint=did_you_mean(args[0], COMMANDS)))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=(
        "Exit codes: 0 done; 1 --fail-on matched, or check found errors; 2 usage or configuration; 3 done in "
        "part: some source, outcome or wiki failed, the rest was kept; 4 nothing could be done; 75 another run "
        "holds the lock."
    ),
)
@click.version_option(__version__, prog_name="okrsync")
@common_options
def cli() -> None:
    """Compare work from Jira, GitHub and git with the outcomes of your key results.

    Closing an issue never moves a key result; only a measurement does. okrsync shows which key results have activity
    but no outcome movement.
    """


def main(args: Sequence[str] | None = None) -> None:
    """Entry point of the program: runs a command and exits with its code, never with a traceback for a known error."""
    # By default all that was imported is searched for garbage again after every 700 new objects, which takes a tenth of
    # the time to start, and of the time to read items.
    gc.set_threshold(100_000, 10, 10)
    # pydantic looks for plugins of its own in all that is installed, which takes longer than our own models do.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character shows "?" rather than ending the program.
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
    app = App()
    try:
        with on_sigterm():
            code = run_command(args, app)
    except Terminated:
        app.error(_("ended as the system asked; what was stored is kept"))
        code = 128 + signal.SIGTERM
    # Nor need all that there is be searched when everything goes: that took a sixth of a short run.
    gc.freeze()
    sys.exit(code)


def run_command(args: Sequence[str] | None, app: App) -> int:
    """Run one command and give its exit code; what it opened is closed. Raises ``Terminated`` alone."""
    choose("en")
    try:
        result = cli.main(args=args, prog_name="okrsync", standalone_mode=False, obj=app)
    except click.ClickException as error:
        app.usage_error(error)
        return int(Exit.USAGE)
    except click.Abort:
        app.error(_("interrupted; what was stored is kept"))
        return 130
    except ConfigError as error:
        # A problem with a place stands alone on its line, as editors and CI read it: file:line: message.
        for problem in error.problems:
            app.problem(str(problem))
        if not error.problems:
            app.error(str(error))
        return int(Exit.USAGE)
    except LockedError as error:
        app.error(str(error))
        return int(Exit.LOCKED)
    except OkrsyncError as error:
        app.error(str(error))
        return int(Exit.NOTHING)
    finally:
        app.close()
    return int(result) if isinstance(result, int) else int(Exit.DONE)
