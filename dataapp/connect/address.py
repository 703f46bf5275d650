"""URLs of databases: their scheme, and what of them may be shown."""

import hashlib
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from dataapp.errors import ConnectorNotFoundError

_SALT = secrets.token_bytes(16)  # so that a key can be compared with nothing that was made elsewhere
_FILES = {".duckdb": "duckdb"}
FILE_DATABASES = frozenset(_FILES.values())
"""Schemes of databases that are a file of this machine."""
FILE_SYSTEMS = frozenset(
    {"http", "https", "s3", "s3a", "gs", "gcs", "r2", "az", "azure", "abfs", "abfss", "hf", "file"}
)
"""Schemes of files, which the engine reads itself."""


def scheme_of(url: str) -> str:
    """Return the scheme of a URL, or of a file that is a database.

    Raises:
        ConnectorNotFoundError: There is none.

    Example:
        >>> scheme_of("postgresql://localhost/desk"), scheme_of("data/desk.duckdb")
        ('postgresql', 'duckdb')
    """
    scheme, separator, _ = url.partition("://")
    if separator:
        return scheme.lower()
    if (known := _FILES.get(Path(url).suffix.lower())) is not None:
        return known
    raise ConnectorNotFoundError(
        "The location of a database has no scheme.", hint="write scheme://..., such as postgresql://localhost/desk"
    )


def label_of(url: str) -> str:
    """Return a URL without user, password and options.

    Example:
        >>> label_of("postgresql://ann:s3cret@db:5433/desk?sslpassword=x")
        'postgresql://db:5433/desk'
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return f"{scheme_of(url)}://{Path(url).name}"
    if _is_ambiguous(rest):
        return f"{scheme.lower()}://..."
    host, slash, path = re.split("[?#]", rest, maxsplit=1)[0].partition("/")
    return f"{scheme.lower()}://{host.rpartition('@')[2]}{slash}{path}"


def key_of(url: str, options: Mapping[str, object]) -> str:
    """Return a text that is equal for equal descriptions in this process, and tells nothing of them."""
    facts = repr((url, sorted(options.items()))).encode()
    return hashlib.blake2b(facts, digest_size=16, key=_SALT).hexdigest()


def secrets_of(url: str, options: Mapping[str, object]) -> tuple[str, ...]:
    """Return the texts of a description that must never be shown, as written and decoded."""
    rest = url.partition("://")[2]
    login = rest.rpartition("@")[0] if _is_ambiguous(rest) else _authority(rest).rpartition("@")[0]
    found = [login.partition(":")[2]]
    if _is_ambiguous(rest):
        found += re.split("[:/?#@=&]", login)[1:]  # a driver's complaint may hold any part of it
    pairs = [pair.partition("=") for pair in url.partition("?")[2].split("&") if pair]
    found += [value for name, _, value in pairs if _is_secret(name)]
    found += [str(value) for name, value in options.items() if _is_secret(name)]
    both = [text for secret in found for text in (secret, unquote(secret)) if text]
    return tuple(sorted(set(both), key=len, reverse=True))


def without_secrets(text: str, hidden: tuple[str, ...]) -> str:
    """Return a text in which secrets are stars.

    Example:
        >>> without_secrets("password hunter2 is wrong", ("hunter2",))
        'password *** is wrong'
    """
    for secret in hidden:
        text = text.replace(secret, "***")
    return text


def _authority(rest: str) -> str:
    return re.split("[/?#]", rest, maxsplit=1)[0]


def _is_ambiguous(rest: str) -> bool:
    """Whether there is an @ behind the host: perhaps of a password that was not percent-encoded."""
    return "@" in rest and "@" not in _authority(rest)


def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in ("password", "passwd", "secret", "token", "key"))
