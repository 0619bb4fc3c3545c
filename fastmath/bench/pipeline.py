"""The median's share of a pipeline: decode a DICOM slice, window it, remove noise, resize, encode a PNG."""

import cProfile
import io
import pstats
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import fastmath
from fastmath.bench import forty_lines, straight
from fastmath.bench.medians import OURS, PLAIN, SIZE
from fastmath.bench.slices import ADVICE, slice_path
from fastmath.bench.table import Table
from fastmath.bench.timing import Effort

from .._arguments import Array

PORT = "straight port, C API"
CLAIMS = {PLAIN: 73.0, PORT: 2.1}
SIDE = 256  # of the picture that comes out
SHOWN = 8  # functions of the profile
READING = (
    "CPU time of each stage of one slice, by the processor's clock, and the median's share as cProfile sees it, which "
    "makes many small calls in Python look longer than they are. A windowed slice has flat parts, which are "
    "sorted quickly. The tutorial's shares belong to a pipeline whose other stages were slower. Once the median is fast "
    "the rest is what takes time, and a still faster median would be felt no more."
)
PROFILE_READING = (
    "The functions that cProfile saw most of, by their own CPU time, in the pipeline with fastmath: this is what to "
    "look at next."
)


class Stages:
    """The pipeline around a median; each stage is a method, so that a profile knows it by its name."""

    NAMES = ("decode", "window", "median", "resize", "encode")

    def __init__(self, median: Callable[[Array], Any]) -> None:
        self._median = median

    def run(self, path: str) -> tuple[bytes, list[float]]:
        """The PNG of a slice, and the CPU seconds of each stage."""
        value: Any = path
        times = [time.process_time()]
        for name in self.NAMES:
            value = getattr(self, name)(value)
            times.append(time.process_time())
        return value, np.diff(times).tolist()

    def decode(self, path: str) -> Any:
        from pydicom import dcmread

        dataset = dcmread(path)
        return dataset.pixel_array, dataset

    def window(self, decoded: Any) -> Array:
        """The grey values that the file's own window shows, spread over 16 bits."""
        from pydicom.pixels import apply_rescale, apply_windowing

        pixels, dataset = decoded
        shown = apply_windowing(apply_rescale(pixels, dataset), dataset)
        low, high = shown.min(), shown.max()
        return ((shown - low) * (65535 / (high - low))).astype(np.uint16)

    def median(self, image: Array) -> Array:
        return np.asarray(self._median(image), np.uint16)

    def resize(self, image: Array) -> Array:
        from PIL import Image

        whole = Image.fromarray(image.astype(np.float32))
        return np.asarray(whole.resize((SIDE, SIDE), Image.Resampling.LANCZOS))

    def encode(self, image: Array) -> bytes:
        from PIL import Image

        file = io.BytesIO()
        Image.fromarray((np.clip(image, 0, 65535) / 257).astype(np.uint8)).save(file, "PNG")
        return file.getvalue()


def tables(effort: Effort) -> Iterator[Table]:
    """The stages by median, and a profile of the last; each table comes back after each row."""
    columns = ["CPU ms, median by", *Stages.NAMES, "share, %", "by cProfile", "tutorial"]
    table = Table("pipeline", "A slice from DICOM to PNG, and the median's share", columns, READING)
    yield table
    try:
        path = slice_path()
        Stages(medians()[OURS]).run(path)  # also warms up
    except (ModuleNotFoundError, RuntimeError):
        table.notes.append(ADVICE)
        yield table
        return
    results = set()
    for name, median in medians().items():
        pipeline, rounds = Stages(median), 1 if name == PLAIN else 10 * effort.values
        done = [pipeline.run(path) for _ in range(rounds)]
        results |= {picture for picture, _ in done}
        times = [statistics.median(stage) for stage in zip(*(times for _, times in done))]
        profile = profiled(pipeline, path, rounds)
        share = 100 * times[Stages.NAMES.index("median")] / sum(times)
        table.rows.append([name, *(1e3 * t for t in times), share, 100 * median_share(profile), CLAIMS.get(name)])
        yield table
    table.notes.append("All give the same picture." if len(results) == 1 else "The pictures differ.")
    yield table
    yield hot_spots(profile, rounds)


def medians() -> dict[str, Callable[[Array], Any]]:
    """The function as it was, ported, and ours."""
    port = straight.ports()["C API"]

    def ported(image: Array) -> Array:
        result = np.empty_like(image)
        port(image, result, SIZE)
        return result

    return {
        PLAIN: lambda image: forty_lines.median_filter(image.tolist(), SIZE),
        PORT: ported,
        OURS: lambda image: fastmath.median_filter(image, SIZE),
    }


Profile = dict[tuple[str, int, str], tuple[int, int, float, float, Any]]
"""By file, line and function: calls without and with recursion, own and cumulative seconds, callers."""


def profiled(pipeline: Stages, path: str, rounds: int) -> Profile:
    """What cProfile says of some slices, in CPU time."""
    profiler = cProfile.Profile(time.process_time)
    for _ in range(rounds):
        profiler.runcall(pipeline.run, path)
    profile: Profile = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    return profile


def median_share(profile: Profile) -> float:
    """The share of the stage `median` in the whole run."""
    spent = {name: entry[3] for (file, _, name), entry in profile.items() if file == __file__}
    return spent["median"] / spent["run"]


def hot_spots(profile: Profile, rounds: int) -> Table:
    """The functions with the most time of their own."""
    columns = ["function", "own ms a slice", "share, %", "calls a slice"]
    table = Table("profile", "What takes the time now", columns, PROFILE_READING)
    total = sum(entry[2] for entry in profile.values())
    ranked = sorted(profile.items(), key=lambda item: item[1][2], reverse=True)
    for (file, line, name), (_, calls, own, _, _) in ranked[:SHOWN]:
        place = name.strip("<>") if file == "~" else f"{file.rpartition('/')[2]}:{line} {name}"
        table.rows.append([place, 1e3 * own / rounds, 100 * own / total, calls / rounds])
    return table
