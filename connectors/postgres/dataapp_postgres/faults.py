"""Errors of the driver as errors of dataapp: by SQLSTATE, with the position that Postgres gives."""

import re

from dataapp.cells.database import Refused
from dataapp.connect.address import without_secrets
from dataapp.errors import (
    ColumnNotFoundError,
    ConnectionFailedError,
    DataAppError,
    QueryError,
    SqlSyntaxError,
    TableNotFoundError,
    TypeMismatchError,
)

_BY_STATE: dict[str, type[DataAppError]] = {
    "42601": SqlSyntaxError,
    "42703": ColumnNotFoundError,
    "42P10": ColumnNotFoundError,
    "42P01": TableNotFoundError,
    "3F000": TableNotFoundError,
    "42883": TypeMismatchError,
    "42804": TypeMismatchError,
    "42846": TypeMismatchError,
    "42P18": TypeMismatchError,
    "57014": QueryError,  # by somebody else, or by a time limit of the server
}
_BY_CLASS: dict[str, type[DataAppError]] = {
    "08": ConnectionFailedError,
    "28": ConnectionFailedError,
    "3D": ConnectionFailedError,
    "57": ConnectionFailedError,
    "22": TypeMismatchError,
}
_EXECUTION_ONLY = {"22003", "22012"}  # division by zero, out of range: values, not types
_COPY = "Query was: COPY ("  # the driver reads results through COPY, whose positions count what it puts before
_CREDENTIALS = "give user and password in the URL, as PGUSER and PGPASSWORD, or in ~/.pgpass"


def refusal(error: Exception, sql: str, secrets: tuple[str, ...]) -> Refused:
    """Return what the author should read of an error that the driver raised for a query."""
    details = {name: value.decode(errors="replace") for name, value in _details(error)}
    state = str(getattr(error, "sqlstate", None) or "")
    message = without_secrets(details.get("PG_DIAG_MESSAGE_PRIMARY") or _sentence(str(error)), secrets)
    if not state and not details and "connect" in message.lower():
        return Refused(connection_failure(error, secrets))
    kind = QueryError if state in _EXECUTION_ONLY else _BY_STATE.get(state, _BY_CLASS.get(state[:2], QueryError))
    hint = details.get("PG_DIAG_MESSAGE_HINT")
    found = kind(_capital(message), hint=None if hint is None else without_secrets(hint, secrets).rstrip("."))
    return Refused(found, _position(details, str(error), sql))


def connection_failure(error: Exception, secrets: tuple[str, ...]) -> ConnectionFailedError:
    """Return the error of a connection that was not made."""
    message = without_secrets(_sentence(str(error)), secrets)
    asks = any(word in message for word in ("password", "authentication", "role", "no pg_hba.conf entry"))
    return ConnectionFailedError(
        f"Postgres cannot be reached: {message}",
        hint=_CREDENTIALS if asks else "look at host, port and database in the URL, and whether the server runs",
    )


def _details(error: Exception) -> list[tuple[str, bytes]]:
    found: list[tuple[bytes | str, bytes]] = list(getattr(error, "details", None) or [])
    return [(name.decode() if isinstance(name, bytes) else name, value) for name, value in found]


def _position(details: dict[str, str], message: str, sql: str) -> int | None:
    """Return the byte offset of what Postgres counts in characters from 1."""
    said = details.get("PG_DIAG_STATEMENT_POSITION")
    if said is None:
        return None
    before = len("COPY (") if _COPY in message else 0
    characters = int(said) - 1 - before
    return len(sql[:characters].encode()) if 0 <= characters <= len(sql) else None


def _sentence(message: str) -> str:
    """Return what the driver's text says, without what it adds before and behind."""
    said = re.split(r"\n\s*\n?Query was: |\. SQLSTATE: ", message)[0]
    said = re.sub(r"^[A-Z_]+: ", "", said)
    said = re.sub(r"\[libpq\] [^:]*: ", "", said)
    return " ".join(said.split()).removeprefix("ERROR: ").strip()


def _capital(message: str) -> str:
    text = message[:1].upper() + message[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."
