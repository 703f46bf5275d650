"""Charts over cells as files."""

import datetime as dt
import io
import json
import re
import socket
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import altair as alt
import polars as pl
import pytest
import vl_convert
from polars.testing import assert_frame_equal

import dataapp as da
from tests.views.chart.drawing import all_rows, draw, relation_of

CANARY = "</script><script>window.broken = 1</script><img src=x onerror=alert(1)>"
ROWS = """
    SELECT DATE '2024-03-29' + CAST(i % 4 AS INT) AS day,
           TIMESTAMP '2024-03-31 01:30:00' + to_hours(CAST(i AS INT)) AS ts,
           TIMESTAMPTZ '2024-03-31 01:30:00+00' + to_hours(CAST(i AS INT)) AS moment,
           ['a', 'b', '=1+1'][1 + i % 3] AS name, CASE WHEN i = 5 THEN 'nan'::DOUBLE WHEN i <> 4 THEN i / 2 END AS x,
           i::HUGEINT AS n, i % 2 = 0 AS flag
    FROM range(12) numbers(i)
"""
rows = da.sql(ROWS)


def mean_bars() -> alt.Chart:
    return da.chart(rows).mark_bar().encode(x="day:O", y="mean(x):Q", color="name:N")


def saved(chart: alt.TopLevelMixin, path: Path, **options) -> bytes:
    chart.save(str(path), **options)
    return path.read_bytes()


CHARTS = {
    "aggregate": lambda: da.chart(rows).mark_bar().encode(x="name:N", y="mean(x):Q", color="flag:N"),
    "time unit": lambda: da.chart(rows).mark_line().encode(x="hours(ts):T", y="sum(n):Q"),
    "instants": lambda: da.chart(rows).mark_point().encode(x="moment:T", y="x:Q"),
    "infinite": lambda: (
        da.chart(rows)
        .mark_text()
        .encode(x="name:N", text="share:Q")
        .transform_filter("datum.n < 3")
        .transform_calculate(share="-1 / datum.n")
    ),
    "rows": lambda: da.chart(rows).mark_point().encode(x="ts:T", y="x:Q", shape="flag:N"),
    "no number": lambda: da.chart(rows).mark_text().encode(x="x:Q", text="name:N"),
}


@pytest.mark.parametrize("name", CHARTS)
def test_a_saved_specification_draws_what_all_rows_draw(name: str, tmp_path: Path) -> None:
    chart = CHARTS[name]()
    spec = json.loads(saved(chart, tmp_path / "chart.json"))
    plain = spec_of_all_rows(chart)
    assert draw(spec, spec["datasets"]) == draw(*plain)


def spec_of_all_rows(chart: alt.Chart):
    relation = relation_of(ROWS)
    from dataapp.views.chart.schema import find_cell_data, named_data

    (data,) = find_cell_data(chart)
    with named_data({data: relation.columns()}):
        spec = chart.to_dict()
    return spec, {data.name: [{n: None if v != v else v for n, v in row.items()} for row in all_rows(relation)]}


def test_only_what_the_marks_need_is_in_it(tmp_path: Path) -> None:
    spec = json.loads(saved(mean_bars(), tmp_path / "chart.json"))
    (held,) = spec["datasets"].values()
    assert len(held) == 12
    assert "flag" not in held[0]


def test_a_large_cell_is_aggregated_first(tmp_path: Path) -> None:
    many = da.sql("SELECT range % 7 AS k, range AS v FROM range(1_000_000)")
    spec = json.loads(saved(da.chart(many).mark_bar().encode(x="k:O", y="sum(v):Q"), tmp_path / "chart.json"))
    (held,) = spec["datasets"].values()
    assert len(held) == 7


def test_pictures_have_their_formats(tmp_path: Path) -> None:
    assert saved(mean_bars(), tmp_path / "chart.png").startswith(b"\x89PNG")
    assert saved(mean_bars(), tmp_path / "chart.pdf").startswith(b"%PDF")
    assert ET.fromstring(saved(mean_bars(), tmp_path / "chart.SVG")).tag.endswith("svg")


def test_a_scale_factor_gives_more_pixels(tmp_path: Path) -> None:
    def width(png: bytes) -> int:
        return int.from_bytes(png[16:20])

    once, twice = (saved(mean_bars(), tmp_path / "chart.png", scale_factor=factor) for factor in (1, 2))
    assert abs(width(twice) - 2 * width(once)) <= 2


def test_rows_are_what_the_chart_draws(tmp_path: Path) -> None:
    saved(mean_bars(), tmp_path / "chart.parquet")
    found = pl.read_parquet(tmp_path / "chart.parquet").with_columns(pl.col("x").fill_nan(None))
    source = rows.evaluate().with_columns(pl.col("x").fill_nan(None), day=pl.col("day").cast(pl.String))
    expected = source.group_by("day", "name").agg(pl.col("x").mean())
    assert_frame_equal(found, expected, check_row_order=False, check_column_order=False)


