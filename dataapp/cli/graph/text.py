"""The graph as a list for a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dataapp.cli.graph.structure import Node

_STYLES = {
    "source": "green",
    "sql": "blue",
    "python": "magenta",
    "input": "cyan",
    "constant": "dim",
    "predicate": "yellow",
    "selection": "yellow",
    "chart": "bright_magenta",
}


def print_graph(nodes: Sequence[Node], console: Console) -> None:
    """Print one line per node, what is read before who reads it; a broken one is followed by what is wrong."""
    labels = {node.id: node.label for node in nodes}
    table = Table(box=None, pad_edge=False, header_style="dim", expand=False)
    table.add_column("", width=1)
    for name in ("kind", "name"):
        table.add_column(name, no_wrap=True)
    table.add_column("reads", overflow="fold")
    table.add_column("rows", overflow="fold")
    table.add_column("where", no_wrap=True, style="dim")
    for node in nodes:
        reads = ", ".join(labels[read] for read in node.reads if read in labels)
        mark = Text("✗", style="bold red") if node.error else Text("●" if node.is_shown else "")
        table.add_row(
            mark,
            Text(node.kind, style=_STYLES[node.kind]),
            Text(node.label),
            Text(reads),
            _rows(node),
            Text(_where(node)),
        )
    console.print(table)
    broken = [node for node in nodes if node.error]
    if broken:
        console.print()
    for node in broken:
        console.print(Text.assemble(("✗ ", "bold red"), (f"{node.label}: ", "bold"), node.error or ""), soft_wrap=True)
    console.print(Text(_legend(nodes), style="dim"), soft_wrap=True)


def _rows(node: Node) -> Text:
    if node.error:
        return Text("broken", style="red")
    if node.blocked_by:
        return Text(f"blocked by {node.blocked_by}", style="red")
    if node.kind != "sql":
        return Text("")
    return Text("fused", style="dim") if node.kept is None else Text(f"kept: {node.kept}")


def _where(node: Node) -> str:
    return "" if node.file is None else node.file if node.line is None else f"{node.file}:{node.line}"


def _legend(nodes: Sequence[Node]) -> str:
    counted = f"{len(nodes)} node{'' if len(nodes) == 1 else 's'}"
    return f"\n{counted}; ● is shown{', ✗ is broken' if any(node.error for node in nodes) else ''}."
