"""Code that calls `scipy.ndimage`, run with fastmath's filters."""

import contextlib
import functools
import importlib
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


@contextlib.contextmanager
def patch_scipy() -> Iterator[None]:
    """Let `scipy.ndimage` filter with fastmath inside a ``with`` block.

    Its `median_filter`, `rank_filter`, `percentile_filter`, `minimum_filter` and `maximum_filter` are
    replaced, also for others that call them as ``scipy.ndimage.median_filter``, as `skimage.filters.median`
    does. A name imported earlier, by ``from scipy.ndimage import median_filter``, stays SciPy's.

    Calls that fastmath refuses go to SciPy, so that complex numbers and objects are filtered as ever, masks
    are ignored as ever, and errors are SciPy's.

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
    module = importlib.import_module("scipy.ndimage")
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

    def enter(self, module: ModuleType) -> None:
        with self._lock:
            if self._blocks == 0:
                for name in ndimage.__all__:
                    scipys = getattr(module, name)
                    ours = self._routed(getattr(ndimage, name), scipys)
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

    def _routed(self, ours: Filter, scipys: Filter) -> Filter:
        @functools.wraps(scipys)
        def filter_by_either(*positional: Any, **options: Any) -> Any:
            if self._blocks and not _is_ours_alone(positional, options):
                with contextlib.suppress(TypeError, ValueError, RuntimeError):
                    return _filter_plainly(ours, *positional, **options)
            return scipys(*positional, **options)

        return filter_by_either


def _is_ours_alone(positional: tuple[Any, ...], options: dict[str, Any]) -> bool:
    """Whether a call asks for what SciPy does not know, so that the error is to be SciPy's."""
    values = (*positional, *options.values())
    return bool(OURS.intersection(options)) or any(type(value) is str and value in OUR_MODES for value in values)


def _filter_plainly(ours: Filter, input: Any, *positional: Any, **options: Any) -> Any:
    """With the input as SciPy sees it: without masks and labels."""
    return ours(input if type(input) is np.ndarray else np.asarray(input), *positional, **options)


_patch = _Patch()