def test_types_come_back(tmp_path: Path) -> None:
    points = da.chart(rows).mark_point().encode(x="ts:T", y="x:Q", color="moment:T", shape="flag:N", text="day:T")
    saved(points, tmp_path / "chart.parquet")
    frame = pl.read_parquet(tmp_path / "chart.parquet")
    source = rows.evaluate().select("day", "ts", "moment", "x", "flag")
    expected = source.with_columns(pl.col("moment").dt.convert_time_zone("UTC"))
    assert_frame_equal(frame.select(expected.columns), expected)


def test_formulas_in_csv_are_text(tmp_path: Path) -> None:
    odd = da.sql("""SELECT '=cmd' AS "=name", -1 AS n""")
    saved(da.chart(odd).mark_bar().encode(x=alt.X("=name", type="nominal"), y="n:Q"), tmp_path / "chart.csv")
    assert (tmp_path / "chart.csv").read_text() == "'=name,n\n'=cmd,-1.0\n"


def test_a_thinned_line_is_saved_with_all_of_its_rows(tmp_path: Path) -> None:
    many = da.sql("SELECT range AS x, sin(range) AS y FROM range(150_000)")
    saved(da.chart(many).mark_line().encode(x="x:Q", y="y:Q"), tmp_path / "chart.parquet")
    assert pl.read_parquet(tmp_path / "chart.parquet").height == 150_000


def test_a_line_is_drawn_as_finely_as_a_large_picture_shows_it(tmp_path: Path) -> None:
    many = da.sql("SELECT range AS x, sin(range) AS y FROM range(100_000)")
    saved(da.chart(many).mark_line().encode(x="x:Q", y="y:Q"), tmp_path / "chart.svg")
    (line,) = re.findall(r'mark-line.*?d="([^"]*)"', (tmp_path / "chart.svg").read_text("utf-8"), re.DOTALL)
    assert 16_000 < line.count("L") <= 32_000


def test_too_many_rows_are_an_error_that_helps(tmp_path: Path) -> None:
    many = da.sql("SELECT range AS x, range AS y FROM range(200_001)", name="many")
    for mark in ("mark_line", "mark_point"):
        chart = getattr(da.chart(many), mark)().encode(x="x:Q", y="y:Q")
        with pytest.raises(da.DataAppError, match=r"more than 200,000 rows of many.*da.explore.*DA701"):
            chart.save(tmp_path / "chart.csv")
    assert list(tmp_path.iterdir()) == []


def test_several_sets_of_rows_are_an_error_that_names_the_way(tmp_path: Path) -> None:
    other = da.sql("SELECT 1 AS z")
    both = da.chart(rows).mark_point().encode(x="x:Q") | da.chart(other).mark_point().encode(x="z:Q")
    with pytest.raises(da.DataAppError, match=r"2 sets of rows"):
        both.save(tmp_path / "chart.csv")
    both.hconcat[1].save(tmp_path / "chart.csv")
    assert (tmp_path / "chart.csv").read_text() == "z\n1.0\n"


def test_layers_with_transforms_of_their_own_are_several_sets_of_rows(tmp_path: Path) -> None:
    points = da.chart(rows).mark_point().encode(x="n:Q", y="x:Q")
    low, high = points.transform_filter("datum.n < 3"), points.transform_filter("datum.n > 8")
    with pytest.raises(da.DataAppError, match="2 sets of rows"):
        (low + high).save(str(tmp_path / "rows.csv"))
    assert pl.read_csv(saved(low + low, tmp_path / "low.csv"))["n"].to_list() == [0, 1, 2]
    assert pl.read_csv(saved(high, tmp_path / "high.csv"))["n"].to_list() == [9, 10, 11]


def test_texts_that_a_transform_makes_are_read_in_a_file_as_on_a_page(tmp_path: Path) -> None:
    marks = da.chart(rows).mark_point().encode(x="digits:Q").transform_calculate(digits="datum.flag ? '1' : '2'")
    spec = json.loads(saved(marks, tmp_path / "chart.json"))
    assert spec["data"]["format"]["parse"] == {"digits": None}


def test_a_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    file = tmp_path / "chart.json"
    file.touch(0o600)
    saved(mean_bars(), file)
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("chart.gif", r"cannot be saved as `chart.gif`.*`.png`.*`.parquet`"),
        ("chart", r"cannot be saved as `chart`"),
        ("absent/chart.svg", "There is no folder"),
        ("folder.svg", "is a folder"),
    ],
)
def test_a_wrong_file_is_an_error_before_any_query(file: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "folder.svg").mkdir()
    fails = da.sql("SELECT error('was run') AS x")
    with pytest.raises(da.DataAppError, match=message) as caught:
        da.chart(fails).mark_point().encode(x="x:Q").save(tmp_path / file)
    assert caught.value.code == "DA702"


def test_a_folder_that_cannot_be_written_is_an_error() -> None:
    with pytest.raises(da.DataAppError, match="cannot be written"):
        mean_bars().save("/proc/chart.csv")


def test_a_failed_save_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "chart.csv"
    file.write_text("old")
    fails = da.sql("SELECT error('no') AS x")
    with pytest.raises(da.DataAppError):
        da.chart(fails).mark_point().encode(x="x:Q").save(file)
    assert [path.name for path in tmp_path.iterdir()] == ["chart.csv"]
    assert file.read_text() == "old"


