"""Which messages a page leaves out, as its own code does."""

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import dataapp

MODULE = Path(dataapp.__file__).parent / "views/chart/newest.js"
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="runs the page's code in Node.js")


def drawn(shown: int | None, *messages: tuple[int, bool]) -> list[int]:
    """The revisions that are drawn of messages that came while something was drawn, given the plan of that.

    Args:
        shown: The plan.
        *messages: Of each the plan and whether it has the specification; their revisions count from 1.
    """
    sent = [
        {"revision": at, "plan": plan, **({"spec": {}} if is_whole else {})}
        for at, (plan, is_whole) in enumerate(messages, 1)
    ]
    source = base64.b64encode(MODULE.read_bytes()).decode()
    script = f"""
        import {{Newest}} from 'data:text/javascript;base64,{source}';
        const messages = {json.dumps(sent)};
        const newest = new Newest();
        for (const message of messages) newest.note(message);
        let shown = {json.dumps(shown)} ?? undefined;
        const drawn = messages.filter((message) => {{
            if (newest.passes(message, shown)) return false;
            if (message.spec) shown = message.plan;
            return true;
        }});
        console.log(JSON.stringify(drawn.map(({{revision}}) => revision)));
    """
    made: Any = subprocess.run(
        [str(NODE), "--input-type=module", "-"], input=script, capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(made.stdout)


def test_of_rows_that_wait_only_the_newest_are_drawn() -> None:
    assert drawn(1, (1, False), (1, False), (1, False)) == [3]


def test_rows_do_not_pass_the_specification_that_they_need() -> None:
    assert drawn(1, (2, True), (2, False)) == [1, 2]
    assert drawn(None, (1, True), (1, False), (1, False)) == [1, 3]


def test_a_specification_passes_older_ones_and_their_rows() -> None:
    assert drawn(1, (2, True), (2, False), (3, True)) == [3]
    assert drawn(1, (2, True), (3, True), (3, False)) == [2, 3]


def test_a_specification_that_is_on_screen_is_not_drawn_before_newer_rows() -> None:
    assert drawn(1, (1, True), (1, False)) == [2]
