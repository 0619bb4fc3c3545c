"""All routes, and what a call of one comes to: a value to the bit, or an exception with its text."""

import importlib
import struct
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from fastmath import bindings
from fastmath.bindings import pure

ROUTES: dict[str, ModuleType] = {
    name: importlib.import_module(f"fastmath.bindings.{name}") for name in bindings.route_names()
}


def outcome(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> tuple[Any, ...]:
    """The value of a call with all its bits, or the exception."""
    try:
        return _bits(function(*arguments, **keywords))
    except Exception as error:
        return type(error), str(error)


def agree(route: str, name: str, make: Callable[[], tuple[Any, ...]], **keywords: Any) -> tuple[Any, ...]:
    """Call a function of a route and of `pure` with arguments made anew for each; give what both come to."""
    expected = outcome(getattr(pure, name), *make(), **keywords)
    found = outcome(getattr(ROUTES[route], name), *make(), **keywords)
    assert found == expected
    return found


def _bits(value: Any) -> tuple[Any, ...]:
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, np.where(value != value, np.nan, value).tobytes()
    if isinstance(value, float):
        return float, "nan" if value != value else struct.pack("d", value)
    return type(value), value
