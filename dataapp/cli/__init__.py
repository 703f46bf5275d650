"""The `dataapp` command. Each subcommand is one module, which is imported when it is used or listed.

A command module imports click alone at its top: Panel, DuckDB and Polars take two seconds, which ``--help`` need not.
"""

import importlib
from collections.abc import Mapping
from typing import cast

import click

import dataapp

COMMANDS: Mapping[str, str] = {
    "check": "dataapp.cli.check.command",
    "completion": "dataapp.cli.completion_command",
    "explore": "dataapp.cli.explore.command",
    "graph": "dataapp.cli.graph.command",
    "new": "dataapp.cli.new.command",
    "run": "dataapp.cli.run.command",
}

_EPILOG = """
\b
Examples:
  dataapp explore data/*.parquet             look into files with SQL, in the browser
  dataapp new desk                           a small app with its test
  dataapp check desk.py                      find what is wrong, without running a query
  dataapp run desk.py --out bars=bars.csv    evaluate cells without a server
  dataapp graph desk.py                      what reads what

Serve an app with Panel: panel serve desk.py
"""


class Commands(click.Group):
    """A group whose commands are modules that hold a `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        return cast("click.Command", importlib.import_module(COMMANDS[cmd_name]).command)


@click.group(cls=Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(dataapp.__version__, prog_name="dataapp", message="%(prog)s %(version)s")
def main() -> None:
    """Reactive data apps in plain Python: SQL cells next to Panel widgets, Polars, Arrow and Altair."""
