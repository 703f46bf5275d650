"""The modules of a page's components, named in its head.

A browser learns of them else only when the page is connected, and asks for the largest one at last.
"""

from collections.abc import Iterator

import panel as pn
from bokeh.document import Document
from panel.models.esm import ReactiveESM

TEMPLATE = """{% extends "base.html" %}
{% block postamble -%}
{{ super() }}
{%- for url in component_modules %}
    <link rel="preload" as="fetch" crossorigin="anonymous" href="{{ url | e }}">
{%- endfor %}
{%- endblock %}
"""
"""The template of a page whose head names the modules, for `panel.ui.Page`."""


class _Modules:
    """The addresses of the modules of all components that a page has when it is rendered."""

    def __iter__(self) -> Iterator[str]:
        document = pn.state.curdoc
        models = () if document is None else document.models
        components = [model for model in models if isinstance(model, ReactiveESM)]
        return iter(sorted({str(model.esm) for model in components if model.bundle == "url"}))


def name_modules(document: Document) -> None:
    """Let the head of a document's page name the modules; its template has to be `TEMPLATE`."""
    document.template_variables["component_modules"] = _Modules()
