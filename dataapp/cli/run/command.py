"""The command `dataapp run`."""

from pathlib import Path

import click

from dataapp.cli.completion import complete_app, complete_out, complete_set

_EPILOG = """
\b
Examples:
  dataapp run desk.py                                    the first rows of what the app shows
  dataapp run desk.py --out bars=bars.parquet
  dataapp run desk.py --set minutes=5 --set symbols=AAPL,IBM --out bars=bars.csv
  dataapp run desk.py --set day=2024-01-01..2024-03-31 --out bars=q1.parquet --out momentum=q1.csv
  dataapp run desk.py --out bars | head                  CSV on standard output
  dataapp run desk.py --out bars --format jsonl | jq .close

\b
Values: numbers, dates and times in ISO form, true or false; lists with commas or as JSON; ranges as 10..20 or
[10,20], where 10.. and ..20 reach to the end; choices by label or by value.

\b
Formats, by the file's ending: .parquet, .csv, .arrow and .feather (Arrow IPC), .json (an array of records),
.jsonl and .ndjson (one record per line). A cell that is no table goes to .json or standard output.

Rows are streamed: memory does not grow with the result. Files get their names when all of them are complete, and
replace what was there; on an error or Ctrl-C, nothing changes.

\b
Exit status: 0 when all is written, 1 when a cell failed, 2 for wrong usage, 130 when interrupted.
"""


@click.command("run", epilog=_EPILOG, short_help="Evaluate cells without a server, and write them into files.")
@click.argument(
    "file",
    metavar="APP",
    type=click.Path(exists=True, dir_okay=False, readable=True, resolve_path=True, path_type=Path),
    shell_complete=complete_app,
)
@click.option(
    "--set", "settings", metavar="NAME=VALUE", multiple=True, help="Set an input.", shell_complete=complete_set
)
@click.option(
    "--out",
    "outputs",
    metavar="CELL[=FILE]",
    multiple=True,
    help="Write a cell into a file; to standard output without FILE, or with -.",
    shell_complete=complete_out,
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["csv", "json", "jsonl", "parquet", "arrow"]),
    help="Of standard output (else CSV), and of files whose ending tells none.",
)
@click.option("--quiet", is_flag=True, help="Show no progress; only a terminal does.")
def command(file: Path, settings: tuple[str, ...], outputs: tuple[str, ...], kind: str | None, quiet: bool) -> None:
    """Evaluate cells of an app without a server.

    APP is loaded as `panel serve` loads it, its inputs are set, and cells are written. Several outputs belong
    together: what they share is computed once, and all see the same values. Without --out, the first rows of each
    cell that the app shows are printed.
    """
    try:  # Panel, DuckDB and Polars: two seconds, which the help need not take
        from dataapp.cli.run.job import Job, run_job
    except KeyboardInterrupt:
        raise click.exceptions.Exit(130) from None

    if file.suffix != ".py":
        raise click.BadParameter(f"`{click.format_filename(file)}` is not a Python file.", param_hint="APP")
    if kind is not None and not outputs:
        raise click.UsageError("--format says how --out writes, and there is no --out.")
    texts: dict[str, str] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"`{setting}` is not NAME=VALUE.", param_hint="--set")
        texts[name.strip()] = text
    status = run_job(Job(file, texts, outputs, kind, quiet))
    if status:
        raise click.exceptions.Exit(status)
