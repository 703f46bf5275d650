"""Make the picture of the gallery in the documentation: ``python -m tools.gallery``."""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL import Image

from tests.gallery.test_gallery import make, over_cell

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "gallery.png"
SHOWN = (
    *("stacked_bars", "histogram", "heat_map_of_days", "box_plot"),
    *("series", "streamgraph", "candlesticks", "bump"),
    *("points_over_loess", "map_of_airports", "brush_with_a_condition", "ranged_dots"),
)
COLUMNS = 4
PLACE = (300, 220)  # pixels of each chart
MARGIN = 12
COLOURS = 128


def main() -> None:
    rows = -(-len(SHOWN) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * PLACE[0], rows * PLACE[1]), "white")
    for at, name in enumerate(SHOWN):
        picture = drawn(name)
        picture.thumbnail((PLACE[0] - 2 * MARGIN, PLACE[1] - 2 * MARGIN), Image.Resampling.LANCZOS)
        row, column = divmod(at, COLUMNS)
        left, top = ((size - used) // 2 for size, used in zip(PLACE, picture.size, strict=True))
        sheet.paste(picture, (column * PLACE[0] + left, row * PLACE[1] + top))
    sheet.quantize(COLOURS).save(PICTURE, optimize=True)
    print(f"{PICTURE.name}: {PICTURE.stat().st_size / 1000:.0f} kB")


def drawn(name: str) -> Image.Image:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "chart.png"
        make(name, over_cell).save(str(file))
        return Image.open(file).convert("RGB")


if __name__ == "__main__":
    main()
