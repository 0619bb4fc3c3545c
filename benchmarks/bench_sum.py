"""Sums, dot products and exponentials beside what people use today: ``python benchmarks/bench_sum.py [GROUP...]``.

Calls take turns and are compared round by round (pairs.py); a ratio says how many times faster fastmath is.
The first group is the benchmark of the tutorials. Peers that are not installed are left out. ``--write FOLDER``
keeps all of it as Markdown and JSON.
"""

import argparse
import math
import operator
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[variable] = "1"

import fastmath
import numpy as np

import report
from pairs import Call, race
from report import Row

MILLION = 1_000_000
SINCE_312 = sys.version_info >= (3, 12)
PEERS = ("xsum", "uniaccurate")


class Case(NamedTuple):
    work: str
    peer: str
    ours: Call
    theirs: Call
    must: float | None = None
    aim: float | None = None
    clock: Callable[[], float] = time.process_time
    shortest: float = 2e-3
    """Seconds that a turn takes at least."""


# ---- Lists ----


def tutorial() -> Iterator[Case]:
    """The sum of a million random ints from 0 to 1000."""
    numbers = [random.randrange(1001) for _ in range(MILLION)]
    ints = np.array(numbers)
    yield Case("fast_sum, list of 1,000,000 ints 0..1000", "sum", lambda: fastmath.fast_sum(numbers),
               lambda: sum(numbers), *((6.5, 8) if SINCE_312 else (3.5, 4.5)))  # fmt: skip
    shuffled = [int(str(n)) for n in numbers]
    random.shuffle(shuffled)
    yield Case("the same, shuffled in memory", "sum", lambda: fastmath.fast_sum(shuffled), lambda: sum(shuffled), 3, 5)
    yield Case("fast_sum, int64 array of 1,000,000", "np.sum", lambda: fastmath.fast_sum(ints), lambda: np.sum(ints),
               1.0, 1.5)  # fmt: skip


def list_products() -> Iterator[Case]:
    x, y = np.random.default_rng(4).random((2, MILLION)).tolist()
    work = "dot_product, two lists of 1,000,000 floats"
    yield Case(work, "sum(map(mul))", lambda: fastmath.dot_product(x, y), lambda: sum(map(operator.mul, x, y)), 5, 7)
    if SINCE_312:
        yield Case(work, "math.sumprod", lambda: fastmath.dot_product(x, y), lambda: math.sumprod(x, y), 2.5, 3.5)


# ---- Arrays ----


def sums() -> Iterator[Case]:
    x = np.random.default_rng(1).random(MILLION)
    arrays = [
        ("1,000,000 float64", x, 1.0, 1.2), ("1000 elements", x[:1000].copy(), 2, 4),
        ("strided [::2]", x[::2], 1.0, 1.2),
        ("transposed 1000x1000", x.reshape(1000, 1000).T, 1.0, 1.2),
    ]  # fmt: skip
    for name, array, must, aim in arrays:
        yield Case(
            f"numpy_sum, {name}", "np.sum", lambda a=array: fastmath.numpy_sum(a), lambda a=array: np.sum(a), must, aim
        )
    single = x.astype("f")
    yield Case("numpy_sum, 1,000,000 float32", "np.sum, dtype float64", lambda: fastmath.numpy_sum(single),
               lambda: np.sum(single, dtype="d"), 3, 5)  # fmt: skip
    yield Case("numpy_sum, 1,000,000 float64", "math.fsum", lambda: fastmath.numpy_sum(x), lambda: math.fsum(x))


def from_memory() -> Iterator[Case]:
    x = np.random.default_rng(2).random(32 << 20)
    square = x[: 4096 * 4096].reshape(4096, 4096)
    yield Case("numpy_sum, 32 Mi float64", "np.sum", lambda: fastmath.numpy_sum(x), lambda: np.sum(x), 1.1, 1.6)
    for axis in (0, 1):
        yield Case(f"numpy_sum, axis={axis} of 4096x4096", "np.sum",
                   lambda axis=axis: fastmath.numpy_sum(square, axis=axis),
                   lambda axis=axis: square.sum(axis=axis), 0.7, 1.0)  # fmt: skip


