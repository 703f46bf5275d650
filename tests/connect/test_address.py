"""What of a database's URL may be shown."""

import pytest

from dataapp.connect.address import key_of, label_of, scheme_of, secrets_of, without_secrets
from dataapp.errors import ConnectorNotFoundError


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:s3cret@db:5433/desk",
        "postgresql://ann:s3cret@db/desk?sslmode=require",
        "postgresql://db/desk?user=ann&password=s3cret",
        "postgresql:///desk?password=s3cret#there",
        "postgresql://ann:s3cret/part@db/desk",
        "postgresql://ann:s3cret?part@db/desk",
        "postgresql://ann:an@s3cret@db/desk",
        "postgresql:///desk?password=an@s3cret",
    ],
)
def test_a_label_and_the_errors_hold_no_password(url: str):
    assert "s3cret" not in label_of(url)
    assert "s3cret" not in without_secrets(f"said of {url}", secrets_of(url, {}))


def test_a_password_is_hidden_as_written_and_decoded():
    hidden = secrets_of("postgresql://ann:p%40ss@db", {"password": "word", "sslmode": "require"})
    assert without_secrets("p%40ss p@ss word require", hidden) == "*** *** *** require"


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("postgresql://ann@db:5433/desk", "postgresql://db:5433/desk"),
        ("postgresql:///desk?host=/tmp", "postgresql:///desk"),
        ("duckdb:///data/desk.duckdb", "duckdb:///data/desk.duckdb"),
        ("postgresql://ann:a/b@db", "postgresql://..."),
    ],
)
def test_a_label_tells_where_the_database_is(url: str, label: str):
    assert label_of(url) == label


def test_keys_are_equal_for_equal_descriptions_and_tell_nothing():
    url = "postgresql://ann:s3cret@db/desk"
    assert key_of(url, {"a": 1}) == key_of(url, {"a": 1})
    assert len({key_of(url, {}), key_of(url, {"a": 1}), key_of(url + "2", {})}) == 3
    assert "s3cret" not in key_of(url, {})


def test_a_location_without_scheme_is_told_what_to_write():
    with pytest.raises(ConnectorNotFoundError, match="no scheme") as caught:
        scheme_of("localhost/desk")
    assert "postgresql://" in (caught.value.hint or "")
