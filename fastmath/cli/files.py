"""Filter file after file, report each, and sum up."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import fastmath
from fastmath.cli.messages import collected_messages
from fastmath.cli.plan import Job, PlanError
from fastmath.images import Image, ImageError, Picture, read, reader_of
from fastmath.images.filtering import Filter, Mask, filter_pictures
from fastmath.images.whole_file import whole_file


class Options(NamedTuple):
    """What the user chose."""

    chosen: Filter
    mask: Path | None
    preview: Path | None
    force: bool


@dataclass
class Totals:
    """What has been done so far."""

    files: int = 0
    images: int = 0
    bytes: int = 0
    seconds_in_filter: float = 0.0
    failures: int = 0


def run(jobs: list[Job], options: Options) -> bool:
    """Do the jobs one after the other.

    Parameters
    ----------
    jobs : list of Job
        What to read and write.
    options : Options
        How to filter.

    Returns
    -------
    bool
        Whether all of them were done. Those that were not have been reported by name and reason.

    Raises
    ------
    PlanError
        If the mask cannot be read.
    """
    totals = Totals()
    start = time.perf_counter()
    masks = None if options.mask is None else read_masks(options.mask)
    with _progress(len(jobs)) as show:
        for job in jobs:
            show(_try(job, options, masks, totals))
    _sum_up(totals, time.perf_counter() - start)
    return totals.failures == 0


def read_masks(path: Path) -> list[Mask]:
    """Read which pixels do not count: those that are not 0 in the pictures of a file."""
    try:
        with collected_messages():
            pictures = read(path).pictures
    except Exception as error:  # a broken file may raise anything
        raise PlanError(f"the mask {path}: {_reason(error)}") from None
    if any(picture.ndim != 2 for picture in pictures):
        raise PlanError(f"the mask {path} is in colour, and one number for each pixel is needed")
    return [picture != 0 for picture in pictures]


@contextmanager
def _progress(total: int) -> Iterator[Callable[[str | None], None]]:
    """Give a function that shows a file as done: in a bar on a terminal, else in a line."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda line: None if line is None else print(line, flush=True)
        return
    columns = (TextColumn("filter"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("filter", total=total)
        yield lambda _: progress.advance(bar)


def _try(job: Job, options: Options, masks: list[Mask] | None, totals: Totals) -> str | None:
    """Do a job; report it if it fails."""
    try:
        return _do(job, options, masks, totals)
    except Exception as error:  # a broken file may raise anything
        totals.failures += 1
        print(f"fastmath: {job.source}: {_reason(error)}", file=sys.stderr)
        return None


def _do(job: Job, options: Options, masks: list[Mask] | None, totals: Totals) -> str:
    """Filter one file, and say what was done."""
    preview = options.preview if totals.files == 0 else None
    if job.target.exists() and not options.force:
        raise ImageError(f"{job.target} exists; --force overwrites it")
    reader = reader_of(job.source)  # outside, since astropy logs warnings from its import on
    with collected_messages() as messages:
        image = reader(job.source)
        middle = len(image.pictures) // 2
        before = image.pictures[middle].copy() if preview else None
        start = time.perf_counter()
        replaced = filter_pictures(image, options.chosen, masks)
        seconds = time.perf_counter() - start
        job.target.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(job.target) as file:
            image.write(file, f"{options.chosen} (fastmath {fastmath.__version__})")
    if preview and before is not None:
        _draw(preview, before, image.pictures[middle], str(options.chosen))
    totals.files += 1
    totals.images += len(image.pictures)
    totals.bytes += sum(picture.nbytes for picture in image.pictures)
    totals.seconds_in_filter += seconds
    for note in dict.fromkeys([*image.notes, *messages]):
        print(f"fastmath: {job.source}: note: {' '.join(note.split())}", file=sys.stderr)
    change = "filtered" if replaced is None else f"{_count(replaced, 'pixel')} replaced"
    return f"{job.source} -> {job.target}: {_what(image)}, {change} in {seconds * 1e3:.2f} ms"


def _draw(path: Path, before: Picture, after: Picture, label: str) -> None:
    from fastmath.images.preview import draw_preview  # needs Pillow, which nothing else here does

    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        draw_preview(before, after, label, file)


def _what(image: Image) -> str:
    first = image.pictures[0]
    shape = " x ".join(str(side) for side in first.shape)
    count = f"{len(image.pictures)} of " if len(image.pictures) > 1 else ""
    return f"{count}{shape} {first.dtype.name}"


def _reason(error: Exception) -> str:
    """Say in one line why a file failed."""
    if isinstance(error, ImageError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    first_line = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first_line}" if first_line else type(error).__name__


def _sum_up(totals: Totals, seconds: float) -> None:
    print(
        f"{_count(totals.images, 'image')} in {_count(totals.files, 'file')}: {seconds:.2f} s, "
        f"{totals.images / seconds:.1f} images/s, {totals.bytes / 1e6 / seconds:.1f} MB/s; "
        f"{totals.seconds_in_filter:.3f} s of it in the filter"
    )
    if totals.failures:
        print(f"fastmath: {_count(totals.failures, 'file')} failed", file=sys.stderr)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
