"""Filter real CT and MR slices with the command, then measure the filter against its rivals.

    python examples/demo.py

The slices are test files that pydicom brings along. Everything is written to ``demo-output``.
"""

import shutil
import statistics
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.data import get_testdata_file
from rich.console import Console
from rich.table import Table

import fastmath
from fastmath.bench import forty_lines

SIZE = 5
OUTPUT = Path("demo-output")
SLICES = {"ct-head.dcm": "J2K_pixelrep_mismatch.dcm", "mr-abdomen.dcm": "examples_overlay.dcm"}
MEASURED = "ct-head.dcm"  # 512 x 512 pixels of 16 bits

Filter = Callable[[], Any]


def main() -> None:
    """Run the command on the slices, check its result, print the table."""
    copy_slices(OUTPUT / "slices")
    run_command(
        "median", OUTPUT / "slices", f"{OUTPUT / 'filtered'}/", "--size", SIZE,
        "--preview", OUTPUT / "before-after.png", "--force",
    )  # fmt: skip
    image = dcmread(OUTPUT / "slices" / MEASURED).pixel_array
    written = dcmread(OUTPUT / "filtered" / MEASURED).pixel_array

    rows = image.tolist()
    print(f"Measuring the same filter on {MEASURED}, on one thread ...", flush=True)
    plain, expected = measure(lambda: forty_lines.median_filter(rows, SIZE), repeats=1)
    scipys, scipy_result = measure(lambda: scipy.ndimage.median_filter(image, SIZE), repeats=5)
    ours, our_result = measure(lambda: fastmath.median_filter(image, SIZE), repeats=51)

    check("SciPy", scipy_result, expected)
    check("fastmath", our_result, expected)
    check("the file that the command wrote", written, expected)
    print_table(image, {"forty lines of Python": plain, "SciPy": scipys, "fastmath": ours})
    print("All results are equal, those in the written file too.")
    print(f"Before and after: {OUTPUT / 'before-after.png'}")
    print(f"Filtered slices:  {OUTPUT / 'filtered'}")


def copy_slices(folder: Path) -> None:
    """Put the slices that pydicom ships into a folder of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, shipped in SLICES.items():
        path = get_testdata_file(shipped, download=False)
        if not isinstance(path, str):
            sys.exit(f"demo: this pydicom does not bring {shipped} along")
        shutil.copy(path, folder / name)


def run_command(*arguments: object) -> None:
    """Show the command and run it."""
    texts = [str(argument) for argument in arguments]
    print("$ fastmath", *texts, flush=True)
    command = Path(sysconfig.get_path("scripts")) / "fastmath"
    subprocess.run([command, *texts], check=True)


def measure(function: Filter, repeats: int) -> tuple[float, Any]:
    """Give the median of the seconds that a call takes, and its result."""
    if repeats > 1:
        function()  # warm up
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - start)
    return statistics.median(times), result


def check(name: str, result: NDArray[Any], expected: list[list[int]]) -> None:
    """Stop if a result differs in any pixel from that of the forty lines."""
    if not np.array_equal(result, expected):
        sys.exit(f"demo: {name} differs from the forty lines of Python")


def print_table(image: NDArray[Any], seconds: dict[str, float]) -> None:
    """Print the times, and how often each fits into the slowest."""
    rows, columns = image.shape
    table = Table()
    table.add_column(f"{SIZE}x{SIZE} median of {rows} x {columns} {image.dtype}")
    table.add_column("time", justify="right")
    table.add_column("speed-up", justify="right")
    slowest = max(seconds.values())
    for name, time_taken in seconds.items():
        table.add_row(name, f"{time_taken * 1e3:.2f} ms", f"{slowest / time_taken:,.0f} x")
    Console().print(table)


if __name__ == "__main__":
    main()
