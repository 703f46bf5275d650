"""A web server that tests put files on, and that counts what it is asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass
class Web:
    """Files by path, and the requests for them.

    Attributes:
        files: The content, and the second at which it was written, or None where the server does not tell.
        requests: Method and path, in order.
    """

    address: str
    files: dict[str, tuple[bytes, int | None]] = field(default_factory=dict[str, tuple[bytes, int | None]])
    requests: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def asked(self) -> int:
        """Return how many requests came since the last call."""
        count = len(self.requests)
        self.requests.clear()
        return count


@contextmanager
def serving() -> Iterator[Web]:
    """Start a server, and stop it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(has_content=True)

        def do_HEAD(self) -> None:
            self._answer(has_content=False)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the base calls it
            pass

        def _answer(self, *, has_content: bool) -> None:
            web.requests.append((self.command, self.path))
            content, written_at = web.files.get(self.path, (None, None))
            status, extra = 404 if content is None else 200, dict[str, str]()
            part = content or b""
            if content is not None and has_content and (span := self.headers.get("Range")):
                first, _, last = span.removeprefix("bytes=").partition("-")
                part = content[int(first) : int(last) + 1]
                status, extra["Content-Range"] = 206, f"bytes {first}-{last}/{len(content)}"
            if written_at is not None:
                extra["Last-Modified"] = formatdate(written_at, usegmt=True)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(part)), "Accept-Ranges": "bytes", **extra}.items():
                self.send_header(name, value)
            self.end_headers()
            if has_content:
                self.wfile.write(part)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    web = Web(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
