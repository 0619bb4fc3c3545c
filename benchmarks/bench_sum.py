"""Sums, dot products and exponentials beside what people use today, timed in pairs.

Every row times fastmath and its peer in turns, in one run and one thread, and compares the fastest of each:
the ratio says how many times faster fastmath is. `must` and `aim` are the project's goals for it. The first
rows are the benchmark of the tutorials. Peers that are not installed are left out.

    python benchmarks/bench_sum.py [--json FILE] [--markdown FILE] [--rounds N]
"""

import argparse
import array
import json
import math
import operator
import os
import platform
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np
from rich.console import Console
from rich.table import Table

import fastmath

MILLION = 1_000_000


class Case(NamedTuple):
    work: str
    peer: str
    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    must: float | None = None
    aim: float | None = None


class Row(NamedTuple):
    work: str
    peer: str
    ours_ms: float
    theirs_ms: float
    ratio: float
    must: float | None
    aim: float | None


def tutorial() -> Iterator[Case]:
    """The sum of a million random ints from 0 to 1000."""
    numbers = [random.randrange(1001) for _ in range(MILLION)]
    ints = np.array(numbers)
    must, aim = (3.5, 4.5) if sys.version_info < (3, 12) else (6.5, 8)
    shuffled = [int(str(n)) for n in numbers]
    random.shuffle(shuffled)
    yield Case("fast_sum, list of 1,000,000 ints 0..1000", "sum", lambda: fastmath.fast_sum(numbers), lambda: sum(numbers), must, aim)
    yield Case("the same, shuffled in memory", "sum", lambda: fastmath.fast_sum(shuffled), lambda: sum(shuffled), 3, 5)
    yield Case("fast_sum, int64 array of 1,000,000", "np.sum", lambda: fastmath.fast_sum(ints), lambda: np.sum(ints), 1.0, 1.5)


def sums() -> Iterator[Case]:
    rng = np.random.default_rng(1)
    x = rng.random(MILLION)
    few = x[:1000].copy()
    square = x.reshape(1000, 1000).T
    single = x.astype("f")
    yield Case("numpy_sum, 1,000,000 float64", "np.sum", lambda: fastmath.numpy_sum(x), lambda: np.sum(x), 1.0, 1.2)
    yield Case("numpy_sum, 1000 elements, 1000 calls", "np.sum", repeat(fastmath.numpy_sum, few), repeat(np.sum, few), 2, 4)
    yield Case("numpy_sum, strided [::2]", "np.sum", lambda: fastmath.numpy_sum(x[::2]), lambda: np.sum(x[::2]), 1.0, 1.2)
    yield Case("numpy_sum, transposed", "np.sum", lambda: fastmath.numpy_sum(square), lambda: np.sum(square), 1.0, 1.2)
    yield Case("numpy_sum, float32", "np.sum, dtype float64", lambda: fastmath.numpy_sum(single), lambda: np.sum(single, dtype="d"), 3, 5)


def repeat(call: Callable, argument: Any) -> Callable[[], None]:
    def run() -> None:
        for _ in range(1000):
            call(argument)

    return run


def large() -> Iterator[Case]:
    x = np.random.default_rng(2).random(32 << 20)
    square = x[: 4096 * 4096].reshape(4096, 4096)
    yield Case("numpy_sum, 32 Mi float64", "np.sum", lambda: fastmath.numpy_sum(x), lambda: np.sum(x), 1.1, 1.6)
    for axis in (0, 1):
        yield Case(
            f"numpy_sum, axis={axis} of 4096x4096", "np.sum",
            lambda axis=axis: fastmath.numpy_sum(square, axis=axis), lambda axis=axis: square.sum(axis=axis), 0.7, 1.0,
        )  # fmt: skip
    yield Case(
        "parallel_sum, 2 workers, 32 Mi float64", "1 worker",
        lambda: fastmath.parallel_sum(x, workers=2), lambda: fastmath.parallel_sum(x, workers=1), 1.7, 1.9,
    )  # fmt: skip


