"""Which port a server takes."""

import socket

import click

_FIRST, _TRIED = 5006, 50


def choose_port(address: str, wanted: int | None) -> int:
    """Return a port that is free: the wanted one, or the first from 5006 on.

    Raises:
        click.UsageError: The wanted port, or every one that was tried, is taken.
    """
    tried = range(_FIRST, _FIRST + _TRIED) if wanted is None else [wanted]
    for port in tried:
        if is_free(address, port):
            return port
    if wanted is not None:
        raise click.UsageError(f"Nothing can listen at {address}:{wanted}: is the port taken? Choose another --port.")
    raise click.UsageError(f"No port from {_FIRST} to {_FIRST + _TRIED - 1} is free at {address}. Choose a --port.")


def is_free(address: str, port: int) -> bool:
    """Whether a server could listen there."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
