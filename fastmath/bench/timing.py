"""Times that can be trusted: pyperf measures, each in processes of its own.

pyperf makes the loop long enough for the clock, warms up, repeats it, and does all of that again in other
processes, because where a process happens to put its memory may alone change a result by several percent.
"""

import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pyperf

UNSTABLE = 0.1  # pyperf's own limit for the standard deviation as a share of the mean


@dataclass(frozen=True)
class Effort:
    """How long to measure: processes, values from each, and the seconds that one value takes at least."""

    processes: int
    values: int
    seconds: float


FULL, QUICK = Effort(4, 4, 0.01), Effort(1, 3, 0.004)


@dataclass(frozen=True)
class Measured:
    """The median of all values, and their standard deviation as a share of the mean."""

    seconds: float
    spread: float


def measure(module: str, argument: str, effort: Effort, *options: str) -> dict[str, Measured]:
    """Time all that ``module.statements(argument)`` gives; `options` are pyperf's."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results.json")
        command = [
            sys.executable, "-P", "-m", "fastmath.bench.worker", module, argument, "--quiet", f"--output={results}",
            f"--processes={effort.processes}", f"--values={effort.values}", f"--min-time={effort.seconds}",
            "--inherit-environ=FASTMATH_SIMD,LD_LIBRARY_PATH,PYTHONPATH", *options,
        ]  # fmt: skip
        _run(command)
        return {b.get_name(): _measured(b) for b in pyperf.BenchmarkSuite.load(str(results)).get_benchmarks()}


def _run(command: list[str]) -> None:
    """In a group of its own, so that Ctrl-C comes here alone; the group ends with this call."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, process_group=0)
    try:
        _, complaint = process.communicate()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{complaint}")


def _measured(benchmark: pyperf.Benchmark) -> Measured:
    values = benchmark.get_nvalue()
    return Measured(benchmark.median(), benchmark.stdev() / benchmark.mean() if values > 1 else 0.0)


def stability(measured: list[Measured]) -> str:
    """What to say of a table's numbers."""
    spreads = [m.spread for m in measured]
    worst, unstable = max(spreads), sum(spread >= UNSTABLE for spread in spreads)
    text = f"Measured by pyperf; standard deviations are up to {worst:.0%} of the mean"
    if not unstable:
        return f"{text}: stable."
    return (
        f"{text}, and {unstable} of {len(spreads)} are above {UNSTABLE:.0%}: these are unstable, measure again on a "
        "machine that does nothing else."
    )
