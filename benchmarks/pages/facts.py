"""What cubes there are, on demand in a Panel page: the browser sets `facts ask`, and finds `facts answer` changed."""

import asyncio
import json
from collections.abc import Sequence

import panel as pn

from dataapp.app.sessions import engine
from dataapp.cells.cell import Cell
from dataapp.cells.crossfilter import Member
from dataapp.engines.cubes import Cube
from dataapp.runtime.tables import cell_key

_WITHIN = 900.0  # seconds: all that are wanted are built


def cube_facts(cells: Sequence[Cell], members: Sequence[Member] = ()) -> pn.Row:
    """Return the two widgets. The answer comes when nothing is being built any more."""
    read = [*cells, *(cell for member in members for cell in member.cells)]
    ask = pn.widgets.IntInput(name="facts ask", value=0)
    answer = pn.widgets.TextInput(name="facts answer", value="")

    async def tell(_event: object) -> None:
        cubes = engine().cubes
        await asyncio.to_thread(cubes.wait, _WITHIN)
        known = {cube: None for cell in read for cube in cubes.of(cell_key(cell))}
        known |= dict.fromkeys(cubes.of_views({member.key for member in members}))
        answer.value = f"{ask.value} {json.dumps([_tell(cube) for cube in known])}"

    ask.param.watch(tell, "value")
    return pn.Row(ask, answer)


def _tell(cube: Cube) -> dict[str, object]:
    return {
        "state": cube.state,
        "why": cube.why,
        "moved": sorted(cube.names),
        "rows": cube.rows,
        "bytes": cube.bytes,
        "built": cube.built,
        "plain": cube.plain,
        "fast": cube.fast,
        "answers": cube.answers,
    }
