"""Every test with a parameter `route` runs for all routes."""

import pytest
from routes import ROUTES


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "route" in metafunc.fixturenames:
        metafunc.parametrize("route", ROUTES)