def test_an_open_file_needs_a_format() -> None:
    sink = io.BytesIO()
    with pytest.raises(da.DataAppError, match="format="):
        mean_bars().save(sink)
    mean_bars().save(sink, format="png")
    assert sink.getvalue().startswith(b"\x89PNG")


def test_without_the_library_pictures_say_what_to_install(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(da.DataAppError, match=r"panel-dataapp\[save\]"):
        mean_bars().save(tmp_path / "chart.svg")
    mean_bars().save(tmp_path / "chart.json")  # the rest needs none


def test_text_of_data_is_text_in_every_file(tmp_path: Path) -> None:
    odd = da.sql("SELECT $text AS t, 1 AS n", text=CANARY)
    chart = da.chart(odd).mark_bar(aria=True).encode(y="t:N", x="n:Q", tooltip="t:N")
    words = ET.fromstring(saved(chart, tmp_path / "chart.svg")).iter()
    tags = {element.tag.rpartition("}")[2] for element in words}
    assert tags.isdisjoint({"script", "img", "image", "foreignObject", "a"})
    page = saved(chart, tmp_path / "chart.html").decode()
    assert "<script>window.broken" not in page
    assert page.count("</script>") == page.count("<script")
    assert CANARY in json.loads(saved(chart, tmp_path / "chart.json"))["datasets"].popitem()[1][0]["t"]


def test_what_data_says_of_links_and_pictures_reaches_no_file(tmp_path: Path) -> None:
    odd = da.sql("SELECT 'javascript:alert(1)' AS link, 1 AS n")
    for channel in ("href", "url"):
        chart = da.chart(odd).mark_image().encode(x="n:Q", **{channel: "link:N"})
        for ending in ("svg", "json", "html"):
            with pytest.raises(da.DataAppError, match=channel):
                chart.save(tmp_path / f"chart.{ending}")


def test_a_saved_picture_loads_nothing(tmp_path: Path) -> None:
    (tmp_path / "table.json").write_text('[{"x": 1}]')
    log = tmp_path / "log"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "http.server", port, "--bind", "127.0.0.1", "--directory", str(tmp_path)]
    with log.open("w") as told, subprocess.Popen(command, stderr=told, stdout=told) as server:  # drawing keeps the GIL
        try:
            while not is_open(int(port)):
                assert server.poll() is None
            table = alt.Data(url=f"http://127.0.0.1:{port}/table.json")
            beside = alt.Chart(table).mark_point().encode(x="x:Q")
            with pytest.raises(da.DataAppError, match="not allowed"):
                alt.layer(da.chart(rows).mark_point().encode(x="x:Q"), beside).save(tmp_path / "chart.svg")
            assert "GET" not in log.read_text()
            beside.save(str(tmp_path / "plain.svg"))
            assert "GET /table.json" in log.read_text()  # Altair's own does, so this test would see it
        finally:
            server.kill()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_policy_holds_for_files(tmp_path: Path) -> None:
    guarded = da.source(pl.DataFrame({"desk": ["fx", "rates"], "size": [1, 2]}), policy="desk = 'fx'", name="guarded")
    saved(da.chart(guarded).mark_bar().encode(x="desk:N", y="size:Q"), tmp_path / "chart.csv")
    assert (tmp_path / "chart.csv").read_text() == "desk,size\nfx,1.0\n"


def test_charts_over_frames_stay_altairs(tmp_path: Path) -> None:
    plain = alt.Chart(pl.DataFrame({"x": [dt.date(2024, 1, 1)]})).mark_point().encode(x="x:T")
    spec = json.loads(saved(plain, tmp_path / "chart.json"))
    assert list(spec["datasets"].values()) == [[{"x": "2024-01-01T00:00:00"}]]


def test_nan_in_nested_values_is_saved_as_null(tmp_path: Path) -> None:
    quotes = da.sql("SELECT unnest([{'bid': 1.5::DOUBLE}, {'bid': 'nan'::DOUBLE}]) AS quote")
    spec = json.loads(saved(da.chart(quotes).mark_point().encode(x="quote.bid:Q"), tmp_path / "chart.json"))
    assert list(spec["datasets"].values()) == [[{"quote": {"bid": 1.5}}, {"quote": {"bid": None}}]]


def test_width_of_a_page_is_a_number_in_a_file(tmp_path: Path) -> None:
    wide = da.chart(rows).mark_point().encode(x="x:Q")
    assert "width" not in json.loads(saved(wide, tmp_path / "chart.json"))
    assert json.loads(saved(wide.properties(width="container"), tmp_path / "chart.json"))["width"] == 600
    assert json.loads(saved(wide.properties(width=100), tmp_path / "chart.json"))["width"] == 100


def test_vega_is_one_whose_interpreter_is_safe() -> None:
    major, minor = map(int, re.findall(r"\d+", vl_convert.get_vega_version())[:2])
    assert (major, minor) >= (6, 2)