def ill_conditioned() -> Iterator[Case]:
    """Condition number 1e30; Anderson's sums, which cancel; and all exponents."""
    rng = np.random.default_rng(3)
    half = rng.standard_normal(MILLION // 2) * 2.0 ** rng.integers(0, 100, MILLION // 2)
    values = rng.random(MILLION)
    data = {
        "condition number 1e30": rng.permutation(np.concatenate([half, -half, [1.0]])),
        "Anderson's cancelling sum": values - values.mean(),
        "all exponents": rng.standard_normal(MILLION) * 2.0 ** rng.integers(-1000, 1000, MILLION),
    }
    for name, x in data.items():
        for peer, call in exact_peers():
            yield Case(f"numpy_sum, {name}", peer, lambda x=x: fastmath.numpy_sum(x), lambda x=x, call=call: call(x), 1.0, 3)


def exact_peers() -> Iterator[tuple[str, Callable]]:
    try:
        import xsum

        def xsum_large(x: np.ndarray) -> float:
            accumulator = xsum.xsum_large_accumulator()
            xsum.xsum_add(accumulator, x)
            return xsum.xsum_round(accumulator)

        yield "xsum", xsum_large
    except ImportError:
        pass
    try:
        import uniaccurate

        yield "uniaccurate.exact_sum", uniaccurate.exact_sum
    except ImportError:
        pass


def products() -> Iterator[Case]:
    a, b = np.random.default_rng(4).random((2, MILLION))
    x, y = a.tolist(), b.tolist()
    yield Case("dot_product, 1,000,000 float64", "np.dot", lambda: fastmath.dot_product(a, b), lambda: np.dot(a, b), 0.8, 1.0)
    try:
        import uniaccurate

        yield Case("dot_product, 1,000,000 float64", "uniaccurate.exact_dot", lambda: fastmath.dot_product(a, b), lambda: uniaccurate.exact_dot(a, b), 35, 45)
    except ImportError:
        pass
    yield Case("dot_product, two lists of 1,000,000 floats", "sum(map(mul))", lambda: fastmath.dot_product(x, y), lambda: sum(map(operator.mul, x, y)), 5, 7)
    if hasattr(math, "sumprod"):
        yield Case("dot_product, two lists of 1,000,000 floats", "math.sumprod", lambda: fastmath.dot_product(x, y), lambda: math.sumprod(x, y), 2.5, 3.5)


def exponentials() -> Iterator[Case]:
    x = np.random.default_rng(5).uniform(-10, 10, MILLION)
    out = np.empty_like(x)
    yield Case("fast_exp, 1,000,000 float64", "np.exp", lambda: fastmath.fast_exp(x, out=out), lambda: np.exp(x, out=out), 1.0, 1.5)


def fsum() -> Iterator[Case]:
    x = np.random.default_rng(1).random(MILLION)
    numbers = array.array("d", x)
    yield Case("numpy_sum, 1,000,000 float64", "math.fsum", lambda: fastmath.numpy_sum(numbers), lambda: math.fsum(numbers))


GROUPS = (tutorial, sums, large, ill_conditioned, products, exponentials, fsum)


def seconds(call: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def measure(case: Case, rounds: int) -> Row:
    """The fastest of each, in turns, for at most some seconds."""
    ours = theirs = math.inf
    deadline = time.perf_counter() + 4
    for done in range(rounds):
        ours = min(ours, seconds(case.ours))
        theirs = min(theirs, seconds(case.theirs))
        if done > 2 and time.perf_counter() > deadline:
            break
    return Row(case.work, case.peer, ours * 1e3, theirs * 1e3, theirs / ours, case.must, case.aim)


def verdict(row: Row) -> str:
    if row.must is None or row.aim is None:
        return ""
    return "aim" if row.ratio >= row.aim else "must" if row.ratio >= row.must else "missed"


def cells(row: Row) -> list[str]:
    goals = [f"{goal:g}" if goal is not None else "" for goal in (row.must, row.aim)]
    return [row.work, row.peer, f"{row.ours_ms:.3f}", f"{row.theirs_ms:.3f}", f"{row.ratio:.2f}", *goals, verdict(row)]


HEADER = ["work", "against", "fastmath, ms", "peer, ms", "ratio", "must", "aim", "reached"]


def markdown(rows: list[Row]) -> str:
    lines = [HEADER, ["---"] * len(HEADER), *map(cells, rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Time sums beside their peers, in pairs.")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    parser.add_argument("--markdown", type=Path, help="write the table to this file")
    parser.add_argument("--rounds", type=int, default=100, help="how often to time each pair")
    options = parser.parse_args()
    random.seed(0)
    console = Console()
    title = f"Python {platform.python_version()}, NumPy {np.__version__}, instruction set {fastmath.simd.active}"
    table = Table(*HEADER, title=title)
    rows = []
    for group in GROUPS:
        for case in group():
            rows.append(measure(case, options.rounds))
            table.add_row(*cells(rows[-1]))
    console.print(table)
    if options.markdown:
        options.markdown.write_text(markdown(rows))
    if options.json:
        options.json.write_text(json.dumps([row._asdict() for row in rows], indent=1))


if __name__ == "__main__":
    main()
