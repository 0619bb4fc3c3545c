"""Times that can be trusted: calibrated, repeated, in several processes.

As pyperf does it: the loop is made long enough for the clock, it is repeated, and all of it again in other
processes, because where a process happens to put its memory alone may change a result by several percent.
"""

import json
import os
import statistics
import subprocess
import sys
import timeit
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

UNSTABLE = 0.1  # processes that differ by more than this, from quarter to quarter


@dataclass(frozen=True)
class Effort:
    """How long to measure."""

    processes: int
    repeats: int
    seconds: float
    """What one loop has to last."""


FULL, QUICK = Effort(7, 7, 0.02), Effort(2, 3, 0.004)


@dataclass(frozen=True)
class Measured:
    """The median over the processes, and the distance between the quartiles as a share of it."""

    seconds: float
    spread: float


def seconds_per_call(statement: str, names: dict[str, Any], effort: Effort) -> float:
    """The median over repeated loops of one statement, names being local to the loop."""
    setup = "; ".join(f"{name} = _names[{name!r}]" for name in names)
    timer = timeit.Timer(statement, setup, globals={"_names": names})
    loops = 1
    while (taken := timer.timeit(loops)) < effort.seconds:
        loops = max(loops + 1, int(loops * min(100.0, 1.2 * effort.seconds / max(taken, 1e-9))))
    return statistics.median(timer.repeat(effort.repeats, loops)) / loops


def seconds_of(call: Callable[[], Any], effort: Effort) -> float:
    """The same for a call that takes long enough for the clock, in this process."""
    return seconds_per_call("call()", {"call": call}, effort)


def in_processes(module: str, argument: str, effort: Effort) -> dict[str, Measured]:
    """Run a module in several processes, each of which prints a JSON object of seconds.

    Environments differ in size, and so do the places of what lies on the stack.
    """
    runs = []
    for number in range(effort.processes):
        environment = os.environ | {"FASTMATH_BENCH_PADDING": "x" * (number * 1031 % 4096)}
        command = [sys.executable, "-m", module, argument, str(effort.repeats), str(effort.seconds)]
        # in a group of its own, so that Ctrl-C comes here alone; it ends the process with an exception
        output = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, check=True, text=True, process_group=0
        ).stdout
        runs.append(json.loads(output))
    return {name: _measured([run[name] for run in runs]) for name in runs[0]}


def _measured(times: list[float]) -> Measured:
    low, middle, high = statistics.quantiles(times, n=4, method="inclusive")
    return Measured(middle, (high - low) / middle)


def stability(measured: list[Measured]) -> str:
    """What to say of a table's numbers."""
    worst = max(m.spread for m in measured)
    verdict = "unstable: measure again on a machine that does nothing else" if worst > UNSTABLE else "stable"
    return f"Quartiles of the processes lie within {worst:.0%} of the median: {verdict}."