def axes() -> Iterator[Case]:
    """Shapes of images, stacks, tables and batches; each against the same sum by NumPy, which is not exact."""
    x = np.random.default_rng(7).random(MILLION)
    image, stack = x[: 960 * 1024].reshape(960, 1024), x.reshape(100, 100, 100)
    cases: list[tuple[str, np.ndarray, tuple[Any, ...]]] = [
        ("3x333333", x[:999999].reshape(3, -1), (0,)), ("16x62500", x.reshape(16, -1), (0,)),
        ("1000x1000", x.reshape(1000, 1000), (0, 1)), ("500000x2", x.reshape(-1, 2), (0, 1)),
        ("333333x3", x[:999999].reshape(-1, 3), (0, 1)), ("15625x64", x.reshape(-1, 64), (0, 1)),
        ("100x100x100", stack, (0, 1, 2, (0, 1), (0, 2), (1, 2))), ("image[:, 1:-1]", image[:, 1:-1], (None, 0, 1)),
        ("image[::2, ::2]", image[::2, ::2], (None, 0, 1)), ("100x100", x[:10000].reshape(100, 100), (0, 1)),
        ("big-endian 1000x1000", x.reshape(1000, 1000).astype(">f8"), (None, 0, 1)),
        ("float32 1000x1000", x.reshape(1000, 1000).astype("f"), (0, 1)),
        ("float16 1000x1000", x.reshape(1000, 1000).astype("e"), (0, 1)),
        ("1000x1000 infinities", np.full((1000, 1000), math.inf), (None, 0, 1)),
    ]  # fmt: skip
    for name, array, all_axes in cases:
        for axis in all_axes:
            yield Case(f"numpy_sum, {name}, axis={axis}", "np.sum",
                       lambda a=array, axis=axis: fastmath.numpy_sum(a, axis=axis),
                       lambda a=array, axis=axis: a.sum(axis=axis), 1.0, None)  # fmt: skip


def workers() -> Iterator[Case]:
    """By the clock on the wall: two cores have to be free. The smaller array is in the cache, where the cores
    do not share a memory that one of them nearly exhausts."""
    for name, n, goals in (("32 Mi", 32 << 20, (1.7, 1.9)), ("1 Mi", 1 << 20, ())):
        x = np.random.default_rng(2).random(n)
        yield Case(f"parallel_sum, 2 workers, {name} float64", "1 worker",
                   lambda x=x: fastmath.parallel_sum(x, workers=2),
                   lambda x=x: fastmath.parallel_sum(x, workers=1), *goals, clock=time.perf_counter)  # fmt: skip


def exact_sums() -> dict[str, Callable[[np.ndarray], float]]:
    found: dict[str, Callable] = {}
    try:
        import xsum

        def xsum_large(x: np.ndarray) -> float:
            accumulator = xsum.xsum_large_accumulator()
            xsum.xsum_add(accumulator, x)
            return xsum.xsum_round(accumulator)

        found["xsum"] = xsum_large
    except ImportError:
        pass
    try:
        import uniaccurate

        found["uniaccurate.exact_sum"] = uniaccurate.exact_sum
    except ImportError:
        pass
    return found


def cancelling(half: np.ndarray) -> np.ndarray:
    """Numbers that add up to 1."""
    return np.random.default_rng(0).permutation(np.concatenate([half, -half, [1.0]]))


