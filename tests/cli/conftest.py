"""Apps as text, checked in this process."""

import json
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dataapp.cli import main

HEADER = "import altair as alt\nimport dataapp as da\nimport panel as pn\nimport polars as pl\n"


def run(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write an app; its first line is line 5, behind the imports of `HEADER`."""

    def write(source: str, name: str = "desk.py") -> Path:
        file = tmp_path / name
        file.write_text(HEADER + textwrap.dedent(source).strip("\n") + "\n", "utf-8")
        return file

    return write


@pytest.fixture
def report(write: Callable[..., Path]) -> Callable[..., dict[str, Any]]:
    """Check an app and return the JSON object."""

    def report(source: str, *options: str) -> dict[str, Any]:
        return json.loads(run("check", "--json", *options, write(source)).stdout)

    return report


@pytest.fixture
def found(
    report: Callable[..., dict[str, Any]],
) -> Callable[[str], list[tuple[str, str | None, int | None, int | None]]]:
    """Check an app and return code, cell, line and column of each finding."""

    def found(source: str) -> list[tuple[str, str | None, int | None, int | None]]:
        findings = report(source)["findings"]
        return [(one["code"], one["cell"], one["line"], one["column"]) for one in findings]

    return found
