"""The tutorial's sum of a million ints."""

import functools
from collections.abc import Callable, Iterator

import numpy as np

import fastmath
from fastmath.bench.table import Table
from fastmath.bench.timing import Effort, measure, stability
from fastmath.bench.worker import Statement, call

CLAIMS = {"sum(list)": 8.20, "np.sum(array)": 0.42, "the tutorial's C loop": 3.10}


def tables(effort: Effort) -> Iterator[Table]:
    """Fill the table."""
    columns = ["1,000,000 ints", "measured, ms", "tutorial, ms", "times as fast", "± %"]
    reading = (
        "sum() and a C loop that fetches items one by one both spend their time on objects. fast_sum reads the "
        "list's items where they lie, and an array without making objects at all."
    )
    table = Table("sum", "The sum of a million ints from 0 to 1000", columns, reading)
    measured = measure("sums", "", effort)
    slowest = measured["sum(list)"].seconds
    for name, m in measured.items():
        table.rows.append([name, m.seconds * 1e3, CLAIMS.get(name), slowest / m.seconds, m.spread * 100])
    table.notes.append(stability(list(measured.values())))
    yield table


def statements(_: str) -> dict[str, Statement]:
    """For each row what to time."""
    from fastmath.bench.straight._capi import loop_sum

    whole = np.random.default_rng(1).integers(0, 1001, 1_000_000)
    numbers = whole.tolist()
    calls: dict[str, Callable[[], object]] = {
        "sum(list)": functools.partial(sum, numbers),
        "the tutorial's C loop": functools.partial(loop_sum, numbers),
        "fast_sum(list)": functools.partial(fastmath.fast_sum, numbers),
        "np.sum(array)": functools.partial(np.sum, whole),
        "fast_sum(array)": functools.partial(fastmath.fast_sum, whole),
    }
    return {name: call(function) for name, function in calls.items()}
