"""Fail, with the remedy, when a port is taken: ``python tools/port.py 5006``."""

from __future__ import annotations

import socket
import sys


def is_free(port: int) -> bool:
    """Tell whether a server could listen on the port, on every address of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def main(arguments: list[str]) -> int:
    """Check the one port that is asked for."""
    if len(arguments) != 1 or not arguments[0].isdecimal() or not 0 < int(arguments[0]) < 65536:
        print(f"PORT has to be a number from 1 to 65535, not {' '.join(arguments)!r}.", file=sys.stderr)
        return 2
    port = int(arguments[0])
    if is_free(port):
        return 0
    print(
        f"Port {port} is in use. Stop what listens there, or choose another: make demo PORT={port + 1}", file=sys.stderr
    )
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
