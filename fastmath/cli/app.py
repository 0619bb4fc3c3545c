"""The commands and their options. Other modules do the work."""

import math
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

import fastmath
from fastmath.cli.files import Options, run
from fastmath.cli.info import build_flags, print_info
from fastmath.cli.plan import PlanError, check_preview, plan
from fastmath.images.filtering import Filter, Median, Outliers

app = typer.Typer(
    name="fastmath",
    help="Median filters for images that keep data type, bit depth and metadata.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

EXAMPLES = """
Examples:

- `fastmath median slice.dcm clean.dcm --size 5`
- `fastmath median scans/ clean/ --size 3 --preview look.png`
- `fastmath median a.tif b.tif clean/ --size 3x7 --workers -1`
- `fastmath median sky.fits clean.fits --size 5 --shape disk --nan-policy omit --keep-nan`
- `fastmath median frame.tif background.tif --size 31 --percentile 20 --mask bad.png`
"""

OUTLIER_EXAMPLES = """
Examples:

- `fastmath outliers frame.tif repaired.tif --size 3 --threshold 200`
- `fastmath outliers raw/ repaired/ --size 5 --threshold 6 --units mad --which bright`
"""

WINDOW = re.compile(r"(?P<rows>\d{1,9})(x(?P<columns>\d{1,9}))?", re.ASCII | re.IGNORECASE)


class Mode(StrEnum):
    """How a picture continues beyond its border."""

    reflect = "reflect"
    mirror = "mirror"
    nearest = "nearest"
    wrap = "wrap"
    constant = "constant"
    truncate = "truncate"


class Shape(StrEnum):
    """Which pixels of the window count."""

    box = "box"
    disk = "disk"
    cross = "cross"


class NanPolicy(StrEnum):
    """What a pixel without a value is."""

    last = "last"
    omit = "omit"
    propagate = "propagate"
    raise_ = "raise"


class Units(StrEnum):
    """What a threshold is given in."""

    image = "image"
    mad = "mad"


class Which(StrEnum):
    """Which outliers are replaced."""

    both = "both"
    bright = "bright"
    dark = "dark"


class Bench(StrEnum):
    """What can be measured."""

    bindings = "bindings"
    sum = "sum"
    median = "median"
    pipeline = "pipeline"
    all = "all"


def _window(text: str) -> tuple[int, int]:
    sides = WINDOW.fullmatch(text)
    if sides is None:
        wanted = "neither a number like 5 nor rows x columns like 3x7"
        raise typer.BadParameter(f"{text!r} is {wanted}", param_hint="--size")
    rows = int(sides["rows"])
    columns = int(sides["columns"] or rows)
    if rows < 1 or columns < 1:
        raise typer.BadParameter(f"{text!r}: the smallest window is 1", param_hint="--size")
    return rows, columns


def _workers(count: int) -> int:
    if count < 1 and count != -1:
        wanted = "neither a number of threads nor -1 for all cores"
        raise typer.BadParameter(f"{count} is {wanted}")
    return count


def _threshold(limit: float) -> float:
    if not limit >= 0 or math.isinf(limit):
        raise typer.BadParameter(f"{limit:g} is not a number of at least 0")
    return limit


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fastmath {fastmath.__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _fastmath(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT",
        help="Image files, and folders: these are searched to the bottom.",
        show_default=False,
    ),
]
Output = Annotated[
    str,
    typer.Argument(
        metavar="OUTPUT",
        help="For one file the file to write, else the folder to write to; folders keep their structure.",
        show_default=False,
    ),
]
Size = Annotated[
    str,
    typer.Option(metavar="N|RxC", help="Window: 5 for 5 by 5 pixels, 3x7 for 3 rows by 7 columns.", show_default=False),
]
BorderMode = Annotated[
    Mode,
    typer.Option(
        help="How a picture continues beyond its border; constant means with 0, truncate that windows end there."
    ),
]
MaskFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="An image of the same size: where it is not 0, pixels do not count. Of many pages, one for each picture.",
        show_default=False,
    ),
]
NanChoice = Annotated[
    NanPolicy | None,
    typer.Option(
        help="What NaN and the BLANK of FITS are: last, larger than any number; omit, pixels that do not count; "
        "propagate, what makes every window that has one NaN; raise, a reason to leave the file.",
        show_default="last, and a note",
    ),
]
Workers = Annotated[int, typer.Option(callback=_workers, help="Threads for each picture; -1 takes all cores.")]
Preview = Annotated[
    Path | None,
    typer.Option(
        metavar="PNG",
        help="Also draw the middle plane of the first image before and after.",
        show_default=False,
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite files that exist.")]


@app.command(epilog=EXAMPLES)
def median(
    inputs: Inputs,
    output: Output,
    size: Size,
    shape: Annotated[Shape, typer.Option(help="Which pixels of the window count.")] = Shape.box,
    percentile: Annotated[
        float | None,
        typer.Option(
            metavar="P",
            min=0,
            max=100,
            help="Take this percentile of the window instead of the median: 0 is its minimum, 100 its maximum.",
            show_default=False,
        ),
    ] = None,
    mode: BorderMode = Mode.reflect,
    mask: MaskFile = None,
    nan_policy: NanChoice = None,
    keep_nan: Annotated[
        bool, typer.Option("--keep-nan", help="Leave pixels without a value as they are, rather than fill them.")
    ] = False,
    workers: Workers = 1,
    preview: Preview = None,
    force: Force = False,
) -> None:
    """Remove noise from images: each pixel becomes the median of the window around it.

    PNG, TIFF, DICOM, FITS and NPY files are known by their suffix, DICOM files without one by
    their content. What comes out is of the same format, data type and bit depth, with the same
    metadata; a DICOM file becomes a derived image with a UID of its own. Colour channels are
    filtered one by one; alpha stays.

    Files that cannot be used are reported and the others done; the exit status is then 1.
    """
    chosen = Median(
        window=_window(size), mode=mode.value, workers=workers, nan_policy=nan_policy and nan_policy.value,
        shape=shape.value, percentile=percentile, keep_nan=keep_nan,
    )  # fmt: skip
    _filter_files(inputs, output, chosen, mask, preview, force)


@app.command(epilog=OUTLIER_EXAMPLES)
def outliers(
    inputs: Inputs,
    output: Output,
    size: Size,
    threshold: Annotated[
        float,
        typer.Option(
            metavar="T",
            callback=_threshold,
            help="Replace a pixel that differs from the median by more than this.",
            show_default=False,
        ),
    ],
    units: Annotated[
        Units,
        typer.Option(
            help="What the threshold is given in: the units of the image, to which BSCALE of FITS and RescaleSlope of "
            "DICOM bring the stored numbers, or the median absolute deviation of the window, of which 1.4826 are a "
            "standard deviation of normal noise."
        ),
    ] = Units.image,
    which: Annotated[Which, typer.Option(help="Pixels above their median, below it, or both.")] = Which.both,
    mode: BorderMode = Mode.reflect,
    mask: MaskFile = None,
    nan_policy: NanChoice = None,
    workers: Workers = 1,
    preview: Preview = None,
    force: Force = False,
) -> None:
    """Repair bad pixels: only those that stand out from the median of the window around them become it.

    Files are read and written as by `fastmath median`. Pixels that the mask leaves out, and those without a
    value, stay as they are.
    """
    chosen = Outliers(
        window=_window(size), mode=mode.value, workers=workers, nan_policy=nan_policy and nan_policy.value,
        threshold=threshold, units=units.value, which=which.value,
    )  # fmt: skip
    _filter_files(inputs, output, chosen, mask, preview, force)


def _filter_files(
    inputs: list[str], output: str, chosen: Filter, mask: Path | None, preview: Path | None, force: bool
) -> None:
    jobs = plan(inputs, output)
    if preview is not None:
        check_preview(preview, jobs, force)
    done = run(jobs, Options(chosen, mask, preview, force))
    raise typer.Exit(0 if done else 1)


@app.command()
def info(
    cflags: Annotated[
        bool, typer.Option("--cflags", help="Print the compiler's flags for programs that use fastmath.h.")
    ] = False,
    libs: Annotated[
        bool, typer.Option("--libs", help="Print the linker's flags for programs that use fastmath.h.")
    ] = False,
) -> None:
    """Show the version, the instruction sets, the optional packages and the cores.

    `cc program.c $(fastmath info --cflags --libs)` builds a C program with the kernels.
    """
    if cflags or libs:
        typer.echo(build_flags(cflags, libs))
    else:
        print_info()


@app.command()
def bench(
    what: Annotated[
        Bench, typer.Argument(metavar="TABLE", help="bindings, sum, median, pipeline or all.", show_default=True)
    ] = Bench.all,
    quick: Annotated[bool, typer.Option("--quick", help="Take fewer values: about a minute instead of four.")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Also write everything as JSON.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="HTML", help="Also write one HTML page with tables, figures and images."),
    ] = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write the tables as Markdown.")] = None,
    compare: Annotated[
        Path | None, typer.Option(metavar="OLD.json", help="Also compare with the JSON of an earlier run.")
    ] = None,
) -> None:
    """Measure on this machine what each route from Python to C costs, and what the kernels gain.

    - `bindings`: what a call costs, route by route, and what it is made of
    - `sum`: the sum of a million ints
    - `median`: forty lines of Python, the same in C by each route, and other libraries
    - `pipeline`: the median's share of the CPU time from a DICOM slice to a PNG

    Ctrl-C ends the measurement and shows what is done. Peers that are not installed are left out, with a line
    that says how to install them.
    """
    try:
        from fastmath.cli.bench import Outputs
        from fastmath.cli.bench import bench as run_bench
    except ModuleNotFoundError as missing:
        if missing.name != "pyperf":
            raise
        raise PlanError("bench needs the package pyperf: pip install 'fastmath-native[bench]'") from None
    if not run_bench(what.value, quick, Outputs(json_file, report, markdown), compare):
        raise KeyboardInterrupt
