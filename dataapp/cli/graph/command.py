"""The command `dataapp graph`."""

import json
from pathlib import Path

import click

from dataapp.cli.completion import complete_app, complete_cell

_EPILOG = """
\b
Examples:
  dataapp graph desk.py                     every node, what it reads, and where it stands
  dataapp graph desk.py bars                only bars and what it reads
  dataapp graph desk.py --out desk.svg
  dataapp graph desk.py --format mermaid    for a page of documentation
  dataapp graph desk.py --format json | jq '.nodes[] | select(.error)'

\b
Rows of a query are "fused" where its readers take it as a part of their own query, and "kept" where its result is
held in memory: because a Python cell reads it, because several readers share it, or because its text has no one
meaning. A broken cell is shown with what is wrong.
"""


@click.command("graph", epilog=_EPILOG, short_help="Show what an app consists of, and what reads what.")
@click.argument(
    "file",
    metavar="APP",
    type=click.Path(exists=True, dir_okay=False, readable=True, resolve_path=True, path_type=Path),
    shell_complete=complete_app,
)
@click.argument("cell", required=False, shell_complete=complete_cell)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["text", "mermaid", "svg", "json"]),
    help="By default text, or what the ending of --out tells (.svg, .mmd, .json).",
)
@click.option(
    "--out",
    "target",
    metavar="FILE",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write into a file instead of to standard output.",
)
def command(file: Path, cell: str | None, kind: str | None, target: Path | None) -> None:
    """Show what an app consists of, and what reads what, without running a query.

    APP is loaded as `panel serve` loads it. With CELL, only that cell and all that it reads are shown.
    """
    # Panel, DuckDB and Polars: two seconds, which the help need not take.
    from dataapp.cli.graph.drawing import find_nodes, nodes_to_json, nodes_to_text

    if file.suffix != ".py":
        raise click.BadParameter(f"`{click.format_filename(file)}` is not a Python file.", param_hint="APP")
    if kind is None:
        kind = "text" if target is None else _ENDINGS.get(target.suffix.lower(), "text")
    if target is not None and not target.resolve().parent.is_dir():
        raise click.BadParameter(f"There is no folder `{target.parent}`.", param_hint="--out")
    nodes, is_loaded = find_nodes(file, cell)
    if kind == "json":
        text = json.dumps(nodes_to_json(file, nodes), ensure_ascii=False, indent=2) + "\n"
    else:
        text = nodes_to_text(kind, file, nodes, is_file=target is not None)
    if target is None:
        click.echo(text, nl=False)
    else:
        target.write_text(text, "utf-8")
    if not is_loaded:
        raise click.exceptions.Exit(1)


_ENDINGS = {".svg": "svg", ".mmd": "mermaid", ".mermaid": "mermaid", ".json": "json"}
