"""What every connector must do, as tests: subclass `ConnectorContract`, and give it a database."""

import datetime as dt
import threading
import traceback
from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar

import polars as pl
import pyarrow as pa
import pytest

import dataapp as da
from dataapp.cells.database import COMPARES_ALIKE, Question, Refused, Statement
from dataapp.connect.connection import Connection
from dataapp.errors import (
    Cancelled,
    ColumnNotFoundError,
    ConnectionFailedError,
    NotOnDatabaseError,
    TableNotFoundError,
)

type Load = Callable[[str, pa.Table], None]

_UTC = dt.UTC
ALL_TYPES = pa.table(
    {
        "k": pa.array([1, 2, 3], pa.int32()),
        "big": pa.array([2**62, None, -(2**62)], pa.int64()),
        "real": pa.array([0.1, None, -1e300], pa.float64()),
        "yes": pa.array([True, None, False], pa.bool_()),
        "text": pa.array(["naïve ☃ 𝄞", None, ""], pa.string()),
        "money": pa.array([Decimal("1234567890.125"), None, Decimal("-0.001")], pa.decimal128(18, 3)),
        "day": pa.array([dt.date(2024, 2, 29), None, dt.date(1969, 12, 31)], pa.date32()),
        "moment": pa.array([-1, None, 1709251199_999999], pa.timestamp("us")),
        "instant": pa.array(
            [dt.datetime(2024, 3, 10, 10, tzinfo=_UTC), None, dt.datetime(1970, 1, 1, tzinfo=_UTC)],
            pa.timestamp("us", "UTC"),
        ),
        "bytes": pa.array([b"\x00\xff", None, b""], pa.binary()),
    }
)
FOUR_ROWS = pa.table({"k": [1, 2, 3, 4], "name": ["a", "b", "c", "it's"], "size": [10, 20, 30, 40]})
INJECTIONS = ["'; DROP TABLE items; --", "' OR '1'='1", '" OR ""="', "\\'; --", "$9", "%s", "?", "/* */", "☃"]
_COMPARABLE = {"k", "big", "real", "yes", "text", "money", "day", "moment"}
_CONSTANTS = [
    "k <> 2",
    "big > 4611686018427387903",
    "big IN (4611686018427387904, 7)",
    "real < 0.1",
    "real >= 0.1",
    "yes = FALSE",
    "text = 'naïve ☃ 𝄞'",
    "text IN ('', 'x')",
    "money <= 1234567890.125",
    "money = -0.001",
    "day BETWEEN DATE '1969-12-31' AND DATE '2000-01-01'",
    "moment > TIMESTAMP '1969-12-31 23:59:59.999999'",
    "moment <= TIMESTAMP '1969-12-31 23:59:59.999999'",
]
_PATIENCE = 60.0  # seconds that a cancelled query may take to end


