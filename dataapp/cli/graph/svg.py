"""The graph as a picture that needs nothing else: readable on light and on dark pages."""

import unicodedata
from collections.abc import Sequence
from html import escape

from dataapp.cli.graph.layout import Box, lay_out
from dataapp.cli.graph.structure import Node, acyclic, heights

_CHARACTER = 7.9  # the width of one character of the labels
_SMALL = 6.1  # and of one of the lines below them
_PADDING = 14.0
_HEIGHT = 46.0
_MARGIN = 20.0
_MOST = 42  # characters of a line in a box

_STYLE = """
  .page { fill: #ffffff } .node rect { fill: #f6f8fa; stroke: #8c959f } .edge { fill: none; stroke: #8c959f }
  .head { fill: #8c959f } .label { font: 13px ui-monospace, monospace; fill: #1f2328 }
  .note { font: 10px ui-monospace, monospace; fill: #57606a }
  .source rect { stroke: #1a7f37 } .sql rect { stroke: #0969da } .python rect { stroke: #8250df }
  .input rect, .constant rect { stroke: #1b7c83 } .predicate rect, .selection rect { stroke: #9a6700 }
  .chart rect { stroke: #bf3989 } .shown rect { stroke-width: 2.5 }
  .broken rect { stroke: #cf222e; stroke-width: 2.5; stroke-dasharray: 5 3 } .broken .note { fill: #cf222e }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } .node rect { fill: #161b22; stroke: #6e7681 } .edge { stroke: #6e7681 }
    .head { fill: #6e7681 } .label { fill: #e6edf3 } .note { fill: #9198a1 }
    .source rect { stroke: #3fb950 } .sql rect { stroke: #58a6ff } .python rect { stroke: #bc8cff }
    .input rect, .constant rect { stroke: #39c5cf } .predicate rect, .selection rect { stroke: #d29922 }
    .chart rect { stroke: #f778ba } .broken rect { stroke: #f85149 } .broken .note { fill: #f85149 }
  }
"""


def nodes_to_svg(nodes: Sequence[Node], title: str) -> str:
    """Return a picture; an edge leads from what is read to who reads it, and boxes tell the rest when pointed at."""
    reads = acyclic({node.id: node.reads for node in nodes})
    sizes = {node.id: (_width(node), _HEIGHT) for node in nodes}
    placed = lay_out(sizes, reads, heights(nodes))
    width, height = placed.width + 2 * _MARGIN, placed.height + 2 * _MARGIN
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}"'
            f' viewBox="0 0 {width:.0f} {height:.0f}" role="img">'
        ),
        f"<title>{_escaped(title)}</title>",
        f"<style>{_STYLE}</style>",
        (
            '<marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
            '<path class="head" d="M0 0 8 4 0 8z"/></marker>'
        ),
        '<rect class="page" width="100%" height="100%"/>',
        f'<g transform="translate({_MARGIN:g} {_MARGIN:g})">',
        *(f'<path class="edge" marker-end="url(#head)" d="{_curve(points)}"/>' for points in placed.edges.values()),
        *(_node(node, placed.boxes[node.id]) for node in nodes),
        "</g>",
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _node(node: Node, box: Box) -> str:
    classes = ["node", node.kind, *(["shown"] if node.is_shown else []), *(["broken"] if node.error else [])]
    radius = box.height / 2 if node.kind in ("input", "constant") else 5
    return (
        f'<g class="{" ".join(classes)}"><title>{_escaped(_told(node))}</title>'
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="{radius:g}"/>'
        f'<text class="label" x="{box.x + _PADDING:.1f}" y="{box.y + 20:.1f}">{_escaped(_cut(node.label))}</text>'
        f'<text class="note" x="{box.x + _PADDING:.1f}" y="{box.y + 36:.1f}">{_escaped(_cut(_note(node)))}</text></g>'
    )


def _note(node: Node) -> str:
    if node.error:
        return f"{node.kind} · broken"
    if node.blocked_by:
        return f"{node.kind} · blocked by {node.blocked_by}"
    if node.kind == "sql":
        return "sql · rows kept" if node.kept else "sql · fused"
    return node.kind


def _told(node: Node) -> str:
    where = "" if node.file is None else f"\n{node.file}" + ("" if node.line is None else f":{node.line}")
    why = node.error or (None if node.kept is None else f"rows are kept: {node.kept}")
    return f"{node.label} ({node.kind}){where}" + ("" if why is None else f"\n{why}")


def _width(node: Node) -> float:
    longest = max(_columns(_cut(node.label)) * _CHARACTER, _columns(_cut(_note(node))) * _SMALL)
    return round(longest + 2 * _PADDING, 1)


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _cut(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"


def _curve(points: Sequence[tuple[float, float]]) -> str:
    (x, y), *rest = points
    path = f"M{x:.1f} {y:.1f}"
    for to_x, to_y in rest:
        middle = (x + to_x) / 2
        path += f" C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"
        x, y = to_x, to_y
    return path


def _escaped(text: str) -> str:
    """Return text for XML, which has no control characters."""
    return escape("".join(char if char.isprintable() or char == "\n" else "\ufffd" for char in text))
