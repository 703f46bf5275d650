"""Contracts that extensions of the package are held to. They need pytest.

`dataapp.testing.connector.ConnectorContract` is one for connectors:

    from dataapp.testing import ConnectorContract

    class TestOurs(ConnectorContract):
        ...
"""

import pytest

pytest.register_assert_rewrite("dataapp.testing.connector")

from dataapp.testing.connector import ConnectorContract as ConnectorContract  # noqa: E402  # asserts that explain

__all__ = ["ConnectorContract"]