class ConnectorContract:
    """Tests of a connector. A subclass says how to reach a database, and loads tables into it.

    Attributes:
        endless: A query, in the database's SQL, whose rows come as a stream that does not end within minutes.
        secret: A text in `url` that must never be shown, or None where URLs hold no secrets.

    Example:
        >>> class TestOurs(ConnectorContract):
        ...     endless = "SELECT range FROM range(1000000000000)"
        ...
        ...     @pytest.fixture
        ...     def url(self, tmp_path): ...
        ...
        ...     @pytest.fixture
        ...     def unreachable(self): ...
        ...
        ...     @pytest.fixture
        ...     def load(self, url): ...
    """

    endless: ClassVar[str]
    secret: ClassVar[str | None] = None

    @pytest.fixture
    def url(self) -> str:
        """Return the URL of a database that holds no tables yet, or only those that `load` replaces."""
        raise NotImplementedError

    @pytest.fixture
    def unreachable(self) -> str:
        """Return a URL, with the secret in it, behind which there is no database."""
        raise NotImplementedError

    @pytest.fixture
    def load(self) -> Load:
        """Return a function that makes a table of that name anew, and commits."""
        raise NotImplementedError

    @pytest.fixture
    def con(self, url: str, load: Load) -> Connection:
        """Connect to a database with the table `items`."""
        load("items", FOUR_ROWS)
        return da.connect(url)

    # Rows.

    def test_values_of_every_type_arrive_as_they_are(self, con: Connection, load: Load) -> None:
        load("types", ALL_TYPES)
        frame = con.table("types").evaluate().sort("k")
        assert frame.rows(named=True) == ALL_TYPES.to_pylist()

    def test_types_are_told_without_reading(self, con: Connection, load: Load) -> None:
        load("types", ALL_TYPES)
        assert dict(con.table("types").schema) == {
            "k": "INTEGER",
            "big": "BIGINT",
            "real": "DOUBLE",
            "yes": "BOOLEAN",
            "text": "VARCHAR",
            "money": "DECIMAL(18,3)",
            "day": "DATE",
            "moment": "TIMESTAMP",
            "instant": "TIMESTAMP WITH TIME ZONE",
            "bytes": "BLOB",
        }

    def test_an_empty_table_has_the_columns_of_a_full_one(self, con: Connection, load: Load) -> None:
        load("types", ALL_TYPES)
        full = con.table("types").evaluate().schema
        load("types", ALL_TYPES.slice(0, 0))
        frame = con.table("types").evaluate()
        assert (frame.height, frame.schema) == (0, full)

    def test_rows_come_as_record_batches(self, con: Connection) -> None:
        with con.server().ask(Statement("SELECT k FROM items", {})) as question:
            rows = question.read()
            assert isinstance(rows, pa.RecordBatchReader)
            assert set(rows.read_all().column("k").to_pylist()) == {1, 2, 3, 4}

    def test_columns_of_equal_names_are_told_apart(self, con: Connection) -> None:
        cell = da.sql("SELECT k, k FROM items WHERE k = 1", on=con)
        assert cell.evaluate().columns == ["k", "k_1"]

    # Looking around.

    def test_tables_are_listed(self, con: Connection) -> None:
        assert "items" in con.tables()

    def test_columns_are_listed_in_order(self, con: Connection) -> None:
        assert list(con.columns("items")) == ["k", "name", "size"]

    def test_columns_of_an_unknown_table_are_an_error_that_names_it(self, con: Connection) -> None:
        with pytest.raises(TableNotFoundError, match="`itemz`") as caught:
            con.columns("itemz")
        assert caught.value.hint == "did you mean `items`?"

    def test_names_need_no_care(self, con: Connection, load: Load) -> None:
        load('odd "Name"; --', pa.table({'a "b" c': [1], "Größe": [2]}))
        odd = con.table('odd "Name"; --')
        assert 'odd "Name"; --' in con.tables()
        assert odd.evaluate().rows() == [(1, 2)]
        assert da.sql('SELECT "Größe" FROM odd', on=con, odd=odd).evaluate().item() == 2

    # Values.

    @pytest.mark.parametrize(
        "column",
        [name for name in ALL_TYPES.column_names if name not in ("k", "bytes")],
    )
    def test_a_value_of_each_type_finds_its_row(self, con: Connection, load: Load, column: str) -> None:
        load("types", ALL_TYPES)
        for row in (0, 2):
            value = ALL_TYPES.column(column)[row].as_py()
            found = da.sql(f"SELECT k FROM types WHERE {column} = $value", on=con, value=value).evaluate()
            assert found["k"].to_list() == [row + 1]

    @pytest.mark.parametrize("text", INJECTIONS)
    def test_text_is_a_value_and_never_part_of_the_query(self, con: Connection, text: str) -> None:
        found = da.sql("SELECT k FROM items WHERE name = $text", on=con, text=text)
        assert found.evaluate().height == 0
        assert text not in found.compile().sql
        assert con.table("items").evaluate().height == FOUR_ROWS.num_rows

    def test_text_arrives_whole(self, con: Connection, load: Load) -> None:
        load("texts", pa.table({"text": INJECTIONS}))
        for text in INJECTIONS:
            found = da.sql("SELECT count(*) AS n FROM texts WHERE text = $text", on=con, text=text)
            assert found.evaluate().item() == 1

    def test_a_predicate_binds_what_is_chosen(self, con: Connection) -> None:
        items = con.table("items")
        for choice, expected in ((["a", "it's"], [1, 4]), ([], [1, 2, 3, 4]), ("b", [2]), (["a", None], [1])):
            chosen = da.match("name", choice)
            cell = da.sql("SELECT k FROM items WHERE $chosen ORDER BY k", on=con, items=items, chosen=chosen)
            assert cell.evaluate()["k"].to_list() == expected

    # One query.

    def test_a_chain_becomes_one_query_with_the_values_of_all(self, con: Connection) -> None:
        last = _chain(con)
        compiled = last.compile()
        assert compiled.on == con.label
        assert sorted(compiled.parameters.values()) == [1, 15]  # pyright: ignore[reportArgumentType]
        assert last.evaluate().rows() == [("b", 20), ("c", 30), ("it's", 40)]

    def test_the_query_of_a_chain_is_what_is_explained(self, con: Connection) -> None:
        last = _chain(con)
        text = last.explain()
        assert f"is one query on {con.label} of " in text
        assert "gave 3 rows" in text
        assert last.compile().sql in text
        assert "gave" not in last.explain(analyze=False)

    def test_columns_are_those_of_the_rows(self, con: Connection) -> None:
        last = _chain(con)
        assert list(last.schema) == last.evaluate().columns

    def test_a_local_cell_reads_the_rows_of_a_chain(self, con: Connection) -> None:
        local = da.sql("SELECT sum(size)::INTEGER AS total FROM last", last=_chain(con))
        assert local.evaluate().item() == 90
        assert dict(local.schema) == {"total": "INTEGER"}

    # Conditions of local cells.

    @pytest.mark.parametrize("constant", _CONSTANTS)
    def test_a_condition_of_a_local_cell_gives_the_rows_that_it_gives_here(
        self, con: Connection, load: Load, constant: str
    ) -> None:
        load("types", ALL_TYPES)
        types = con.table("types")
        here = da.source(types.evaluate())
        column = constant.partition(" ")[0]
        for condition in (constant, f"k = 3 OR {constant}", f"{column} IS NULL", f"{column} IS NOT NULL"):
            found = [da.sql(f"SELECT k FROM t WHERE {condition} ORDER BY k", t=t).evaluate() for t in (types, here)]
            assert found[0].rows() == found[1].rows()

    def test_columns_that_are_compared_alike_are_of_plain_types(self, con: Connection, load: Load) -> None:
        load("types", ALL_TYPES)
        with con.server().ask(Statement("SELECT * FROM types", {})) as question:
            fields: list[Any] = list(question.schema())
        assert {field.name for field in fields if COMPARES_ALIKE in (field.metadata or {})} <= _COMPARABLE

    def test_a_local_cell_is_explained_with_the_rows_that_it_reads(self, con: Connection) -> None:
        text = da.sql("SELECT * FROM last", last=_chain(con)).explain()
        assert "gave 3 rows" in text
        assert f"they come from {con.label}" in text

    def test_order_survives_fusing(self, con: Connection) -> None:
        items = con.table("items")
        cell = da.sql("WITH big AS (SELECT * FROM large) SELECT k FROM big ORDER BY k DESC", on=con, large=items)
        assert cell.evaluate()["k"].to_list() == [4, 3, 2, 1]

    # Policies.

    def test_a_policy_is_part_of_the_query(self, con: Connection) -> None:
        items = con.table("items", policy="name = $user.name")
        there = da.sql("SELECT k FROM items", on=con, items=items)
        here = da.sql("SELECT k FROM items", items=items)
        for cell in (items, there, here):
            assert cell.evaluate(user={"name": "b"})["k"].to_list() == [2]
            assert cell.evaluate().height == 0
        assert "name = " in there.compile().sql

    @pytest.mark.parametrize("policy", ["k < 3", "k IN (SELECT i.k FROM items i WHERE i.k < 3)", "lower(text) <> 'x'"])
    def test_readers_run_behind_a_policy(self, con: Connection, load: Load, policy: str) -> None:
        load("texts", pa.table({"k": [1, 2, 3], "text": ["1", "2", "x"]}))
        texts = con.table("texts", policy=policy)
        for condition in ("CAST(text AS INTEGER) > 0", "k < 9 AND CAST(text AS INTEGER) > 0"):
            found = da.sql(f"SELECT k FROM texts WHERE {condition} ORDER BY k", on=con, texts=texts)
            assert found.evaluate()["k"].to_list() == [1, 2]

    # Errors.

    def test_an_unknown_column_is_told_with_its_cell_line_and_column(self, con: Connection) -> None:
        first = da.sql("SELECT k,\n  nam FROM items", on=con, name="first")
        second = da.sql("SELECT k FROM first", on=con, first=first, name="second")
        for ask in (second.evaluate, lambda: second.schema):
            with pytest.raises(ColumnNotFoundError, match="nam") as caught:
                ask()
            assert (caught.value.cell, caught.value.line, caught.value.column) == ("first", 2, 3)

    def test_an_unknown_table_is_told_with_its_place(self, con: Connection) -> None:
        with pytest.raises(TableNotFoundError, match="itemz") as caught:
            da.sql("SELECT k FROM itemz", on=con, name="wrong").evaluate()
        assert (caught.value.cell, caught.value.line, caught.value.column) == ("wrong", 1, 15)

    def test_a_query_there_cannot_read_what_is_here(self, con: Connection) -> None:
        here = pl.DataFrame({"k": [1]})
        with pytest.raises(NotOnDatabaseError, match="`here`, which it reads, is here"):
            da.sql("SELECT * FROM here", on=con, here=here).evaluate()

    def test_queries_only_read(self, con: Connection) -> None:
        with (
            pytest.raises(Refused),
            con.server().ask(Statement("CREATE TABLE items_2 AS SELECT * FROM items", {})) as question,
        ):
            question.read().read_all()
        assert "items_2" not in con.tables()

    # Cancelling.

    def test_a_cancelled_query_ends(self, con: Connection) -> None:
        raised: list[BaseException] = []
        with con.server().ask(Statement(self.endless, {})) as question:
            thread = threading.Thread(target=_read_all, args=(question, raised))
            thread.start()
            question.cancel()
            thread.join(_PATIENCE)
            assert not thread.is_alive()
        assert [type(error) for error in raised] == [Cancelled]

    def test_a_stream_that_is_cancelled_under_way_ends(self, con: Connection) -> None:
        with con.server().ask(Statement(self.endless, {})) as question:
            rows = iter(question.read())
            assert next(rows).num_rows > 0
            question.cancel()
            with pytest.raises(Cancelled):
                for _ in rows:
                    pass
        assert con.table("items").evaluate().height == FOUR_ROWS.num_rows

    def test_a_query_that_is_cancelled_before_it_starts_never_does(self, con: Connection) -> None:
        with con.server().ask(Statement(self.endless, {})) as question:
            question.cancel()
            with pytest.raises(Cancelled):
                question.read()

    # Secrets, and being lazy.

    def test_describing_connects_to_nothing(self, unreachable: str) -> None:
        con = da.connect(unreachable)
        items = con.table("items")
        cell = da.sql("SELECT k FROM items", on=con, items=items)
        assert cell.compile().on == con.label
        with pytest.raises(da.DataAppError):
            con.tables()

    def test_equal_descriptions_share_a_server(self, con: Connection) -> None:
        again = da.connect(con.url, **dict(con.options))
        assert again.server() is con.server()
        first = da.sql("SELECT k FROM items", on=con)
        assert da.sql("SELECT count(*) AS n FROM first", on=again, first=first).evaluate().item() == 4

    def test_the_secret_is_nowhere(self, con: Connection, unreachable: str) -> None:
        if self.secret is None:
            pytest.skip("its URLs hold no secrets")
        assert self.secret in con.url
        cell = da.sql("SELECT nam FROM items", on=con)
        said = [repr(con), con.label, con.key, repr(con.table("items")), str(cell.compile())]
        for wrong in (cell.evaluate, lambda: da.connect(unreachable).tables()):
            with pytest.raises(da.DataAppError) as caught:
                wrong()
            said += ["".join(traceback.format_exception(caught.value)), str(caught.value), repr(caught.value)]
        assert [text for text in said if self.secret in text] == []

    def test_what_cannot_be_reached_is_told_as_such(self, unreachable: str) -> None:
        with pytest.raises((ConnectionFailedError, da.DataAppError)) as caught:
            da.connect(unreachable).tables()
        assert caught.value.code in ("DA312", "DA301")
        assert caught.value.hint

    # Versions.

    def test_the_version_stays_while_nothing_changes(self, con: Connection) -> None:
        server = con.server()
        assert server.version(["items"]) is not None
        assert server.version(["items"]) == server.version(["items"])

    def test_the_version_changes_when_rows_do(self, con: Connection, load: Load) -> None:
        before = con.server().version(["items"])
        load("items", FOUR_ROWS.slice(1))
        assert con.server().version(["items"]) != before

    def test_changed_rows_are_read_anew(self, con: Connection, load: Load) -> None:
        items = con.table("items")
        count = da.sql("SELECT count(*)::INTEGER AS n FROM items", on=con, items=items)
        assert (count.evaluate().item(), items.evaluate().height) == (4, 4)
        load("items", FOUR_ROWS.slice(1))
        assert (count.evaluate().item(), items.evaluate().height) == (3, 3)


def _chain(con: Connection) -> Any:
    items, low = con.table("items"), 15
    large = da.sql("SELECT k, name, size FROM items WHERE size > $low", on=con, items=items, low=low)
    later = da.sql("SELECT name, size FROM large WHERE k > $first", on=con, large=large, first=1)
    return da.sql("SELECT name, size FROM later ORDER BY size", on=con, later=later)


def _read_all(question: Question, raised: list[BaseException]) -> None:
    try:
        question.read().read_all()
    except BaseException as error:  # looked at by the test
        raised.append(error)
