"""The bindings, route by route: what each needs, what a call costs, and what a call is made of."""

import importlib
from array import array
from collections.abc import Iterator
from types import ModuleType

from fastmath.bench import bare, layouts, lists
from fastmath.bench.built import CORE_LINES
from fastmath.bench.table import Cell, Table
from fastmath.bench.timing import Effort, Measured, measure, stability
from fastmath.bench.worker import Statement
from fastmath.bindings import route_names
from fastmath.bindings._library import installed

CASES = ("no arguments", "two ints", "one float", "small buffer", "list of 1000")
FEATURES = ["route", "GIL released", "compiler", "types unchecked", "strides", "Ctrl-C", "PyPy", "lines"]
STEPS = {
    "empty": "METH_FASTCALL, nothing to do",
    "ignored": "two arguments, not looked at",
    "converted": "two ints read and checked",
    "added": "the C function called, an int made",
    "fastmath": "add of fastmath.bindings.capi",
    "parsed": "by PyArg_ParseTuple instead",
}


def tables(effort: Effort) -> Iterator[Table]:
    """All tables of this group; each comes back whenever it has a row more."""
    yield from routes()
    yield from bare_calls(effort)
    yield from steps(effort)
    yield from bound_calls(effort)
    yield from lists.table(effort)
    yield from layouts.table(effort)


def routes() -> Iterator[Table]:
    """What each route needs."""
    reading = (
        "All bind the same library. Types are unchecked where nothing compares what is declared with the library. "
        "Buffers with strides are read in place or copied first; Ctrl-C stops a kernel at once or comes when it has "
        "returned. PyPy runs what is marked at its own speed. Lines are those of the glue that are not empty; those of "
        "plain Python are the algorithms themselves."
    )
    table = Table("routes", "What each route needs", FEATURES, reading)
    for name in route_names():
        route = _route(name, table)
        if route:
            table.rows.append([str(route.NAME), *_features(route)])
    yield table


def _route(name: str, table: Table) -> ModuleType | None:
    """The module of a route, or None with a note where it lacks a package."""
    try:
        return importlib.import_module(f"fastmath.bindings.{name}")
    except ModuleNotFoundError as missing:
        table.notes.append(str(missing))
        return None


def _features(route: ModuleType) -> list[Cell]:
    features = route.FEATURES
    return [
        features.gil.removeprefix("released ") if features.gil != "held" else "never",
        "yes" if features.compiler else "no",
        "yes" if features.argtypes else "no",
        "in place" if features.strides else "copied",
        "at once" if features.interrupts else "later",
        "yes" if features.pypy else "no",
        float(sum(map(_lines, features.glue))),
    ]


def _lines(path: str) -> int:
    """Lines that are not empty; sources in C are not installed, so the build has counted theirs."""
    if path == "_core/*.c":
        return CORE_LINES
    return sum(bool(line.strip()) for line in installed(*path.split("/")).read_text().splitlines())


def bare_calls(effort: Effort) -> Iterator[Table]:
    """The call alone."""
    reading = (
        "The C functions do next to nothing and no argument is checked beyond what the route does by itself, so "
        "this is what calling costs. The fixed price of cffi and of ctypes includes letting go of the GIL and "
        "taking it back; PyDLL shows ctypes without that. Lists are copied into an array first by every route."
    )
    columns = ["ns a call", *CASES, "± %", "GIL", "types"]
    table = Table("bare", "The call alone", columns, reading)
    seen: list[Measured] = []
    for name, way in bare.WAYS.items():
        try:
            way.statements()
        except ModuleNotFoundError:  # only two of them need a package
            table.notes.append(f"{name} is left out: pip install cffi")
            continue
        measured = measure("bare", name, effort)
        seen += measured.values()
        table.rows.append([name, *_cells(measured), way.gil, way.types])
        yield table
    yield from _finished(table, seen)


def steps(effort: Effort) -> Iterator[Table]:
    """What one call through the C API is made of."""
    reading = (
        "Down to the third last row, each does one thing more than the one above it. The empty call is the "
        "interpreter's price; fastmath's add also takes objects with __index__ and words its own errors."
    )
    table = Table("steps", "What a call through the C API is made of", ["add(1, 2)", "ns", "± %"], reading)
    measured = measure("calls", "steps", effort)
    for name, m in measured.items():
        table.rows.append([STEPS[name], m.seconds * 1e9, m.spread * 100])
    yield from _finished(table, list(measured.values()))


def bound_calls(effort: Effort) -> Iterator[Table]:
    """The functions of `fastmath.bindings`."""
    reading = (
        "The same functions with the same results and the same exceptions by every route: an int is checked before "
        "ctypes would cut it, a buffer may have any layout and byte order. The buffer holds 16 doubles, the list "
        "1000 ints."
    )
    columns = ["ns a call", *CASES[1:], "± %"]
    table = Table("bindings", "What a call of fastmath.bindings costs", columns, reading)
    seen: list[Measured] = []
    for name in route_names():
        route = _route(name, table)
        if route:
            measured = measure("calls", name, effort)
            seen += measured.values()
            table.rows.append([str(route.NAME), *_cells(measured, CASES[1:])])
            yield table
    yield from _finished(table, seen)


def _cells(measured: dict[str, Measured], cases: tuple[str, ...] = CASES) -> list[Cell]:
    times: list[Cell] = [measured[case].seconds * 1e9 if case in measured else None for case in cases]
    return [*times, 100 * max(m.spread for m in measured.values())]


def _finished(table: Table, measured: list[Measured]) -> Iterator[Table]:
    if measured:
        table.notes.append(stability(measured))
    yield table


def statements(name: str) -> dict[str, Statement]:
    """What to time for a route, or for the steps of a call."""
    if name == "steps":
        return _steps()
    route = importlib.import_module(f"fastmath.bindings.{name}")
    return {
        "two ints": Statement("f(1, 2)", {"f": route.add}, 10),
        "one float": Statement("f(x)", {"f": route.fast_exp, "x": 0.5}, 10),
        "small buffer": Statement("f(x)", {"f": route.numpy_sum, "x": array("d", range(16))}),
        "list of 1000": Statement("f(x)", {"f": route.fast_sum, "x": bare.LIST}),
    }


def _steps() -> dict[str, Statement]:
    from fastmath.bench.straight import _capi
    from fastmath.bindings import capi

    with_two = {
        "ignored": _capi.ignore, "converted": _capi.convert, "added": _capi.add, "fastmath": capi.add,
        "parsed": _capi.add_parsed,
    }  # fmt: skip
    empty = {"empty": Statement("f()", {"f": _capi.nothing}, 10)}
    return empty | {name: Statement("f(1, 2)", {"f": function}, 10) for name, function in with_two.items()}
