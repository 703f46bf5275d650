"""From an app's file to its graph in one of the formats."""

import dataclasses
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from dataapp.cli.check.inspection import failure_to_finding
from dataapp.cli.check.places import Places
from dataapp.cli.check.report import print_finding, shown_path
from dataapp.cli.check.serving import load
from dataapp.cli.graph.mermaid import nodes_to_mermaid
from dataapp.cli.graph.structure import Node, above, loaded_to_nodes
from dataapp.cli.graph.svg import nodes_to_svg
from dataapp.cli.graph.text import print_graph
from dataapp.errors import near

FORMAT_VERSION = 1  # of the JSON object; it grows when a field changes its meaning or goes away


def find_nodes(file: Path, cell: str | None) -> tuple[list[Node], bool]:
    """Return an app's nodes, and whether all of it was loaded; what it raised goes to standard error.

    Raises:
        click.BadParameter: It has no such cell.
    """
    with load(file) as loaded:
        if loaded.failure is not None:
            said = Console(stderr=True, highlight=False, markup=False, emoji=False)
            print_finding(failure_to_finding(loaded.failure, Places(file)), said)
        nodes = loaded_to_nodes(loaded)
    if cell is None:
        return nodes, loaded.failure is None
    found = above(nodes, cell)
    if not found:
        hint = near(cell, [node.label for node in nodes])
        message = f"The app has no cell `{cell}`{'.' if hint is None else f'; {hint}'}"
        raise click.BadParameter(message, param_hint="CELL")
    return found, loaded.failure is None


def nodes_to_json(file: Path, nodes: Sequence[Node]) -> dict[str, Any]:
    """Return the graph for programs; `kept` says why the rows of a query are kept, and is null where it is fused."""
    return {
        "version": FORMAT_VERSION,
        "file": shown_path(file),
        "nodes": [dataclasses.asdict(node) for node in nodes],
    }


def nodes_to_text(kind: str, file: Path, nodes: Sequence[Node], *, is_file: bool) -> str:
    """Return the graph as text, Mermaid or SVG."""
    if kind == "mermaid":
        return nodes_to_mermaid(nodes)
    if kind == "svg":
        return nodes_to_svg(nodes, file.name)
    terminal = Console()
    is_shown = terminal.is_terminal and not is_file
    text = io.StringIO()
    width = terminal.width if is_shown else 160
    console = Console(
        file=text, width=width, force_terminal=is_shown, highlight=False, markup=False, emoji=False, soft_wrap=False
    )
    print_graph(nodes, console)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"
