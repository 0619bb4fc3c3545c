"""Which input goes to which output, and what is refused before anything is done."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fastmath.images import FORMATS, format_of


class PlanError(Exception):
    """What was asked for cannot be done; the message says why."""


class Job(NamedTuple):
    """A file to filter and the file to write."""

    source: Path
    target: Path


def plan(inputs: list[str], output: str) -> list[Job]:
    """Pair each input file with an output file.

    Parameters
    ----------
    inputs : list of str
        Files and folders. The images of a lone folder go straight into the output folder, those
        of one among several inputs into a folder of the same name there.
    output : str
        A file for one input file; a folder if it is one already, ends in a slash, or has to take
        more than one file.

    Returns
    -------
    list of Job
        In the order of the inputs; files of a folder by name.

    Raises
    ------
    PlanError
        If an output is one of the inputs, two inputs meet in one output, a folder has no images,
        or the output's suffix asks for another format.
    """
    sources = [Path(text) for text in inputs]
    target = Path(output)
    if len(sources) > 1 or sources[0].is_dir() or target.is_dir() or _ends_in_separator(output):
        if target.exists() and not target.is_dir():
            raise PlanError(f"{target} is a file, and a folder is needed for the results")
        jobs = list(_into_folder(sources, target))
    else:
        _refuse_conversion(sources[0], target)
        jobs = [Job(sources[0], target)]
    _refuse_collisions(jobs)
    _refuse_overwritten_inputs(jobs)
    return jobs


def check_preview(preview: Path, jobs: list[Job], force: bool) -> None:
    """Refuse a preview that cannot be drawn or would destroy something.

    Parameters
    ----------
    preview : Path
        The picture to draw.
    jobs : list of Job
        What else is read and written.
    force : bool
        Whether an existing picture may be overwritten.

    Raises
    ------
    PlanError
        If it is no PNG file, exists, or is one of the files of `jobs`.
    """
    if preview.suffix.lower() != ".png":
        raise PlanError(f"the preview {preview} has to be a .png file")
    if preview.exists() and not force:
        raise PlanError(f"the preview {preview} exists; --force overwrites it")
    for job in jobs:
        if _same_file(preview, job.source) or preview.absolute() == job.target.absolute():
            raise PlanError(f"the preview {preview} is also an image to read or write")


def _ends_in_separator(text: str) -> bool:
    return text.endswith(tuple(filter(None, (os.sep, os.altsep))))


def _into_folder(sources: list[Path], target: Path) -> Iterator[Job]:
    for source in sources:
        if not source.is_dir():
            yield Job(source, target / source.name)
            continue
        if _same_file(source, target):
            raise PlanError(f"input and output are the same folder {source}")
        base = target if len(sources) == 1 else target / source.resolve().name
        files = list(_images_in(source, target))
        if not files:
            raise PlanError(f"there are no images in {source}")
        for file in files:
            yield Job(file, base / file.relative_to(source))


def _images_in(folder: Path, output: Path) -> Iterator[Path]:
    """Go through a folder by name, leaving out hidden files and what lies in the output folder."""
    for root, folders, names in os.walk(folder, onerror=_fail):
        here = Path(root)
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and not _same_file(here / name, output)
        )
        for name in sorted(names):
            if not name.startswith(".") and _may_be_image(here / name):
                yield here / name


def _fail(error: OSError) -> None:
    raise error


def _may_be_image(path: Path) -> bool:
    try:
        return format_of(path) is not None
    except OSError:  # reading it will give the reason
        return True


def _same_file(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _refuse_conversion(source: Path, target: Path) -> None:
    wanted = FORMATS.get(target.suffix.lower())
    kind = format_of(source)
    # a DICOM file may have any name that is not another format's
    if kind is None or wanted == kind or (kind == "dicom" and wanted is None):
        return
    raise PlanError(
        f"{target} has to end in {source.suffix or '.dcm'} like {source}: formats are not "
        "converted (a folder to write to ends in a slash)"
    )


def _refuse_collisions(jobs: list[Job]) -> None:
    taken: dict[Path, Path] = {}
    for source, target in jobs:
        first = taken.setdefault(target, source)
        if first != source:
            raise PlanError(f"{first} and {source} would both be written to {target}")


def _refuse_overwritten_inputs(jobs: list[Job]) -> None:
    inputs = {_identity(job.source): job.source for job in jobs if job.source.exists()}
    for _, target in jobs:
        if target.exists() and _identity(target) in inputs:
            source = inputs[_identity(target)]
            raise PlanError(f"{target} is the same file as the input {source}")


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino
