"""Who is looking: read from the session, set by nobody, part of every answer."""

from types import SimpleNamespace

import polars as pl
import pytest

import dataapp as da
from dataapp.app.url import Address
from dataapp.inputs.links import is_in_links
from dataapp.inputs.user import UserControl, claims

user = da.user()
desks = da.sql("FROM (VALUES ('fx', 1), ('rates', 2)) t(desk, n) WHERE desk = $user.desk")
name = da.sql("SELECT $user.name AS name")


@da.cell
def greeting(user: dict[str, object]) -> str:
    return f"Hello {user['name']}"


@pytest.mark.parametrize(("desk", "n"), [("fx", 1), ("rates", 2)])
def test_a_claim_restricts_rows(desk: str, n: int):
    assert desks.evaluate(user={"name": "ann", "desk": desk})["n"].to_list() == [n]


def test_nobody_is_looking_without_authentication():
    assert name.evaluate()["name"].to_list() == [None]


def test_a_python_cell_reads_claims():
    assert greeting.evaluate(user={"name": "ann"}) == "Hello ann"


def test_a_claim_that_is_not_there_is_an_error():
    with pytest.raises(da.DataAppError, match="desk"):
        desks.evaluate(user={"name": "ann"})


def test_a_claim_with_sql_in_it_is_a_value():
    assert desks.evaluate(user={"name": "ann", "desk": "fx' OR 'a' = 'a"}).height == 0


def test_claims_about_the_token_and_nested_ones_are_left_out(monkeypatch: pytest.MonkeyPatch):
    told = {"desk": "fx", "groups": ["a", "b"], "exp": 1, "iat": 2, "name": "Ann Other", "address": {"zip": "1"}}
    monkeypatch.setattr("dataapp.inputs.user.pn", SimpleNamespace(state=SimpleNamespace(user="ann", user_info=told)))
    assert claims() == {"name": "ann", "desk": "fx", "groups": ["a", "b"]}


def test_a_link_does_not_say_who_is_looking():
    written: list[str] = []
    address = Address({"user": '{"name": "eve", "desk": "rates"}'}, written.append)
    control = UserControl({"name": "ann"})
    address.restore(user, control)
    assert (is_in_links(control), address.initial(user)) == (False, {"name": "ann"})


def test_it_is_not_written_into_the_link():
    written: list[str] = []
    address = Address({}, written.append)
    address.restore(user, UserControl({"name": "ann"}))
    address.mirror(user, {"name": "bob"})
    assert written == []


def test_rows_of_one_user_are_not_anothers():
    frames = [desks.evaluate(user={"name": who, "desk": desk}) for who, desk in (("ann", "fx"), ("bob", "rates"))]
    assert [frame["desk"].to_list() for frame in frames] == [["fx"], ["rates"]]
    assert isinstance(frames[0], pl.DataFrame)
