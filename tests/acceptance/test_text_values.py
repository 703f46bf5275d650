"""Values as text: nothing in them is ever markup, an address of a picture, or a file to read."""

import datetime as dt

import pytest

from dataapp.views.texts import value_to_html


@pytest.mark.parametrize(
    ("value", "markup"),
    [
        (5, "<div class='value'>5</div>"),
        (dt.date(2024, 3, 1), "<div class='value'>2024-03-01</div>"),
        (("<b>",), "<div class='value'>(&#x27;&lt;b&gt;&#x27;,)</div>"),
        (b"<b>", "<div class='value'>b&#x27;&lt;b&gt;&#x27;</div>"),
        (None, ""),
        ("**bold**", "<p><strong>bold</strong></p>\n"),
        ("<script>1</script>", "<p>&lt;script&gt;1&lt;/script&gt;</p>\n"),
        ("http://example.invalid/a.png", "<p>http://example.invalid/a.png</p>\n"),
        ("/etc/passwd.png", "<p>/etc/passwd.png</p>\n"),
    ],
)
def test_value_is_escaped(value: object, markup: str) -> None:
    assert value_to_html(value) == markup


@pytest.mark.parametrize(
    "text", ["![a](http://example.invalid/a.png)", "<img src=x onerror=alert(1)>", "[a](javascript:alert(1))"]
)
def test_markdown_has_no_images_and_no_scripts(text: str) -> None:
    markup = value_to_html(text)
    assert markup is not None
    assert "<img" not in markup
    assert 'href="javascript' not in markup


class Sly:
    def __str__(self) -> str:
        return "<script>window.pwned = 1</script>"


def test_any_objects_text_is_escaped() -> None:
    assert value_to_html(Sly()) == "<div class='value'>&lt;script&gt;window.pwned = 1&lt;/script&gt;</div>"


def test_mapping_is_left_to_panel() -> None:
    assert value_to_html({"a": 1}) is None
