"""``okrsync check``."""

from __future__ import annotations

import click

from okrsync.cli.common import App, Exit, common_options, pass_app


@click.command(name="check")
@common_options
@pass_app
def command(app: App) -> int:
    """Check that both files are valid, and that the OKRs are well formed.

    Exit code 1 when an OKR has an error, 2 when a file is not valid; warnings alone leave it at 0.
    """
    from okrsync.config import load_config
    from okrsync.lint import lint
    from okrsync.numbers import count_of

    config = load_config(app.config_path)
    for problem in config.warnings:
        app.say(f"{problem} [warning]")
    errors = 0
    for found in lint(config):
        if found.severity == "error":
            errors += 1
            click.echo(f"{found.problem} [error]", err=True)
        else:
            app.say(f"{found.problem} [warning]")
    objectives = len(config.programme.objectives)
    key_results = sum(len(objective.key_results) for objective in config.programme.objectives)
    cycles = len(config.programme.cycles)
    counted = ((cycles, "cycle"), (objectives, "objective"), (key_results, "key result"))
    what = ", ".join(count_of(number, noun) for number, noun in counted)
    app.say(f"{config.path}: {what}; {count_of(errors, 'error')}")
    return Exit.FOUND if errors else Exit.DONE
