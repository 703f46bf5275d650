"""Runs modules of the page in Node.js, with the libraries that the bundles are made of."""

import json
import os
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dataapp
from hatch_build import Frontend, find_node

_SOURCES = Path(dataapp.__file__).parent / "views/chart"
_SERVER = """
import {createInterface} from "node:readline";
import {Raster} from "./cells.js";
import {Tiles} from "./tiles.js";

const answer = ({message, places, fields, dataset}) => {
  if (message) {
    const tiles = new Tiles(message);
    return places.map((place) => tiles.at({[message.field]: place}));
  }
  const rows = new Raster(fields).rows(dataset);
  if (!rows) return null;
  const {across, up, shades, rows: counts} = rows[0].__cells;
  return {rows: rows.map(({__cells, ...row}) => row), across, up, shades: [...shades], counts: [...counts]};
};
const infinite = (key, value) => (typeof value === "number" && !Number.isFinite(value) ? `number ${value}` : value);
for await (const line of createInterface({input: process.stdin})) {
  console.log(JSON.stringify(answer(JSON.parse(line)), infinite));
}
"""


class Page:
    """Does with what Python sends what a page does."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def answers(self, message: dict[str, Any], places: Sequence[Sequence[float]]) -> list[Any]:
        """Return the rows of each dataset for each place of a selection, or None where the page has none."""
        return self._ask({"message": message, "places": places})

    def cells(self, fields: dict[str, str], data: bytes, kinds: dict[str, str]) -> dict[str, Any] | None:
        """Return the image of cells: its rows, how many cells it has across and up, their shades and counts."""
        return self._ask({"fields": fields, "dataset": {"data": data, "kinds": kinds}})

    def _ask(self, question: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = json.dumps(question, default=lambda data: b64encode(data).decode())
        self._process.stdin.write(f"{asked}\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline(), object_hook=_with_infinite)


def _with_infinite(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: float(value.removeprefix("number ")) if isinstance(value, str) and value.startswith("number ") else value
        for name, value in row.items()
    }


@contextmanager
def page(folder: Path, zone: str = "UTC") -> Iterator[Page]:
    """Start Node.js in a folder of its own, and a time zone, until the block ends."""
    frontend = Frontend(Path(dataapp.__file__).parents[1])
    frontend.build()
    for name in ("cells.js", "tiles.js", "wire.js", "clock.js"):
        shutil.copyfile(_SOURCES / name, folder / name)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "server.js").write_text(_SERVER)
    (folder / "node_modules").symlink_to(frontend.workspace / "node_modules")
    command = [str(find_node().node), "server.js"]
    env = os.environ | {"TZ": zone}
    with subprocess.Popen(
        command, cwd=folder, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Page(process)
        process.kill()
