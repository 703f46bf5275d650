"""Connectors by the scheme of a URL: the entry points of the group ``dataapp.connectors``.

A connector is loaded when a URL of its scheme is first used, and what it opens is shared by the process: one server
per description.
"""

import threading
from collections.abc import Mapping
from importlib.metadata import entry_points

from dataapp.cells.database import Connector, Server
from dataapp.errors import ConnectorNotFoundError, near

GROUP = "dataapp.connectors"
_PACKAGES = {"postgresql": "dataapp-postgres", "postgres": "dataapp-postgres"}

_servers: dict[str, Server] = {}
_lock = threading.Lock()


def schemes() -> list[str]:
    """Return the schemes that installed connectors know.

    Example:
        >>> "duckdb" in schemes()
        True
    """
    return sorted(point.name for point in entry_points(group=GROUP))


def connector_of(scheme: str) -> Connector:
    """Return the connector of a scheme.

    Raises:
        ConnectorNotFoundError: No installed package has it.
    """
    for point in entry_points(group=GROUP, name=scheme):
        return point.load()
    known = schemes()
    package = _PACKAGES.get(scheme)
    hint = f"pip install {package}" if package is not None else near(scheme, [*known, *_PACKAGES])
    raise ConnectorNotFoundError(
        f"No installed connector knows `{scheme}://`; there are {', '.join(f'{name}://' for name in known)}.",
        hint=hint or f"install a package with an entry point `{scheme}` of the group `{GROUP}`",
    )


def server_of(key: str, scheme: str, url: str, options: Mapping[str, object]) -> Server:
    """Return the process's server of a description, opened if need be."""
    with _lock:
        if key not in _servers:
            _servers[key] = connector_of(scheme)(url, options)
        return _servers[key]
