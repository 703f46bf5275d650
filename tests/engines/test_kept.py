"""Tables that several readers share."""

import threading

import pytest

from dataapp.engines.duckdb import DuckDB
from dataapp.engines.kept import KeptTables
from dataapp.engines.relation import Relation
from dataapp.errors import Cancelled


@pytest.fixture
def engine() -> DuckDB:
    return DuckDB()


def relation(engine: DuckDB, key: str = "numbers") -> Relation:
    return Relation("SELECT range AS n FROM range(5)", key=key, engine=engine)


def kept(engine: DuckDB) -> int:
    return len(engine.kept)


def test_readers_of_an_equal_relation_share_one_table(engine: DuckDB) -> None:
    with relation(engine).open() as one, relation(engine).open() as other:
        assert one.keep("FROM relation") == other.keep("FROM relation")
        assert kept(engine) == 1


def test_another_question_is_another_table(engine: DuckDB) -> None:
    with relation(engine).open() as one, relation(engine, "others").open() as other:
        names = {
            one.keep("FROM relation").name,
            one.keep("FROM relation WHERE n > $low", {"low": 2}).name,
            one.keep("FROM relation WHERE n > $low", {"low": 3}).name,
            other.keep("FROM relation").name,
        }
        assert len(names) == 4


def test_the_table_goes_with_its_last_reader(engine: DuckDB) -> None:
    one, other = relation(engine).open(), relation(engine).open()
    name = one.keep("FROM relation").name
    other.keep("FROM relation")
    one.close()
    assert other.fetch(f"SELECT sum(n)::BIGINT AS total FROM {name}").to_pylist() == [{"total": 10}]
    other.close()
    assert kept(engine) == 0
    with relation(engine).open() as reader:
        rows = reader.fetch("SELECT table_name FROM duckdb_tables()")
        assert rows.num_rows == 0


def test_a_kept_table_is_no_table_of_the_catalog(engine: DuckDB) -> None:
    with relation(engine).open() as reader:
        name = reader.keep("FROM relation").name.rpartition(".")[2]
        assert not engine.has_table(name)


def test_who_gives_up_lets_the_next_one_try(engine: DuckDB) -> None:
    reader = relation(engine).open()
    reader.cancel()
    with pytest.raises(Cancelled):
        reader.keep("FROM relation")
    with relation(engine).open() as other:
        assert other.fetch(f"FROM {other.keep('FROM relation').name}").num_rows == 5


def test_those_who_wait_get_what_the_first_one_makes() -> None:
    dropped: list[str] = []
    tables = KeptTables(dropped.append)
    made: list[str] = []
    may_finish = threading.Event()
    has_begun = threading.Event()

    def make(name: str) -> int:
        has_begun.set()
        may_finish.wait(10)
        made.append(name)
        return 3

    names: list[str] = []
    rows: list[int] = []

    def hold() -> None:
        table = tables.hold("k", make, lambda: False)
        names.append(table.name)
        rows.append(table.rows)

    threads = [threading.Thread(target=hold) for _ in range(4)]
    threads[0].start()
    has_begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    may_finish.set()
    for thread in threads:
        thread.join(10)
    assert len(made) == 1
    assert names == made * 4
    assert rows == [3] * 4
    assert dropped == []


def test_a_cancelled_reader_does_not_wait() -> None:
    tables = KeptTables(lambda name: None)
    may_finish = threading.Event()
    has_begun = threading.Event()

    def make(name: str) -> int:
        has_begun.set()
        may_finish.wait(10)
        return 0

    maker = threading.Thread(target=lambda: tables.hold("k", make, lambda: False))
    maker.start()
    has_begun.wait(10)
    with pytest.raises(Cancelled):
        tables.hold("k", make, lambda: True)
    may_finish.set()
    maker.join(10)
    assert len(tables) == 1


def test_who_shares_a_table_keeps_it_beyond_its_reader(engine: DuckDB) -> None:
    with relation(engine).open() as reader:
        table = reader.keep("FROM relation")
        engine.kept.share(table)
    with relation(engine).open() as other:
        assert other.keep("FROM relation") is table
    assert kept(engine) == 1
    engine.kept.release(table)
    assert kept(engine) == 0
