"""No route lacks a function, a name or its features."""

import inspect
import subprocess
import sys

import pytest
from routes import ROUTES

from fastmath import bindings
from fastmath.bindings import pure
from fastmath.bindings._features import Features
from fastmath.bindings._library import installed


def test_all_are_there() -> None:
    """More are welcome."""
    assert set(ROUTES) >= {"capi", "cython", "cffi_api", "cffi_abi", "ctypes", "pure"}


@pytest.mark.parametrize("name", bindings.FUNCTIONS)
def test_each_has_each_function(route: str, name: str) -> None:
    """The package's own filters take more, by keyword."""
    ours = list(inspect.signature(getattr(ROUTES[route], name)).parameters.values())
    wanted = list(inspect.signature(getattr(pure, name)).parameters)
    assert [parameter.name for parameter in ours][: len(wanted)] == wanted
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in ours[len(wanted) :])
    assert len(ours) == len(wanted) or (route, name) == ("capi", "median_filter")


def test_names_differ() -> None:
    assert len({module.NAME for module in ROUTES.values()}) == len(ROUTES)


def test_features(route: str) -> None:
    features = ROUTES[route].FEATURES
    assert isinstance(features, Features)
    assert features.gil in {"held", "released in every call", "released for large work"}
    files = features.glue
    assert any(path.startswith("bindings/") for path in files)
    assert all(path == "_core/*.c" or installed(*path.split("/")).is_file() for path in files)


def test_each_says_what_it_is(route: str) -> None:
    assert "route" in (ROUTES[route].__doc__ or "").lower()


@pytest.mark.parametrize("name", ["cffi_api", "cffi_abi"])
def test_without_cffi(name: str) -> None:
    code = f"import sys\nsys.modules['cffi'] = sys.modules['_cffi_backend'] = None\nimport fastmath.bindings.{name}\n"
    process = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert process.returncode == 1
    assert process.stderr.splitlines()[-1] == (
        f"ModuleNotFoundError: fastmath.bindings.{name}: needs the package cffi: pip install 'fastmath-native[cffi]'"
    )
