"""Connectors are found by scheme, and a missing one names its package."""

from importlib.metadata import EntryPoint

import pytest

import dataapp as da
from dataapp.connect import registry
from dataapp.connect.registry import connector_of, schemes, server_of
from dataapp.errors import ConnectorNotFoundError, WrongKindError


def hide(monkeypatch: pytest.MonkeyPatch, *installed: EntryPoint) -> None:
    def entry_points(*, group: str, name: str | None = None) -> list[EntryPoint]:
        return [point for point in installed if point.group == group and name in (None, point.name)]

    monkeypatch.setattr(registry, "entry_points", entry_points)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_a_missing_connector_names_the_package_to_install(monkeypatch: pytest.MonkeyPatch, scheme: str):
    hide(monkeypatch)
    with pytest.raises(ConnectorNotFoundError, match=f"`{scheme}://`") as caught:
        da.connect(f"{scheme}://ann:s3cret@db/unused").tables()
    assert caught.value.hint == "pip install dataapp-postgres"
    assert "s3cret" not in str(caught.value)


def test_a_mistyped_scheme_is_told_what_is_near():
    with pytest.raises(ConnectorNotFoundError) as caught:
        connector_of("postgress")
    assert "`postgres`" in (caught.value.hint or "")


def test_an_unknown_scheme_is_told_how_it_is_found():
    with pytest.raises(ConnectorNotFoundError) as caught:
        connector_of("zzz")
    assert "dataapp.connectors" in (caught.value.hint or "")


def test_the_connectors_of_this_repository_are_installed():
    assert {"duckdb", "postgres", "postgresql"} <= set(schemes())


def test_a_package_brings_a_connector_by_its_entry_point(monkeypatch: pytest.MonkeyPatch):
    hide(monkeypatch, EntryPoint("fake", "collections:OrderedDict", registry.GROUP))
    assert connector_of("fake").__name__ == "OrderedDict"


def test_one_description_is_opened_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(registry, "_servers", {})
    monkeypatch.setattr(registry, "connector_of", lambda scheme: lambda url, options: object())
    assert server_of("a", "s", "s://", {}) is server_of("a", "s", "s://", {})
    assert server_of("a", "s", "s://", {}) is not server_of("b", "s", "s://", {})


def test_on_takes_a_connection_only():
    with pytest.raises(WrongKindError, match="`on` of a SQL cell is a str"):
        da.sql("SELECT 1", on="postgresql://db")  # pyright: ignore[reportArgumentType]


def test_a_source_of_a_database_needs_a_table():
    with pytest.raises(WrongKindError, match="but no table of it") as caught:
        da.source("postgresql://ann:s3cret@db/desk").evaluate()
    assert "s3cret" not in str(caught.value)
