"""The command `dataapp check`."""

import json
from pathlib import Path

import click

_EPILOG = """
\b
Examples:
  dataapp check desk.py                 one app
  dataapp check --strict apps/*.py      several; warnings count as errors
  dataapp check desk.py --json | jq '.findings[].message'

\b
Exit status: 0 when nothing is wrong (warnings aside), 1 when something is, 2 for wrong usage.
docs/errors.md lists every code with its cause and its cure.
"""


@click.command("check", epilog=_EPILOG, short_help="Find what is wrong with apps, without running a query.")
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, readable=True, resolve_path=True, path_type=Path),
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: findings, cells and their columns.")
@click.option("--strict", is_flag=True, help="Let warnings count as errors.")
def command(files: tuple[Path, ...], as_json: bool, strict: bool) -> None:
    """Find what is wrong with apps, without a server and without running a query.

    Each FILE is loaded as `panel serve` loads it. Every name is resolved, every query is bound against the real
    schemas of its sources, and charts, inputs and the signatures of Python cells are held against them. A cell whose
    columns only a run would tell is left out, and what reads it is checked as far as that goes.
    """
    from rich.console import Console

    # Panel, DuckDB and Polars: two seconds, which the help need not take.
    from dataapp.cli.check.inspection import Inspected, inspect
    from dataapp.cli.check.report import all_findings, print_report, report_to_json
    from dataapp.cli.check.serving import load

    for file in files:
        if file.suffix != ".py":
            raise click.BadParameter(f"`{click.format_filename(file)}` is not a Python file.", param_hint="FILE")
    inspected: list[Inspected] = []
    for file in dict.fromkeys(files):
        with load(file) as loaded:
            inspected.append(inspect(loaded))
    if as_json:
        click.echo(json.dumps(report_to_json(inspected), ensure_ascii=False, indent=2))
    else:
        print_report(inspected, Console(highlight=False, markup=False, emoji=False))
    if any(found.severity == "error" or strict for found in all_findings(inspected)):
        raise click.exceptions.Exit(1)
