"""What the shell offers behind Tab: names of an app, read from its syntax tree without running it.

Nothing here imports Panel or DuckDB: an answer must be there before the next key.
"""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

_CELLS = ("sql", "source", "cell", "explore")
_INPUTS = ("input",)


def complete_app(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001  # click's protocol
    """Offer Python files, and folders on the way to them."""
    typed = Path(incomplete)
    folder = typed if incomplete.endswith("/") else typed.parent
    start = "" if incomplete.endswith("/") else typed.name
    try:
        found = sorted(folder.iterdir())
    except OSError:
        return []
    named = [path for path in found if path.name.startswith(start) and not path.name.startswith(".")]
    files = [CompletionItem(str(path)) for path in named if path.suffix == ".py"]
    return files + [CompletionItem(f"{path}/") for path in named if path.is_dir() and path.name != "__pycache__"]


def complete_set(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001  # click's protocol
    """Offer inputs."""
    return _offer(ctx, incomplete, "input", "=")


def complete_out(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001  # click's protocol
    """Offer cells, and what leads to a file."""
    return _offer(ctx, incomplete, "cell", "=")


def complete_cell(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001  # click's protocol
    """Offer cells and inputs."""
    return _offer(ctx, incomplete, "cell") + _offer(ctx, incomplete, "input")


def names_of_app(text: str) -> Mapping[str, str]:
    r"""Return what the top level of an app defines: ``cell`` or ``input`` by name.

    Example:
        >>> names_of_app("size = pn.widgets.IntSlider(end=9)\nbusy = da.sql('SELECT $size AS n')")
        {'size': 'input', 'busy': 'cell'}
    """
    found: dict[str, str] = {}
    for node in ast.parse(text).body:
        match node:
            case ast.Assign(targets=targets, value=ast.Call(func=function)):
                names = [target.id for target in targets if isinstance(target, ast.Name)]
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Call(func=function)):
                names = [name]
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                calls = [one.func if isinstance(one, ast.Call) else one for one in node.decorator_list]
                function = next((call for call in calls if _kind(call) == "cell"), None)
                names = [name]
            case _:
                continue
        kind = None if function is None else _kind(function)
        found |= {} if kind is None else dict.fromkeys(names, kind)
    return found


def _kind(function: ast.expr) -> str | None:
    *path, last = ast.unparse(function).split(".")
    if last in _CELLS:
        return "cell"
    return "input" if last in _INPUTS or "widgets" in path or "ui" in path else None


def _offer(ctx: click.Context, incomplete: str, kind: str, tail: str = "") -> list[CompletionItem]:
    # Behind an option that has no value yet, click parses no arguments: they are what is left.
    file: Any = ctx.params.get("file") or next(iter(ctx.args), None)
    try:
        names = names_of_app(Path(file).read_text("utf-8"))
    except (OSError, TypeError, ValueError, SyntaxError):
        return []
    return [
        CompletionItem(f"{name}{tail}") for name, is_a in names.items() if is_a == kind and name.startswith(incomplete)
    ]
