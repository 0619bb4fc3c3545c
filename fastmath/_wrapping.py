"""Arrays of other libraries: how their elements are reached, and how a result becomes one of them."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ._arguments import Array

Rewrap = Callable[[Array], Any]

CPU_DEVICES = (1, 3)
"""Of DLPack: ordinary memory, and such as a GPU may read besides."""


def unwrap(value: Any, name: str) -> tuple[Any, Rewrap | None]:
    """The argument as something that NumPy takes, and what makes a result of NumPy's like it.

    Objects of pandas and those with `__array_wrap__`, such as xarray's, keep their labels; tensors come by way
    of DLPack, without a copy, and go back by it. Everything else is left alone.
    """
    if isinstance(value, (np.ndarray, np.generic, list, tuple)):
        return value, None
    if pandas := _pandas_rewrap(value):
        return value, pandas
    if hasattr(value, "__dlpack__"):
        return _from_dlpack(value, name), _dlpack_rewrap(value)
    if hasattr(value, "__array__") and hasattr(value, "__array_wrap__"):
        return value, lambda result: value.__array_wrap__(result) if result.shape == value.shape else result
    return value, None


def unwrap_output(output: Any) -> Any:
    """The memory of a tensor that a result is to be written to; what is no tensor is left alone."""
    if isinstance(output, (np.ndarray, np.generic, type)) or not hasattr(output, "__dlpack__"):
        return output
    return _from_dlpack(output, "output")


def _pandas_rewrap(value: Any) -> Rewrap | None:
    pandas = sys.modules.get("pandas")
    if pandas is None or not isinstance(value, (pandas.DataFrame, pandas.Series)):
        return None
    labels = {"index": value.index}
    labels |= {"columns": value.columns} if value.ndim == 2 else {"name": value.name}
    return lambda result: type(value)(result, **labels) if result.shape == value.shape else result


def _from_dlpack(value: Any, name: str) -> Array:
    try:
        device = value.__dlpack_device__()[0] if hasattr(value, "__dlpack_device__") else CPU_DEVICES[0]
        if device in CPU_DEVICES:
            return np.from_dlpack(value)
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        raise TypeError(f"{name}: {error} (of an array of {getattr(value, 'dtype', 'unknown type')})") from None
    raise TypeError(f"{name}: expected an array in the memory of the CPU, got one on device type {int(device)}")


def _dlpack_rewrap(value: Any) -> Rewrap | None:
    """By the library's own `from_dlpack`, wherever it has it."""
    if hasattr(value, "__array_namespace__"):
        library = value.__array_namespace__()
    else:
        library = sys.modules.get(type(value).__module__.partition(".")[0])
    from_dlpack = getattr(library, "from_dlpack", None)
    # DLPack knows native byte order only, which `output` may have asked to change.
    return from_dlpack and (lambda result: from_dlpack(result.astype(result.dtype.newbyteorder("="), copy=False)))
