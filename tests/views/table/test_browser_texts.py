"""Texts that the page makes of values, as its own code makes them."""

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import dataapp

FOLDER = Path(dataapp.__file__).parent / "views/table/browser/cells"
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="runs the page's code in Node.js")


def run(module: str, code: str) -> Any:
    """What JavaScript returns that finds a module's names in `it`."""
    source = base64.b64encode((FOLDER / module).read_bytes()).decode()
    script = f"import * as it from 'data:text/javascript;base64,{source}';\n"
    script += f"console.log(JSON.stringify((() => {{ {code} }})()));"
    made = subprocess.run(
        [str(NODE), "--input-type=module", "-"], input=script, capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(made.stdout)


def test_short_numbers_are_rounded_before_their_size_is_chosen():
    values = [999_999, 1_234_567, 999.4, 999.6, 0.00123, -999_999, 0]
    style = "{format: {number: {type: 's', sign: false, thousands: false, decimals: -1}, around: ['', '']}}"
    found = run("written.js", f"return {values}.map((value) => it.writtenStyle({style}).format(value));")
    assert found == ["1M", "1.23M", "999", "1k", "0.00123", "−1M", "0"]


def test_a_number_too_small_for_its_digits_is_zero():
    style = "{format: {number: {type: '', sign: false, thousands: true, decimals: -1}, around: ['', '']}}"
    found = run("written.js", f"return [1e-25, 1.5e-7].map((value) => it.writtenStyle({style}).format(value));")
    assert found == ["0", "0.00000015"]


@pytest.mark.parametrize("text", ["'['.repeat(20000) + ']'.repeat(20000)", "'{\"a\":'.repeat(20000)"])
def test_values_that_are_nested_without_end_are_read_to_some_depth(text: str):
    assert run("json.js", f"return it.parseJson({text}).items.length;") == 1


def test_lines_of_deep_values_are_indented_to_some_depth():
    lengths = run("indented.js", "return it.indented('[1,'.repeat(3000) + ']'.repeat(3000)).length;")
    assert lengths < 1_000_000
