"""Code that calls `scipy.ndimage`, run with fastmath's filters."""

import contextlib
import functools
import importlib
import inspect
import os
import threading
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np

from . import _arguments as arguments
from . import ndimage

Filter = Callable[..., Any]

OURS = frozenset({"workers", "mask", "nan_policy", "keep_nan", "fill_value", "even"})
OUR_MODES = arguments.ALL_MODES.keys() - arguments.MODES.keys()
MODULE = "scipy.ndimage"


@contextlib.contextmanager
def patch_scipy() -> Iterator[None]:
    """Let `scipy.ndimage` filter with fastmath inside a ``with`` block.

    Its `median_filter`, `rank_filter`, `percentile_filter`, `minimum_filter` and `maximum_filter` are
    replaced, also for others that call them as ``scipy.ndimage.median_filter``, as `skimage.filters.median`
    does. A name imported earlier, by ``from scipy.ndimage import median_filter``, stays SciPy's.

    Calls that fastmath refuses go to SciPy, so that complex numbers and objects are filtered as ever, masks
    are ignored as ever, and errors are SciPy's. Where SciPy was told to keep the arrays of other libraries
    (``SCIPY_ARRAY_API=1``), they are kept.

    The replacements equal SciPy's functions. Sent to another process, they are there what `scipy.ndimage` has
    by that name.

    Works for all threads while any of them is in such a block, and ends with the last one.

    Raises
    ------
    ImportError
        If SciPy is not installed.

    Examples
    --------
    >>> import fastmath, scipy.ndimage
    >>> with fastmath.patch_scipy():
    ...     scipy.ndimage.median_filter([1, 1, 9, 1, 2, 2], size=3)
    array([1, 1, 1, 2, 2, 2])
    """
    module = importlib.import_module(MODULE)
    _patch.enter(module)
    try:
        yield
    finally:
        _patch.leave(module)


class _Patch:
    """The state of the replacement: how many blocks need it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks = 0
        self._replaced: dict[str, tuple[Filter, Filter]] = {}
        self.keeps_libraries = False

    def enter(self, module: ModuleType) -> None:
        with self._lock:
            if self._blocks == 0:
                self.keeps_libraries = bool(os.environ.get("SCIPY_ARRAY_API"))
                for name in ndimage.__all__:
                    scipys = getattr(module, name)
                    ours = _Routed(name, scipys, self)
                    self._replaced[name] = scipys, ours
                    setattr(module, name, ours)
            self._blocks += 1

    def leave(self, module: ModuleType) -> None:
        with self._lock:
            self._blocks -= 1
            if self._blocks == 0:
                for name, (scipys, ours) in self._replaced.items():
                    # Who has replaced ours since then will put it back: it does nothing by then.
                    if getattr(module, name) is ours:
                        setattr(module, name, scipys)

    def __bool__(self) -> bool:
        return self._blocks > 0


class _Routed:
    """A filter of SciPy's that fastmath answers while the patch holds, wherever it can.

    It equals SciPy's, so that tables that have that as a key serve as ever.
    """

    def __init__(self, name: str, scipys: Filter, patch: _Patch) -> None:
        functools.update_wrapper(self, scipys)
        self._name, self._ours, self._scipys, self._patch = name, getattr(ndimage, name), scipys, patch

    def __call__(self, *positional: Any, **options: Any) -> Any:
        if self._patch and not _is_ours_alone(positional, options):
            filter_by_ours = _filter_alike if self._patch.keeps_libraries else _filter_plainly
            with contextlib.suppress(TypeError, ValueError, RuntimeError):
                return filter_by_ours(self._ours, *positional, **options)
        return self._scipys(*positional, **options)

    def __eq__(self, other: object) -> bool:
        return other is self._scipys or self is other

    def __hash__(self) -> int:
        return hash(self._scipys)

    def __reduce__(self) -> tuple[Filter, tuple[str]]:
        return _named, (self._name,)


def _named(name: str) -> Any:
    return getattr(importlib.import_module(MODULE), name)


def _is_ours_alone(positional: tuple[Any, ...], options: dict[str, Any]) -> bool:
    """Whether a call asks for what SciPy does not know, so that the error is to be SciPy's."""
    values = (*positional, *options.values())
    return bool(OURS.intersection(options)) or any(type(value) is str and value in OUR_MODES for value in values)


def _filter_plainly(ours: Filter, input: Any, *positional: Any, **options: Any) -> Any:
    """With the input as SciPy sees it: without masks and labels."""
    return ours(input if type(input) is np.ndarray else np.asarray(input), *positional, **options)


def _filter_alike(ours: Filter, *positional: Any, **options: Any) -> Any:
    """With a result of the library that all arrays are of."""
    call = inspect.signature(ours).bind(*positional, **options)
    given = [call.arguments.get(name) for name in ("input", "footprint", "output")]
    libraries = {type(value) for value in given if hasattr(value, "__dlpack__")}
    if libraries - {np.ndarray}:
        if libraries != {type(given[0])} or isinstance(given[0], np.ndarray):
            raise TypeError("SciPy's to answer: a mixture, or a subclass that it may refuse")
        return ours(*positional, **options)
    if not isinstance(given[0], (np.ndarray, np.generic, list, tuple, int, float)):
        raise TypeError("SciPy's to answer: it knows more libraries")
    return _filter_plainly(ours, *positional, **options)


_patch = _Patch()
