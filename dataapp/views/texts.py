"""Values as text on screen: Markdown without HTML and images, all else escaped.

Panel's own panes for text read HTML, also in what looks like plain text, and take a text with the right ending for the
address of a picture. A cell's value may be anybody's data, so neither may happen here.
"""

import html
from functools import cache
from typing import Any

import panel as pn
from markdown_it import MarkdownIt
from panel.pane.base import Pane

TEXT_STYLE = """
:host { color: inherit; font-size: 14px; line-height: 1.5; overflow-wrap: anywhere; }
.value { white-space: pre-wrap; font-variant-numeric: tabular-nums; }
:is(h1, h2, h3, h4, h5, h6, p, ul, ol, pre, table, blockquote):first-child { margin-top: 0; }
:is(h1, h2, h3, h4, h5, h6, p, ul, ol, pre, table, blockquote):last-child { margin-bottom: 0; }
table { border-collapse: collapse; }
th, td { padding: 3px 10px; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
code, pre { font: 12px/1.45 ui-monospace, monospace; }
a { color: var(--mui-palette-primary-main, #0072b5); }
"""


def value_to_html(value: object) -> str | None:
    r"""Return the markup of a value that is text to people, or None if Panel has a view of its own for it.

    Example:
        >>> value_to_html(42), value_to_html("**5** of <b>6</b>")
        ("<div class='value'>42</div>", '<p><strong>5</strong> of &lt;b&gt;6&lt;/b&gt;</p>\n')
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return _markdown().render(value)
    if isinstance(value, bytes) or Pane.get_pane_type(value) is pn.pane.Str:
        return f"<div class='value'>{html.escape(str(value))}</div>"
    return None


def text_pane(markup: str) -> pn.pane.HTML:
    """Return a pane for markup of `value_to_html`."""
    return pn.pane.HTML(markup, sizing_mode="stretch_width", margin=(5, 10), stylesheets=[TEXT_STYLE])


def view_of_value(value: object) -> Any:
    """Return a Panel object that shows a value."""
    markup = value_to_html(value)
    return pn.panel(value) if markup is None else text_pane(markup)


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")
