"""A run of `fastmath bench`: what is measured, in which order, and what is kept of it."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from fastmath.bench import calls, medians, pipeline, sums
from fastmath.bench.machine import machine
from fastmath.bench.table import Table
from fastmath.bench.timing import Effort

MEASUREMENTS: dict[str, Callable[[Effort], Iterator[Table]]] = {
    "bindings": calls.tables,
    "sum": sums.tables,
    "median": medians.tables,
    "pipeline": pipeline.tables,
}


def run(names: list[str], effort: Effort, tables: list[Table], show: Callable[[str], None]) -> None:
    """Measure, and keep `tables` up to date row by row, so that an interrupted run has what is done.

    Parameters
    ----------
    names : list of str
        Keys of `MEASUREMENTS`.
    effort : Effort
        How long to measure.
    tables : list of Table
        Receives the tables.
    show : callable
        Told of every step.
    """
    for name in names:
        show(name)
        for table in MEASUREMENTS[name](effort):
            if not any(table is known for known in tables):
                tables.append(table)
            done = f": {table.rows[-1][0]}" if table.rows else ""
            show(f"{name}: {table.title}{done}")


def results(tables: list[Table]) -> dict[str, Any]:
    """Everything of a run, as JSON has it."""
    return {
        "date": date.today().isoformat(),
        "machine": machine(),
        "tables": [table.as_json() for table in tables],
    }
