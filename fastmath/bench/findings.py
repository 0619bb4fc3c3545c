"""What the numbers of a run say, in sentences that are made of them."""

from collections.abc import Iterator
from typing import Any

from fastmath.bench.lists import CFFI, CTYPES, IN_PLACE
from fastmath.bench.table import text_of

#: The tutorial's claims of what a call costs, in ns.
CALL_CLAIMS = {"C API": (50, 100), "cffi API": (100, 500), "ctypes CDLL": (1000, 5000)}


def findings(results: dict[str, Any]) -> list[str]:
    """A sentence or two for each table that has what it takes."""
    tables = {table["name"]: _Numbers(table) for table in results["tables"]}
    found = []
    for name, say in (("bare", _calls), ("layouts", _layouts), ("lists", _lists), ("sum", _sums),
                      ("median", _medians), ("pipeline", _pipeline)):  # fmt: skip
        try:
            found += list(say(tables[name]))
        except KeyError:  # not measured, or interrupted before
            continue
    return found


class _Numbers:
    """The cells of a table by row and column; KeyError where there is no number."""

    def __init__(self, table: dict[str, Any]) -> None:
        self._rows = {row[0]: dict(zip(table["columns"], row)) for row in table["rows"]}

    def __call__(self, row: str, column: str) -> float:
        cell = self._rows[row][column]
        if not isinstance(cell, float):
            raise KeyError(column)
        return cell


def _calls(n: _Numbers) -> Iterator[str]:
    times = {route: n(route, "two ints") for route in ("C API", "Cython", "cffi API", "cffi ABI", "ctypes CDLL")}
    capi = times.pop("C API")
    others = ", ".join(f"{text_of(time)} by {route}" for route, time in times.items())
    yield (
        f"A call of C with two ints takes {text_of(capi)} ns by the C API, {others}; "
        f"a Python function that adds them takes {text_of(n('Python', 'two ints'))} ns."
    )
    claims = [
        f"{low:,} to {high:,} ns by {route}, and here it takes {_against(n(route, 'two ints'), low, high)}"
        for route, (low, high) in CALL_CLAIMS.items()
    ]
    yield f"The tutorial claims {'; '.join(claims)}."


def _against(time: float, low: float, high: float) -> str:
    return "less" if time < low else "more" if time > high else "as long"


def _layouts(n: _Numbers) -> Iterator[str]:
    slower = n("Cython", "median") / n("C API", "median") - 1
    widest = max(n(route, "range, %") for route in ("C API", "Cython"))
    yield (
        f"Over several layouts of the code, Cython's call takes {slower:.0%} more than that of the C API, and one and "
        f"the same call differs by up to {widest:.0f} % from layout to layout."
    )


def _lists(n: _Numbers) -> Iterator[str]:
    by_ctypes, by_cffi, in_place = (text_of(n(row, "times the call")) for row in (CTYPES, CFFI, IN_PLACE))
    yield (
        f"Turning a list of 1000 ints into an array takes {by_ctypes} times as long as adding the array up by ctypes, "
        f"{by_cffi} times by cffi; reading it in place, by the C API, {in_place} times."
    )


def _sums(n: _Numbers) -> Iterator[str]:
    column = "times as fast"
    yield (
        f"The tutorial's C loop is {text_of(n(LOOP, column))} times as fast as sum(); fast_sum is "
        f"{text_of(n('fast_sum(list)', column))} times as fast on the list, {text_of(n('fast_sum(array)', column))} "
        "times on an array."
    )


LOOP = "the tutorial's C loop"


def _medians(n: _Numbers) -> Iterator[str]:
    column = "times as fast"
    ports = [n(f"straight port, {route}", column) for route in ("C API", "Cython", "ctypes")]
    ours = n("fastmath", column)
    yield (
        f"The forty lines in C are {text_of(min(ports))} to {text_of(max(ports))} times as fast as in Python, by "
        f"whichever route; another algorithm adds a factor of {text_of(ours / max(ports))}, which makes "
        f"{text_of(ours)}."
    )


def _pipeline(n: _Numbers) -> Iterator[str]:
    column = "share, %"
    before, port, ours = (n(row, column) for row in ("forty lines of Python", "straight port, C API", "fastmath"))
    yield (
        f"The median takes {text_of(before)} % of the pipeline's CPU time as forty lines, {text_of(port)} % ported to "
        f"C and {text_of(ours)} % with fastmath. The tutorial claims 73 % and 2.1 % for the first two."
    )
