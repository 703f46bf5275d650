"""Errors on screen: for authors everything, for viewers the cell, the cause and a reference number.

All text of errors, names and values is escaped here; nothing of it is ever read as HTML.
"""

import html
import inspect
import logging
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import panel as pn

from dataapp.errors import DataAppError

_log = logging.getLogger(__name__)
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_FORWARDED = ("x-forwarded-for", "x-forwarded-host", "forwarded", "via", "x-real-ip")
_CLASSES = {"failed": "failed", "blocked": "blocked", "waiting": "waiting"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What a card says when there is no value.

    Attributes:
        kind: ``failed``, ``blocked`` or ``waiting``.
        title: One line.
        message: What happened, or an empty text.
        excerpt: The line of the cell's text that it is about, or an empty text.
        caret: The column in the excerpt, from 1, or 0.
        hint: What to do, or an empty text.
        code: The error's code, or a reference number for viewers.
    """

    kind: str
    title: str
    message: str = ""
    excerpt: str = ""
    caret: int = 0
    hint: str = ""
    code: str = ""

    def to_html(self) -> str:
        """Return the markup; every text is escaped."""
        parts = [f"<div class='fault {_CLASSES[self.kind]}' role='alert'>", f"<div class='title'>{_text(self.title)}"]
        if self.code:
            parts.append(f"<span class='code'>{_text(self.code)}</span>")
        parts.append("</div>")
        if self.message:
            parts.append(f"<div class='message'>{_text(self.message)}</div>")
        if self.excerpt:
            caret = f"\n{' ' * (self.caret - 1)}^" if self.caret else ""
            parts.append(f"<pre>{_text(self.excerpt + caret)}</pre>")
        if self.hint:
            parts.append(f"<div class='hint'>{_text(self.hint)}</div>")
        return "".join([*parts, "</div>"])


FAULT_STYLE = """
.fault { font-size: 13px; line-height: 1.5; padding: 10px 14px; border-radius: 6px;
  border-left: 3px solid #d1443c; background: color-mix(in srgb, #d1443c 8%, transparent); overflow: auto; }
.fault.blocked { border-color: #c98a1b; background: color-mix(in srgb, #c98a1b 8%, transparent); }
.fault.waiting { border-color: #6b7280; background: color-mix(in srgb, #6b7280 8%, transparent); }
.title { font-weight: 600; display: flex; justify-content: space-between; gap: 12px; }
.code { font-weight: 400; opacity: .65; font-variant-numeric: tabular-nums; }
pre { margin: 6px 0 2px; font: 12px/1.45 ui-monospace, monospace; white-space: pre; }
.hint { opacity: .8; } .hint::before { content: "Hint: "; }
"""


def error_to_fault(error: Exception, label: str, text: str | None, *, is_author: bool) -> Fault:
    """Say an error to whoever looks.

    Args:
        error: What happened.
        label: The cell that failed.
        text: The text of the cell, to show the line from.
        is_author: Whether paths, SQL and values may be shown.
    """
    if not is_author:
        return _for_viewer(error, label)
    if not isinstance(error, DataAppError):
        _log.error("`%s` failed.", label, exc_info=error)
        return Fault("failed", f"`{label}` failed", f"{type(error).__name__}: {error}", code="DA000")
    lines = (text or "").splitlines()
    line = lines[error.line - 1] if error.line is not None and 0 < error.line <= len(lines) else ""
    return Fault(
        "failed",
        f"`{label}` failed" + (f" in line {error.line}" if line and len(lines) > 1 else ""),
        error.message,
        excerpt=line,
        caret=error.column or 0 if line else 0,
        hint=error.hint or "",
        code=error.code,
    )


def blocked_by(error: Exception, by: str, *, is_author: bool) -> Fault:
    """Say that a cell waits for another one to recover."""
    detail = (
        ""
        if not is_author
        else error.message
        if isinstance(error, DataAppError)
        else f"{type(error).__name__}: {error}"
    )
    return Fault("blocked", f"Blocked by `{by}`", detail)


def _for_viewer(error: Exception, label: str) -> Fault:
    reference = secrets.token_hex(4).upper()
    _log.error("`%s` failed, reference %s: %s", label, reference, error, exc_info=error)
    cause = inspect.getdoc(type(error)) if isinstance(error, DataAppError) else None
    sentence = (cause or "It raised an unexpected error.").splitlines()[0]
    return Fault("failed", f"`{label}` cannot be shown", sentence, code=f"reference {reference}")


def is_author(headers: Mapping[str, str] | None = None) -> bool:
    """Whether the person who looks may see paths, SQL and values.

    That is so in notebooks and scripts, and in a server that is asked directly on the loopback address. The
    environment variable ``DATAAPP_ERRORS`` (``full`` or ``short``) decides otherwise.
    """
    said = os.environ.get("DATAAPP_ERRORS")
    if said in ("full", "short"):
        return said == "full"
    asked = _asked_with() if headers is None else headers
    if asked is None:
        return True
    lowered = {name.lower(): value for name, value in asked.items()}
    host = lowered.get("host", "")
    is_loopback = host in _LOOPBACK or host.rpartition(":")[0] in _LOOPBACK
    return is_loopback and not any(name in lowered for name in _FORWARDED)


def _asked_with() -> Mapping[str, str] | None:
    """Return the headers with which the current session was opened, or None without a server."""
    if pn.state.curdoc is None or pn.state.curdoc.session_context is None:
        return None
    return {name: value if isinstance(value, str) else value[-1] for name, value in pn.state.headers.items()}


def _text(value: str) -> str:
    return html.escape(value, quote=True)
