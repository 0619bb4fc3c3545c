"""What one call costs, route by route: `python -m fastmath.bench.calls ROUTE` measures one in its process."""

import importlib
import json
import sys
from array import array
from collections.abc import Callable, Iterator
from importlib.resources import files
from types import ModuleType
from typing import Any

from fastmath.bench.table import Table
from fastmath.bench.timing import Effort, Measured, in_processes, seconds_per_call, stability
from fastmath.bindings import route_names

CASES = ("no arguments", "two ints", "one float", "small buffer", "list of 1000")
BARE = {
    "ctypes, bare": "CDLL with argtypes, no checks",
    "ctypes PyDLL, bare": "PyDLL with argtypes: keeps the GIL",
    "ctypes, no argtypes": "CDLL, ctypes guesses",
    "cffi API, bare": "the function of lib itself",
    "cffi ABI, bare": "the function of lib itself",
}
COLUMNS = ["ns a call", *CASES]
FEATURES = ["route", "GIL", "compiler", "types by hand", "strided buffers", "PyPy", "lines of glue"]
READING = (
    "All routes call the same C functions, so what differs is the way there. Buffers and lists cost what their "
    "conversion costs: ctypes and cffi turn a list into an array first, the C API and plain Python read it as it "
    "is. The rows called bare leave out the checks that give all routes the same exceptions."
)


def measure(effort: Effort) -> Iterator[Table]:
    """Fill a table of times and one of features; they come back after each row, and once more at the end."""
    times = Table("bindings", "What one call costs", COLUMNS, READING)
    features = Table("routes", "What each route needs", FEATURES)
    all_measured: list[Measured] = []
    for name in [*route_names(), *BARE]:
        try:
            _import_what_it_needs(name)
        except ModuleNotFoundError as missing:
            times.notes.append(str(missing))
            continue
        measured = in_processes("fastmath.bench.calls", name, effort)
        all_measured += measured.values()
        cells = [measured[case].seconds * 1e9 if case in measured else None for case in CASES]
        times.rows.append([_title(name), *cells])
        features.rows.append([_title(name), *_features(name)])
        yield features
        yield times
    times.notes.append(stability(all_measured))
    yield times


def _import_what_it_needs(name: str) -> None:
    if name not in BARE or "cffi" in name:
        _route("cffi_api" if name in BARE else name)


def _route(name: str) -> ModuleType:
    return importlib.import_module(f"fastmath.bindings.{name}")


def _title(name: str) -> str:
    return name if name in BARE else str(_route(name).NAME)


def _features(name: str) -> list[str | float | None]:
    if name in BARE:
        return [BARE[name], *[None] * (len(FEATURES) - 2)]
    features = _route(name).FEATURES
    return [
        features.gil,
        "needed" if features.compiler else "no",
        "types" if features.argtypes else "no",
        "in place" if features.strides else "copied",
        "yes" if features.pypy else "no",
        lines_of_glue(name),
    ]


def lines_of_glue(name: str) -> float | None:
    """Lines of code between Python and the header; the C of the C API is not installed with the package."""
    shared = ["_cffi_calls.py", "_cffi_build.py"]
    more = {
        "cffi_api": shared,
        "cffi_abi": shared,
        "cython": ["_cython.pyx"],
        "pure": ["_pure_sums.py", "_pure_filters.py"],
    }
    if name == "capi":
        return None
    folder = files("fastmath.bindings")
    texts = [folder.joinpath(file).read_text() for file in [f"{name}.py", *more.get(name, [])]]
    return float(sum(bool(line.strip()) for text in texts for line in text.splitlines()))


def statements(name: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """For each case the statement to time, and what its names stand for."""
    if name in BARE:
        return BARE_STATEMENTS[name]()
    route = _route(name)
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "two ints": ("f(1, 2)", {"f": route.add}),
        "one float": ("f(x)", {"f": route.fast_exp, "x": 0.5}),
        "small buffer": ("f(x)", {"f": route.numpy_sum, "x": array("d", range(16))}),
        "list of 1000": ("f(x)", {"f": route.fast_sum, "x": list(range(1000))}),
    }
    nothing = {"capi": _nothing_by_capi, "cython": _nothing_by_cython, "pure": lambda: _nothing}.get(name)
    return calls | ({"no arguments": ("f()", {"f": nothing()})} if nothing else {})


def _nothing() -> None:
    pass


def _nothing_by_capi() -> Callable[[], None]:
    from fastmath.bench.straight import _capi

    return _capi.nothing


def _nothing_by_cython() -> Callable[[], None]:
    from fastmath.bench.straight import _cython

    return _cython.nothing


def _bare(nothing: Any, add: Any, exp: Any, x: Any = 0.5) -> dict[str, tuple[str, dict[str, Any]]]:
    return {
        "no arguments": ("f()", {"f": nothing}),
        "two ints": ("f(1, 2)", {"f": add}),
        "one float": ("f(x)", {"f": exp, "x": x}),
    }


def _bare_ctypes(kind: str, argtypes: bool = True) -> dict[str, tuple[str, dict[str, Any]]]:
    import ctypes

    from fastmath.bench.straight import library
    from fastmath.bindings._library import library_path

    loader = getattr(ctypes, kind)
    nothing, fm = library(loader).straight_nothing, loader(str(library_path()))
    fm.fm_exp.restype = ctypes.c_double
    x: Any = ctypes.c_double(0.5)
    if argtypes:
        fm.fm_add_i32.argtypes, fm.fm_add_i32.restype = [ctypes.c_int32] * 2, ctypes.c_int64
        fm.fm_exp.argtypes = [ctypes.c_double]
        x = 0.5
    return _bare(nothing, fm.fm_add_i32, fm.fm_exp, x)


def _bare_cffi_api() -> dict[str, tuple[str, dict[str, Any]]]:
    from fastmath.bench.straight import _cffi

    lib = _route("cffi_api").lib
    return _bare(_cffi.lib.straight_nothing, lib.fm_add_i32, lib.fm_exp)


def _bare_cffi_abi() -> dict[str, tuple[str, dict[str, Any]]]:
    from cffi import FFI

    from fastmath.bench.straight import library

    ffi, lib = FFI(), _route("cffi_abi").lib
    ffi.cdef("void straight_nothing(void);")
    straight: Any = ffi.dlopen(library()._name)
    return _bare(straight.straight_nothing, lib.fm_add_i32, lib.fm_exp)


BARE_STATEMENTS: dict[str, Callable[[], dict[str, tuple[str, dict[str, Any]]]]] = {
    "ctypes, bare": lambda: _bare_ctypes("CDLL"),
    "ctypes PyDLL, bare": lambda: _bare_ctypes("PyDLL"),
    "ctypes, no argtypes": lambda: _bare_ctypes("CDLL", argtypes=False),
    "cffi API, bare": _bare_cffi_api,
    "cffi ABI, bare": _bare_cffi_abi,
}


def main(name: str, repeats: str, seconds: str) -> None:
    effort = Effort(1, int(repeats), float(seconds))
    print(json.dumps({case: seconds_per_call(*what, effort) for case, what in statements(name).items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
