"""The median filters against their peers, cell by cell: ``python benchmarks/bench_median.py [GROUP...]``.

Every figure is a ratio of times taken in the same run, one thread each. The terminal shows a table per
group, with what each cell must reach and what it aims at; ``--write FOLDER`` keeps all of it as Markdown and
JSON, with a figure of the time per pixel against the size of the window.
"""

import argparse
import functools
import itertools
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastmath
import numpy as np
from scipy import ndimage

import levels
import peers
import report
from pairs import Call, Race, race
from report import Row

KINDS = ("random", "smooth")
MAIN_TYPES = ("uint8", "uint16", "float32")


@dataclass(frozen=True)
class Settings:
    """What the command line chose: all sizes or few, and seconds per race."""

    quick: bool

    @property
    def budget(self) -> float:
        return 0.3 if self.quick else 1.5


# ---- Images and calls ----


def image_of(dtype: str, shape: tuple[int, ...] = (512, 512), kind: str = "random") -> np.ndarray:
    """Noise over the range of the type (floats: from 0 to 1), or slow waves with a little of it."""
    generator = np.random.default_rng(sum(shape))
    values = generator.random(shape)
    if kind == "smooth":
        waves = sum(np.sin(axis / 40) for axis in np.ogrid[tuple(slice(n) for n in shape)])
        values = 0.5 + 0.45 * waves / len(shape) + 0.02 * values
    if np.dtype(dtype).kind == "f":
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    return (values * (float(limits.max) - limits.min) + limits.min).astype(dtype)


def ours(image: np.ndarray, size: object = None, **options: object) -> Call:
    output = np.empty_like(image)
    settings = {"mode": "nearest", "output": output, "workers": 1, **options}
    return lambda: fastmath.median_filter(image, size, **settings)


def of_scipy(image: np.ndarray, size: object = None, **options: object) -> Call:
    output = np.empty_like(image)
    return lambda: ndimage.median_filter(image, size, mode="nearest", output=output, **options)


def against(settings: Settings, group: str, case: str, calls: dict[str, Call], must: float | None,
            aim: float | None, clock: Callable[[], float] = time.process_time) -> Row:  # fmt: skip
    """How many times faster the first call is than the best of the others."""
    done = race(calls, budget=settings.budget, clock=clock)
    name, *others = calls
    best = min(others, key=done.best)
    return Row(group, case, f"times {best}", best, done.ratio(best, name), must, aim, seconds_of(done))


def relative(settings: Settings, group: str, case: str, call: Call, base: str, base_call: Call,
             must: float | None, aim: float | None = None, scale: float = 1, **more: Any) -> Row:  # fmt: skip
    """The time of a call of ours as a share of another's; less is better."""
    done = race({"fastmath": call, base: base_call}, budget=settings.budget)
    value = done.ratio("fastmath", base) * scale
    return Row(group, case, f"time of {base}", base, value, must, aim, seconds_of(done), most=True, **more)


def seconds_of(done: Race) -> dict[str, float]:
    return {name: done.best(name) for name in done.seconds}


# ---- Squares ----

BEST = None  # the goal is over the best peer, whichever it is
SQUARES: dict[int, dict[str, list[tuple[str | None, float, float]]]] = {
    3: {"uint8": [(BEST, 1.3, 1.8)], "uint16": [(BEST, 1.0, 1.4)], "float32": [(BEST, 1.0, 1.2)]},
    5: {"uint8": [("Intel IPP", 1.2, 2), ("OpenCV", 3, 4.5)], "uint16": [(BEST, 1.2, 1.8)],
        "float32": [(BEST, 1.4, 2.2)]},
    7: {"uint8": [(BEST, 60, 90)], "uint16": [(BEST, 90, 140)], "float32": [(BEST, 230, 350)]},
    9: {"uint8": [(BEST, 40, 60)], "uint16": [(BEST, 65, 100)], "float32": [(BEST, 210, 320)]},
    15: {"uint8": [(BEST, 14, 22)], "uint16": [(BEST, 28, 42)], "float32": [(BEST, 160, 230)]},
    21: {"uint8": [(BEST, 6, 10)], "uint16": [(BEST, 15, 25)], "float32": [(BEST, 60, 90)]},
    31: {"uint8": [(BEST, 1.4, 2)], "uint16": [(BEST, 12, 16)], "float32": [(BEST, 25, 35)]},
    63: {"uint8": [(BEST, 1.1, 1.6)], "uint16": [(BEST, 35, 50)], "float32": [(BEST, 60, 85)]},
    101: {"uint8": [(BEST, 1.1, 1.5)]},
    201: {"uint8": [(BEST, 1.1, 1.5)]},
}  # fmt: skip
"""What each size and type must reach and aims at, as times a peer."""

