"""An app in which nearly everything is wrong, next to cells that work; the tests say what each one must show."""

from pathlib import Path

import panel as pn
import polars as pl

import dataapp as da

folder = Path(__file__).parent

good = da.sql("SELECT 'still ' || 'works' AS word")
missing_file = da.sql("FROM 'no_such_file.parquet'")
not_parquet = da.source("bad_input.py", format="parquet")
missing_column = da.sql("SELECT wrod FROM good")
below_missing = da.sql("FROM missing_column")
wrong_type = da.sql("SELECT 1 + $label AS n", label="eleven")
cycle_a = da.sql("FROM cycle_b")
cycle_b = da.sql("FROM cycle_a")
two_statements = da.sql("SELECT 1; SELECT 2")
no_sql = da.sql("SELEKT 1")
nothing = da.sql("")
unknown_table = da.sql("FROM goood")
plane = da.sql("FROM 'plane'")  # named like a cell that does not exist, and like a file that does not
no_rows = da.sql("SELECT 1 AS n, 'a' AS t WHERE false")
wide = da.sql("SELECT " + ", ".join(f"{n} AS c{n}" for n in range(500)))
unicode = da.sql('SELECT 1 AS "größe ✓ 数量", \'naïve 🚀\' AS "имя"')

_SCRIPT = "<script>window.pwned = 1</script><img src=x onerror='window.pwned = 1'>"
script = da.sql(
    'SELECT $value AS "<script>window.pwned = 1</script>", $value || \'!\' AS "<img src=x onerror=window.pwned=1>"',
    value=_SCRIPT,
    name=_SCRIPT,
)
script_fails = da.sql(f'SELECT "{_SCRIPT}" FROM good', name=f"label {_SCRIPT}")

divisor = da.input(pn.widgets.IntInput, value=0)
file = da.input(pn.widgets.Select, options=["nothing.parquet", "data.csv"])


@da.cell
def raises(divisor: int) -> str:
    return f"10 / {divisor} = {10 // divisor}"


@da.cell
def below_raises(raises: str) -> str:
    return f"below: {raises}"


@da.cell
def script_raises(good: pl.DataFrame) -> str:
    raise ValueError(_SCRIPT)


@da.cell
def script_text(good: pl.DataFrame) -> str:
    return _SCRIPT


inverse = da.sql("SELECT 100 / $divisor AS inverse, error_if($divisor) AS checked")
ten = da.sql("SELECT CASE WHEN $divisor = 0 THEN error('the divisor is 0') ELSE 'ten' END AS word")

CELLS = {
    name: thing
    for name, thing in dict(globals()).items()
    if name in {
        "good", "missing_file", "not_parquet", "missing_column", "below_missing", "wrong_type", "cycle_a",
        "two_statements",
        "no_sql", "nothing", "unknown_table", "plane", "no_rows", "wide", "unicode", "script", "script_fails", "raises",
        "below_raises", "script_raises", "script_text", "ten",
    }
}  # fmt: skip

if pn.state.served:
    pn.Column(divisor, *[pn.Column(cell, css_classes=[f"of-{name}"]) for name, cell in CELLS.items()]).servable()
