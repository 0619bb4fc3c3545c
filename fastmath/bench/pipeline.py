"""The median's share of a pipeline: decode a DICOM slice, window it, remove noise, resize, encode a PNG."""

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import fastmath
from fastmath.bench import forty_lines, straight
from fastmath.bench.medians import SIZE
from fastmath.bench.png import encode
from fastmath.bench.slices import decode, slice_path
from fastmath.bench.table import Table
from fastmath.bench.timing import Effort

from .._arguments import Array

STAGES = ("decode", "window", "median", "resize", "encode")
CLAIMS = {"forty lines of Python": "73", "fastmath": "2.1 (its C port)"}


def measure(effort: Effort) -> Iterator[Table]:
    """Fill the table; it comes back after each row."""
    columns = ["median by", *(f"{stage}, ms" for stage in STAGES), "median's share, %", "tutorial, %"]
    reading = (
        "CPU time of each stage. Once the median is fast, the rest of the pipeline is what takes time, and a "
        "faster median would be felt no more."
    )
    table = Table("pipeline", "A slice from DICOM to PNG", columns, reading)
    yield table
    try:
        path = slice_path()
        decode(path)
    except (ModuleNotFoundError, RuntimeError) as error:
        table.notes.append(f"The pipeline {error}")
        yield table
        return
    for name, median in medians().items():
        rounds = 1 if name == "forty lines of Python" else effort.repeats
        times = [run(path, median) for _ in range(rounds)]
        stages = [statistics.median(t[stage] for t in times) for stage in STAGES]
        share = 100 * stages[STAGES.index("median")] / sum(stages)
        table.rows.append([name, *(1e3 * seconds for seconds in stages), share, CLAIMS.get(name)])
        yield table


def medians() -> dict[str, Callable[[Array], Any]]:
    """The function as it was, ported, and ours."""
    port = straight.ports()["C API"]

    def ported(image: Array) -> Array:
        result = np.empty_like(image)
        port(image, result, SIZE)
        return result

    return {
        "forty lines of Python": lambda image: forty_lines.median_filter(image.tolist(), SIZE),
        "straight port, C API": ported,
        "fastmath": lambda image: fastmath.median_filter(image, SIZE),
    }


def run(path: str, median: Callable[[Array], Any]) -> dict[str, float]:
    """The CPU seconds of each stage of one slice."""
    work: dict[str, Callable[[Any], Any]] = {
        "decode": decode,
        "window": window,
        "median": lambda image: np.asarray(median(image), np.uint16),
        "resize": halve,
        "encode": lambda image: encode((image >> 8).astype(np.uint8)),
    }
    seconds, value = {}, path
    for stage in STAGES:
        start = time.process_time_ns()
        value = work[stage](value)
        seconds[stage] = (time.process_time_ns() - start) / 1e9
    return seconds


def window(image: Array) -> Array:
    """The grey values that matter, spread over 16 bits."""
    low, high = np.percentile(image, (1, 99))
    spread = np.clip((image - low) / max(high - low, 1), 0, 1) * 65535
    return spread.astype(np.uint16)


def halve(image: Array) -> Array:
    """Half the size, by means of two by two."""
    rows, columns = (side // 2 * 2 for side in image.shape)
    blocks = image[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2)
    return blocks.mean(axis=(1, 3)).astype(np.uint16)