LARGEST = {"SciPy": 7, "SimpleITK": 7, "Pillow": 9, "scikit-image": 63}
"""Up to which size a peer is timed: beyond, it takes seconds a call and is never the best."""


def calls_of_peers(image: np.ndarray, size: int, found: dict[str, peers.Peer]) -> dict[str, Call]:
    """The peers that serve this type and size, each checked to give the same pixels away from the border."""
    inside = (slice(size // 2, -(size // 2)),) * 2
    wanted = fastmath.median_filter(image, size)[inside]
    calls = {}
    for name, peer in found.items():
        call = peer(image, size, np.empty_like(image)) if size <= LARGEST.get(name, size) else None
        if call:
            if not np.array_equal(np.asarray(call())[inside], wanted):
                raise AssertionError(f"{name} gives other medians than fastmath: {image.dtype}, size {size}")
            calls[name] = call
    return calls


def squares_of(settings: Settings, group: str, shape: tuple[int, int], sizes: tuple[int, ...],
               share: float, names: tuple[str, ...] = tuple(peers.PEERS)) -> Iterator[Row]:  # fmt: skip
    """`share` of the goals is asked for, against the named peers."""
    found = {name: peer for name, peer in peers.installed()[0].items() if name in names}
    for size in sizes:
        for dtype, goals in SQUARES[size].items():
            for kind in KINDS[:1] if settings.quick else KINDS:
                image = image_of(dtype, shape, kind)
                others = calls_of_peers(image, size, found)
                seconds, done = race_of_peers(settings, ours(image, size), others)
                for peer, must, aim in goals:
                    name = peer or min(others, key=seconds.__getitem__)
                    if name in done.seconds:
                        yield Row(group, f"{size}x{size} {dtype} {kind}", f"times {name}", name,
                                  done.ratio(name, "fastmath"), must * share, aim * share, seconds,
                                  size=size, dtype=dtype, kind=kind)  # fmt: skip


def race_of_peers(settings: Settings, call: Call, others: dict[str, Call]) -> tuple[dict[str, float], Race]:
    """The times of all, taken briefly, and a longer race against the fast ones: a slow one leaves no time for
    many rounds."""
    brief = seconds_of(race({"fastmath": call, **others}, budget=0))
    fast = {name: other for name, other in others.items() if brief[name] < 5 * min(brief[n] for n in others)}
    done = race({"fastmath": call, **fast}, budget=settings.budget)
    return brief | seconds_of(done), done


def squares(settings: Settings) -> Iterator[Row]:
    sizes = (3, 5, 7, 15) if settings.quick else tuple(SQUARES)
    yield from squares_of(settings, "squares", (512, 512), sizes, 1)
    large = () if settings.quick else itertools.product((101, 201), ("uint16", "float32"), KINDS)
    for size, dtype, kind in large:
        image = image_of(dtype, kind=kind)
        yield relative(settings, "squares", f"{size}x{size} {dtype} {kind}", ours(image, size), "63x63",
                       ours(image, 63), 1.5, size=size, dtype=dtype, kind=kind)  # fmt: skip


def large_images(settings: Settings) -> Iterator[Row]:
    """Only the peers that do not take minutes."""
    sizes = (5,) if settings.quick else (3, 5, 7, 15, 31)
    yield from squares_of(settings, "4096x4096", (4096, 4096), sizes, 0.75, ("OpenCV", "Intel IPP"))


# ---- Other types and windows ----


def types(settings: Settings) -> Iterator[Row]:
    """Each type as a share of the type of the same width above, and 64 bits of 32; noise of all its values, and
    such as a narrower type has."""
    alike = [("int8", "uint8", None), ("int16", "uint16", None), ("float16", "uint16", None),
             ("int32", "float32", None), ("uint32", "float32", None), ("int64", "float32", 2.5),
             ("uint64", "float32", 2.5), ("float64", "float32", 2.5)]  # fmt: skip
    for size in (5,) if settings.quick else (3, 5, 7, 15, 31):
        for dtype, base, must in alike:
            call, base_call = ours(image_of(dtype), size), ours(image_of(base), size)
            yield relative(settings, "types", f"{size}x{size} {dtype}", call, base, base_call, must)
        for dtype, narrow, must in (("int32", "uint16", None), ("int64", "uint16", 2.5), ("uint64", "uint16", 2.5),
                                    ("float64", "float32", 2.5)):  # fmt: skip
            call = ours(image_of(narrow).astype(dtype), size)
            yield relative(settings, "types", f"{size}x{size} {dtype} that holds {narrow}", call, "float32",
                           ours(image_of("float32"), size), must)  # fmt: skip


def rectangles(settings: Settings) -> Iterator[Row]:
    """Each as a share of the square of the nearest odd size, for windows of as many elements."""
    windows = [((3, 7), 5), ((7, 3), 5), ((1, 9), 3), ((9, 1), 3), ((4, 6), 5), ((4, 4), 5), ((6, 6), 5),
               ((8, 8), 7), ((5, 11), 7), ((15, 1), 5), ((1, 25), 5)]  # fmt: skip
    for dtype in ("uint16",) if settings.quick else MAIN_TYPES:
        image = image_of(dtype)
        for window, square in windows:
            scale = square**2 / (window[0] * window[1])
            case, base = f"{window[0]}x{window[1]} {dtype}", f"{square}x{square} for each element"
            yield relative(settings, "rectangles", case, ours(image, window), base, ours(image, square),
                           1.25, 1.0, scale)  # fmt: skip


def signals(settings: Settings) -> Iterator[Row]:
    signal = image_of("float64", (1_000_000,))
    for size, must, aim in ((5, 15, 20), (31, 6, 10), (101, 2.5, 5), (1001, 1.5, 4)):
        calls = {"fastmath": ours(signal, size), "SciPy": of_scipy(signal, size)}
        yield against(settings, "1-D, a million float64", f"size {size}", calls, must, aim)


def stacks(settings: Settings) -> Iterator[Row]:
    """A stack filtered along its last axes, as a share of its images filtered one by one."""
    for dtype in MAIN_TYPES:
        stack = image_of(dtype, (16, 256, 256))
        for size in (3, 7, 15):
            single = [ours(image, size) for image in stack]
            together = ours(stack, size, axes=(1, 2))
            yield relative(settings, "stacks", f"16x256x256 {dtype}, {size}x{size}", together, "single images",
                           lambda single=single: [call() for call in single], 1.05, 1.0)  # fmt: skip


def volumes(settings: Settings) -> Iterator[Row]:
    for size, dtype, must, aim in ((3, "uint8", 300, 800), (3, "float32", 120, 250), (5, "uint8", 150, 500),
                                   (5, "float32", 80, 200)):  # fmt: skip
        volume = image_of(dtype, (64, 128, 128))
        calls = {"fastmath": ours(volume, size), "SciPy": of_scipy(volume, size)}
        yield against(settings, "3-D, 64x128x128", f"{size}x{size}x{size} {dtype}", calls, must, aim)


def disk(radius: float, hole: float = -1) -> np.ndarray:
    row, column = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    distance = row**2 + column**2
    return (distance <= radius**2) & (distance > hole**2 if hole >= 0 else True)


def footprints(settings: Settings) -> Iterator[Row]:
    cross = np.zeros((5, 5), bool)
    cross[2] = cross[:, 2] = True
    shapes = [("disk of radius 2", disk(2), 60, 150), ("disk of radius 5", disk(5), 30, 80),
              ("disk of radius 10", disk(10), 20, 50), ("cross of 5", cross, 60, 150),
              ("ring of radius 5", disk(5, 3), 30, 80)]  # fmt: skip
    for dtype in ("uint16", "float32"):
        image = image_of(dtype)
        for name, footprint, must, aim in shapes:
            calls = {"fastmath": ours(image, footprint=footprint), "SciPy": of_scipy(image, footprint=footprint)}
            yield against(settings, "footprints", f"{name}, {dtype}", calls, must, aim)


def ranks(settings: Settings) -> Iterator[Row]:
    footprint = disk(2)
    for dtype in ("uint16", "float32"):
        image = image_of(dtype)
        output = np.empty_like(image)
        common = {"footprint": footprint, "mode": "nearest", "output": output}
        for percentile in (10, 25, 90):
            calls = {
                "fastmath": lambda p=percentile: fastmath.percentile_filter(image, p, workers=1, **common),
                "SciPy": lambda p=percentile: ndimage.percentile_filter(image, p, **common),
            }
            case = f"percentile {percentile}, disk of radius 2, {dtype}"
            yield against(settings, "ranks", case, calls, 60, 150)


def extremes(settings: Settings) -> Iterator[Row]:
    """Against SciPy and OpenCV, and a large window against a small one: the time hardly depends on the size."""
    for dtype in MAIN_TYPES:
        image = image_of(dtype)
        output = np.empty_like(image)

        def minimum(size: int) -> Call:
            return lambda: fastmath.minimum_filter(image, size, mode="nearest", output=output, workers=1)

        for size in (3, 5, 15, 63):
            calls = {
                "fastmath": minimum(size),
                "SciPy": lambda size=size: ndimage.minimum_filter(image, size, mode="nearest", output=output),
            }
            yield against(settings, "extremes", f"minimum {size}x{size} {dtype}", calls, None, None)
            erode = peers.opencv_minimum(image, size) if "OpenCV" in peers.installed()[0] else None
            if erode and size < 63:
                calls = {"fastmath": minimum(size), "OpenCV": erode}
                yield against(settings, "extremes", f"minimum {size}x{size} {dtype}", calls, 1, None)
        yield relative(settings, "extremes", f"minimum 63x63 {dtype}", minimum(63), "7x7", minimum(7), 1.5)


# ---- Elements that are missing ----


def masks_of(shape: tuple[int, int], share: float) -> dict[str, np.ndarray]:
    """So many of the elements, scattered, and as bad sensors and saturated stars have them: a column, a disk."""
    scattered = np.random.default_rng(1).random(shape) < share
    column, count = np.zeros(shape, bool), round(share * shape[0] * shape[1])
    column[:count, shape[1] // 3] = True
    row, place = np.ogrid[: shape[0], : shape[1]]
    around = (row - 0.4 * shape[0]) ** 2 + (place - 0.6 * shape[1]) ** 2 < count / np.pi
    return {"scattered": scattered, "column": column, "disk": around}


def missing(settings: Settings) -> Iterator[Row]:
    """A share of the elements masked, or NaN and left out: the time as a share of the plain filter's, which is
    to be at most 2.5 where few are missing, and how much faster it is than SciPy with NumPy's nanmedian."""
    sizes = (3, 5, 15) if settings.quick else (3, 5, 7, 15, 31, 63)
    for size in sizes:
        for dtype in (*MAIN_TYPES, "float64"):
            image = image_of(dtype)
            plain = ours(image, size)
            for share in (0.001, 0.01, 0.1):
                must = 2.5 if share == 0.001 else None
                for shape, hidden in masks_of(image.shape, share).items():
                    if share > 0.001 and shape != "scattered":
                        continue
                    case = f"{size}x{size} {dtype}, {share:.1%} {shape}"
                    masked = ours(image, size, mask=hidden)
                    yield relative(settings, "missing", f"{case}, masked", masked, "plain", plain, must)
                    if dtype.startswith("float"):
                        holes = np.where(hidden, np.nan, image).astype(dtype)
                        omit = ours(holes, size, nan_policy="omit")
                        yield relative(settings, "missing", f"{case}, NaN", omit, "plain", plain, must)
    yield from against_nanmedian(settings)


def against_nanmedian(settings: Settings) -> Iterator[Row]:
    for size in (3, 5, 15):
        image = image_of("float32")
        for share in (0.001, 0.01, 0.1):
            holes = np.where(np.random.default_rng(1).random(image.shape) < share, np.float32(np.nan), image)
            calls = {
                "fastmath": ours(holes, size, nan_policy="omit"),
                "SciPy": lambda holes=holes, size=size: ndimage.vectorized_filter(holes, np.nanmedian, size=size),
            }
            yield against(settings, "missing", f"{size}x{size} float32, {share:.1%} NaN", calls, 100, None)


def beyond(settings: Settings) -> Iterator[Row]:
    """What SciPy lacks besides, as shares of the plain filter's time: borders, means of two middles, deviations, and
    outliers in units of the image and of the deviation."""
    for size, must, must_deviate in ((3, 2, 9), (5, 1.5, 8), (7, 1.5, 8), (15, 1.5, None)):
        for dtype in MAIN_TYPES:
            image, case = image_of(dtype), f"{size}x{size} {dtype}"
            plain = ours(image, size)
            inside, output = np.empty((513 - size, 513 - size), dtype), np.empty_like(image)
            common = {"size": size, "mode": "nearest", "output": output}
            clean = functools.partial(fastmath.remove_outliers, image, **common)
            calls = {
                "truncate": (ours(image, size, mode="truncate"), None),
                "valid": (ours(image, size, mode="valid", output=inside), None),
                "outliers": (functools.partial(clean, threshold=10 if image.dtype.kind == "u" else 0.1), must),
                "outliers and where": (functools.partial(clean, threshold=1, return_mask=True), must),
                "outliers in deviations": (
                    functools.partial(clean, threshold=3, units="mad"), must_deviate and must_deviate + 1
                ),
                "deviation": (functools.partial(fastmath.mad_filter, image, **common), must_deviate),
            }
            for name, (call, most) in calls.items():
                yield relative(settings, "beyond", f"{case}, {name}", call, "plain", plain, most)
        image = image_of("uint16")
        even = ours(image, size + 1, even="mean")
        yield relative(settings, "beyond", f"{size + 1}x{size + 1} uint16, mean of the middles", even, "plain",
                       ours(image, size + 1), None)  # fmt: skip
    yield from masked_options(settings)
    yield from masked_windows(settings)


def masked_options(settings: Settings) -> Iterator[Row]:
    """Each option for missing elements by itself, with 0.1 % of them."""
    for size in (3, 5, 15):
        for dtype in MAIN_TYPES:
            image, case = image_of(dtype), f"{size}x{size} {dtype}"
            hidden = masks_of(image.shape, 0.001)["scattered"]
            calls = {
                "masked array": ours(np.ma.MaskedArray(image, hidden), size, output=np.empty_like(image)),
                "mask and fill_value": ours(image, size, mask=hidden, fill_value=1),
            }
            if dtype == "float32":
                holes = np.where(hidden, np.float32(np.nan), image)
                calls |= {
                    "NaN propagated": ours(holes, size, nan_policy="propagate"),
                    "NaN refused": ours(image, size, nan_policy="raise"),
                    "NaN kept": ours(holes, size, nan_policy="omit", keep_nan=True),
                }
            for name, call in calls.items():
                yield relative(settings, "beyond", f"{case}, {name}", call, "plain", ours(image, size), None)


def masked_windows(settings: Settings) -> Iterator[Row]:
    """Windows of other kinds, with 0.1 % masked."""
    image, volume, signal = image_of("uint16"), image_of("uint16", (64, 128, 128)), image_of("uint16", (1_000_000,))
    cases: list[tuple[str, np.ndarray, object, dict[str, object]]] = [
        ("disk of radius 2", image, None, {"footprint": disk(2)}),
        ("disk of radius 10", image, None, {"footprint": disk(10)}),
        ("4x4", image, 4, {}), ("101x101", image, 101, {}), ("201x201", image, 201, {}), ("601x601", image, 601, {}),
        ("1-D, 31", signal, 31, {}), ("1-D, 1001", signal, 1001, {}),
        ("3x3x3", volume, 3, {}), ("5x5x5", volume, 5, {}),
    ]  # fmt: skip
    for name, array, size, options in cases[:5] if settings.quick else cases:
        hidden = np.random.default_rng(1).random(array.shape) < 0.001
        masked, plain = ours(array, size, mask=hidden, **options), ours(array, size, **options)
        yield relative(settings, "beyond", f"{name} uint16, masked", masked, "plain", plain, None)
    hidden = masks_of(image.shape, 0.001)["scattered"]
    across = ours(image.T, 5, mask=np.ascontiguousarray(hidden.T))
    yield relative(settings, "beyond", "5x5 uint16, mask in the other order", across, "plain", ours(image.T, 5), None)


# ---- Calls, threads, instruction sets ----


def workers(settings: Settings) -> Iterator[Row]:
    """By the clock on the wall: two cores have to be free."""
    for dtype in MAIN_TYPES:
        image = image_of(dtype, (4096, 4096))
        for size in (5, 15):
            calls = {"two workers": ours(image, size, workers=2), "one": ours(image, size)}
            case = f"4096x4096 {dtype}, {size}x{size}"
            yield against(settings, "workers", case, calls, 1.9, 2.0, time.perf_counter)
            yield two_images(settings, dtype, size)


def two_images(settings: Settings, dtype: str, size: int) -> Row:
    """What the machine gives: two threads that share nothing, each with an image that fits the caches."""
    images = [ours(image_of(dtype), size) for _ in range(2)]

    def repeated(call: Call) -> None:
        for _ in range(10):
            call()

    with ThreadPoolExecutor(2) as threads:
        calls = {
            "two threads": lambda: list(threads.map(repeated, images)),
            "one": lambda: [repeated(image) for image in images],
        }
        case = f"two images of 512x512 {dtype}, {size}x{size}, each by a thread of its own"
        return against(settings, "workers", case, calls, None, None, time.perf_counter)


def small_calls(settings: Settings) -> Iterator[Row]:
    image = image_of("uint8", (16, 16))
    done = race({"fastmath": lambda: fastmath.median_filter(image, 3), "SciPy": of_scipy(image, 3)},
                budget=settings.budget)  # fmt: skip
    value = done.best("fastmath") * 1e6
    yield Row("small calls", "16x16 uint8, 3x3", "microseconds", "SciPy", value, 3, None, seconds_of(done),
              most=True)  # fmt: skip


def instruction_sets(settings: Settings) -> Iterator[Row]:
    """Each lower one's time as a share of the highest's; a process for each, in turns."""
    limits = {("v3", "v4"): 1.8, ("v2", "v4"): 3.5}
    *lower, highest = fastmath.simd.available
    times = levels.in_turns(fastmath.simd.available, rounds=2 if settings.quick else 5)
    for case in times[highest]:
        for level in lower:
            value = float(np.median(np.array(times[level][case]) / np.array(times[highest][case])))
            seconds = {name: min(times[name][case]) for name in (level, highest)}
            yield Row("instruction sets", f"{case}, {level}", f"time of {highest}", highest, value,
                      limits.get((level, highest)), None, seconds, most=True)  # fmt: skip


GROUPS: dict[str, Callable[[Settings], Iterator[Row]]] = {
    "squares": squares, "large": large_images, "types": types, "rectangles": rectangles, "signals": signals,
    "stacks": stacks, "volumes": volumes, "footprints": footprints, "ranks": ranks, "extremes": extremes,
    "missing": missing, "beyond": beyond,
    "workers": workers, "calls": small_calls, "levels": instruction_sets,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"all, or some of: {', '.join(GROUPS)}")
    parser.add_argument("--quick", action="store_true", help="fewer cases and shorter races: minutes")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="write median.md, median.json, median.svg")
    arguments = parser.parse_args()
    if unknown := set(arguments.groups) - set(GROUPS):
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    warnings.simplefilter("ignore")  # scikit-image warns of images with many values
    for line in peers.installed()[1]:
        print(line)
    settings = Settings(arguments.quick)
    rows = report.run(arguments.groups or GROUPS, lambda group: GROUPS[group](settings))
    if arguments.write:
        report.write_medians(arguments.write, rows)


if __name__ == "__main__":
    main()
