"""The graph as a Mermaid flowchart, which many pages of documentation and code hosts draw."""

from collections.abc import Sequence

from dataapp.cli.graph.structure import Kind, Node

_SHAPES: dict[Kind, tuple[str, str]] = {
    "source": ("[(", ")]"),
    "sql": ("[", "]"),
    "python": ("[[", "]]"),
    "input": ("([", "])"),
    "constant": ("([", "])"),
    "predicate": ("{{", "}}"),
    "selection": ("{{", "}}"),
    "chart": ("[/", "/]"),
}


def nodes_to_mermaid(nodes: Sequence[Node]) -> str:
    """Return the text of a flowchart; an edge leads from what is read to who reads it.

    Example:
        >>> print(nodes_to_mermaid([Node("n0", "rows", "source", None, None, ())]), end="")
        flowchart LR
            n0[("rows")]
    """
    lines = ["flowchart LR"]
    known = {node.id for node in nodes}
    for node in nodes:
        opening, closing = _SHAPES[node.kind]
        lines.append(f'    {node.id}{opening}"{_escape(_text(node))}"{closing}')
    lines += [f"    {read} --> {node.id}" for node in nodes for read in node.reads if read in known]
    if broken := [node.id for node in nodes if node.error]:
        lines.append("    classDef broken stroke:#d33,stroke-width:2px,stroke-dasharray:4")
        lines.append(f"    class {','.join(broken)} broken")
    return "\n".join(lines) + "\n"


def _text(node: Node) -> str:
    return node.label if node.error is None else f"{node.label}: {node.error}"


def _escape(text: str) -> str:
    """Write everything that Mermaid or HTML could take for its own as a code."""
    plain = " ".join(text.split())
    return "".join(char if char.isalnum() or char in " _.,:;-+=/()'" else f"#{ord(char)};" for char in plain)
