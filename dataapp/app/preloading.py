"""The modules of a page's components: named in its head, and imported by the browser itself.

A browser learns of them else only when the page is connected, and asks for the largest one at last. Panel imports
modules through a shim, which reads each of them and imports what it wrote instead, so that bare names can be mapped. A
bundle imports nothing, so the browser may as well take it as it is.
"""

from collections.abc import Iterator

import panel as pn
from bokeh.core.templates import FILE
from bokeh.document import Document
from panel.io.resources import _env as environment  # where Panel's own templates are found
from panel.models.esm import ReactiveESM

TEMPLATE = """{% extends "base.html" %}
{% block loader_css -%}
{{ super() }}
      #loader:not(.error) { background: none; pointer-events: none; } /* what can be seen can be used */
{%- endblock %}
{% block preamble -%}
{{ super() }}
    <script>
      self.esmsInitOptions = {skip: {{ component_modules | list | tojson }}}; // what others import of them is this, too
    </script>
{%- endblock %}
{% block postamble -%}
{{ super() }}
{%- for url in component_modules %}
    <link rel="modulepreload" href="{{ url | e }}">
{%- endfor %}
    <script>
      (() => {
        const bundles = new Set(Array.from(document.querySelectorAll("link[rel=modulepreload]"), (link) => link.href));
        const shim = self.importShim;
        if (shim === undefined) return;
        const importBundle = (url, ...more) => {
          const {href} = new URL(url, document.baseURI);
          return more.length === 0 && bundles.has(href) ? import(href) : shim(url, ...more);
        };
        self.importShim = Object.assign(importBundle, shim);
      })();
    </script>
{%- endblock %}
"""
"""The template of a page whose head names the modules, and whose spinner is in nobody's way, for `panel.ui.Page`."""

_PLAIN = environment.from_string(TEMPLATE)


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


def name_modules_unless_own(document: Document) -> None:
    """Let a page's head name the modules, unless it has a template of its own. A later one is taken as it is."""
    if document.template is FILE:  # Bokeh's default, in whose place Panel renders `base.html`
        document.template = _PLAIN
        name_modules(document)
