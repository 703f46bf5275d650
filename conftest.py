"""Tests that people write into the checkout, as README and the documentation do, need pytest and nothing else.

The project's own tests have equal names in several folders, so their folders are left out of Python's path. A test of
an app imports what lies beside it, and needs its folder there.
"""

from pathlib import Path

import pytest

_ROOT = Path(__file__).parent
_OWN = tuple(_ROOT / folder for folder in ("dataapp", "tests"))


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Know the settings of a plugin that only the project's own tests need."""
    if not pluginmanager.has_plugin("asyncio"):
        for setting in ("asyncio_mode", "asyncio_default_fixture_loop_scope"):
            parser.addini(setting, "Of pytest-asyncio, which is not there.")


def pytest_configure(config: pytest.Config) -> None:
    """Put the folders of tests into the path, unless the project's own are among them."""
    given = [(config.invocation_params.dir / argument.partition("::")[0]).resolve() for argument in config.args]
    if not any(path == _ROOT or path.is_relative_to(folder) for path in given for folder in _OWN):
        config.option.importmode = "prepend"