def ill_conditioned() -> Iterator[Case]:
    """Condition number 1e30; Anderson's sums, which cancel; and whatever else makes exact sums slow."""
    rng = np.random.default_rng(3)
    half, values = rng.standard_normal(MILLION // 2), rng.random(MILLION)
    wide = 2.0 ** rng.integers(-1000, 1000, MILLION)
    data = {
        "condition number 1e30": cancelling(half * 2.0 ** rng.integers(0, 100, MILLION // 2)),
        "Anderson's cancelling sum": values - values.mean(),
        "all exponents": rng.standard_normal(MILLION) * wide,
        "all exponents, cancelling": cancelling(half * wide[: MILLION // 2]),
        "mostly 1.5, cancelling": cancelling(np.where(np.arange(MILLION // 2) % 8, 1.5, wide[: MILLION // 2])),
        "1e300, 1e-300 and their opposites": np.tile([1e300, 1e-300, -1e300, -1e-300], MILLION // 4),
        "subnormal": values * 1e-310,
        "the largest": (values - 0.5) * 1.7e308,
        "an infinity in each thousand": np.where(np.arange(MILLION) % 1000, values, math.inf),
        "a NaN at the end": np.append(values, math.nan),
    }
    for name, x in data.items():
        for peer, call in exact_sums().items():
            if peer == "xsum" or name.startswith(("condition", "Anderson")):
                yield Case(
                    f"numpy_sum, {name}",
                    peer,
                    lambda x=x: fastmath.numpy_sum(x),
                    lambda x=x, call=call: call(x),
                    1.0,
                    3,
                )


def products() -> Iterator[Case]:
    a, b = np.random.default_rng(4).random((2, MILLION))
    work = "dot_product, 1,000,000 float64"
    yield Case(work, "np.dot", lambda: fastmath.dot_product(a, b), lambda: np.dot(a, b), 0.8, 1.0)
    try:
        import uniaccurate
    except ImportError:
        return
    # turns so long that the arrays are in the cache for most of one, as they are for np.dot
    yield Case(work, "uniaccurate.exact_dot", lambda: fastmath.dot_product(a, b), lambda: uniaccurate.exact_dot(a, b),
               35, 45, shortest=50e-3)  # fmt: skip
    wide = np.random.default_rng(5).standard_normal(MILLION) * 2.0 ** np.random.default_rng(6).integers(
        -300, 300, MILLION
    )
    opposite = np.concatenate([wide[: MILLION // 2], -wide[: MILLION // 2]])
    twice = np.tile(wide[MILLION // 2 :], 2)
    for name, x, y in (
        ("all exponents, cancelling", opposite, twice),
        ("products too small", wide * 1e-200, twice * 1e-110),
    ):
        yield Case(f"dot_product, {name}", "uniaccurate.exact_dot", lambda x=x, y=y: fastmath.dot_product(x, y),
                   lambda x=x, y=y: uniaccurate.exact_dot(x, y), 1.0, None)  # fmt: skip


def exponentials() -> Iterator[Case]:
    x = np.random.default_rng(5).uniform(-10, 10, MILLION)
    out = np.empty_like(x)
    yield Case(
        "fast_exp, 1,000,000 float64",
        "np.exp",
        lambda: fastmath.fast_exp(x, out=out),
        lambda: np.exp(x, out=out),
        1.0,
        1.5,
    )


GROUPS: dict[str, Callable[[], Iterator[Case]]] = {
    "tutorial": tutorial, "lists": list_products, "arrays": sums, "axes": axes, "memory": from_memory,
    "workers": workers, "ill-conditioned": ill_conditioned, "products": products, "exponentials": exponentials,
}  # fmt: skip


def measure(group: str, budget: float) -> Iterator[Row]:
    for case in GROUPS[group]():
        done = race(
            {"fastmath": case.ours, case.peer: case.theirs}, budget=budget, clock=case.clock, shortest=case.shortest
        )
        seconds: dict[str, Any] = {name: done.best(name) for name in done.seconds}
        yield Row(
            group,
            case.work,
            f"times {case.peer}",
            case.peer,
            done.ratio(case.peer, "fastmath"),
            case.must,
            case.aim,
            seconds,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"all, or some of: {', '.join(GROUPS)}")
    parser.add_argument("--budget", type=float, default=1.0, help="seconds for each pair")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="write NAME.md and NAME.json")
    parser.add_argument("--name", default="sum", help="what to call them")
    arguments = parser.parse_args()
    if unknown := set(arguments.groups) - set(GROUPS):
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    random.seed(0)
    rows = report.run(arguments.groups or GROUPS, lambda group: measure(group, arguments.budget))
    if arguments.write:
        title = "Sums, dot products and exponentials, measured"
        report.write(arguments.write, arguments.name, title, report.machine(PEERS), rows)


if __name__ == "__main__":
    main()
