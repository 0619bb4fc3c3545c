"""The tutorial's sum of a million ints: `python -m fastmath.bench.sums all` measures it in its process."""

import json
import random
import sys
from collections.abc import Iterator

import numpy as np

import fastmath
from fastmath.bench.table import Table
from fastmath.bench.timing import Effort, in_processes, seconds_of, stability

CLAIMS = {"sum(list)": 8.20, "np.sum(array)": 0.42, "the tutorial's C loop": 3.10}


def measure(effort: Effort) -> Iterator[Table]:
    """Fill the table."""
    columns = ["1,000,000 ints from 0 to 1000", "measured, ms", "tutorial, ms", "times as fast as sum(list)"]
    reading = (
        "A C loop that fetches its items one by one is hardly faster than sum(): both spend their time on objects. "
        "fast_sum reads the list's items where they lie, and an array without making objects at all."
    )
    table = Table("sum", "The sum of a million ints", columns, reading)
    measured = in_processes("fastmath.bench.sums", "all", effort)
    slowest = measured["sum(list)"].seconds
    for name, time in measured.items():
        table.rows.append([name, time.seconds * 1e3, CLAIMS.get(name), slowest / time.seconds])
    table.notes.append(stability(list(measured.values())))
    yield table


def main(_: str, repeats: str, seconds: str) -> None:
    from fastmath.bench.straight._capi import loop_sum

    numbers = [random.Random(1).randint(0, 1000) for _ in range(1000)] * 1000
    numbers = [int(str(number)) for number in numbers]  # objects of their own, as a program would have
    whole = np.array(numbers)
    calls = {
        "sum(list)": lambda: sum(numbers),
        "the tutorial's C loop": lambda: loop_sum(numbers),
        "fast_sum(list)": lambda: fastmath.fast_sum(numbers),
        "np.sum(array)": lambda: np.sum(whole),
        "fast_sum(array)": lambda: fastmath.fast_sum(whole),
    }
    for call in calls.values():
        assert call() == sum(numbers)
    effort = Effort(1, int(repeats), float(seconds))
    print(json.dumps({name: seconds_of(call, effort) for name, call in calls.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
