"""What a run of benchmarks keeps: rows and their verdicts, and the files written from them."""

import json
import platform
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, astuple, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import fastmath
import numpy as np
from pairs import race
from peers import PEERS
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1] / "kernels" / "networks"))
from emit import SPARE
from plan import Plan
from plans import WINDOWS, plan_of
from stages import Load, Save, allocate, schedule

PACKAGES = ("scipy", "opencv-python-headless", "ipp", "scikit-image", "SimpleITK", "pillow")

LIBRARIES = ("fastmath", *PEERS)

VECTOR_BYTES = {"portable": 16, "v2": 16, "neon": 16, "v3": 32, "v4": 64}
REGISTERS = {"v4": 32}  # 16 elsewhere
OPERATIONS_PER_CYCLE = 4  # vector min and max: no processor of today does more


@dataclass(frozen=True)
class Row:
    """One cell: a ratio to `peer`, what it must reach and what it aims at (at least, or at `most`), and all
    times that were taken, the contender's own first."""

    group: str
    case: str
    unit: str
    peer: str
    value: float
    must: float | None
    aim: float | None
    seconds: dict[str, float]
    most: bool = False
    size: int | None = None
    dtype: str | None = None
    kind: str | None = None

    @property
    def verdict(self) -> str:
        if self.must is None and self.aim is None:
            return ""
        if self.reaches(self.aim):
            return "aim"
        return "pass" if self.must is None or self.reaches(self.must) else "miss"

    def reaches(self, goal: float | None) -> bool:
        return goal is not None and (self.value <= goal if self.most else self.value >= goal)


HEADINGS = ("case", "is", "", "must", "aim", "verdict", "ms", "peer, ms")


def cells(row: Row) -> list[str]:
    sign = "≤ " if row.most else ""
    goals = [f"{sign}{goal:.3g}" if goal is not None else "" for goal in (row.must, row.aim)]
    own = next(iter(row.seconds.values()))
    times = [f"{1000 * seconds:.3g}" for seconds in (own, row.seconds[row.peer])]
    return [row.case, f"{row.value:.3g}", row.unit, *goals, row.verdict, *times]


def show(console: Console, group: str, rows: list[Row]) -> None:
    table = Table(title=group, title_justify="left")
    for heading in HEADINGS:
        table.add_column(heading, justify="right" if heading in ("is", "must", "aim") else "left")
    for row in rows:
        table.add_row(*cells(row), style={"miss": "red", "aim": "green"}.get(row.verdict, ""))
    console.print(table)


def run(groups: Iterable[str], rows_of: Callable[[str], Iterator[Row]]) -> list[Row]:
    """Measure group by group, show each one's table, and say how many rows miss their goal."""
    console, rows = Console(), []
    for group in groups:
        made = []
        for row in rows_of(group):
            made.append(row)
            print(f"\r{row.group}: {row.case}\033[K", end="", file=sys.stderr, flush=True)
        print("\r\033[K", end="", file=sys.stderr)
        show(console, group, made)
        rows += made
    missed = [row for row in rows if row.verdict == "miss"]
    console.print(f"{len(rows)} cells, {len(missed)} below what they must reach")
    return rows


# ---- The machine and its limits ----


def machine(packages: tuple[str, ...]) -> dict[str, object]:
    return {
        "processor": _first_line("/proc/cpuinfo", "model name") or platform.processor(),
        "clock in MHz": _clock(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "instruction set": fastmath.simd.active,
        "compiler": _compiler(),
        "versions": {"fastmath": fastmath.__version__, **{name: _version(name) for name in ("numpy", *packages)}},
    }


def _first_line(path: str, key: str) -> str:
    for line in Path(path).read_text().splitlines() if Path(path).exists() else ():
        if line.startswith(key):
            return line.split(":", 1)[1].strip()
    return ""


def _clock() -> float:
    return float(_first_line("/proc/cpuinfo", "cpu MHz") or 0)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _compiler() -> str:
    """As the compiler itself noted in the library."""
    library = next(Path(fastmath.__file__).parent.glob("libfastmath.*"))
    note = re.search(rb"(?:GCC: |clang version )[\x20-\x7e]+", library.read_bytes())
    return note[0].decode() if note else "unknown"


def _flags() -> str:
    """Of the build folder that `make` uses, where there is one."""
    path = Path(__file__).parents[1] / "build" / "compile_commands.json"
    for command in json.loads(path.read_text()) if path.exists() else ():
        if f"networks_{fastmath.simd.active}_8" in command["output"]:
            return " ".join(re.findall(r"(?<= )-(?:O|m|f)\S+", command["command"]))
    return "unknown"


@dataclass(frozen=True)
class Work:
    """What a network does for an output, in elements; a vector has many."""

    operations: float  # min and max
    loads: float
    stores: float


@dataclass(frozen=True)
class Limit:
    """How near a network is to what the machine can do, for one pixel."""

    size: int
    dtype: str
    work: Work
    bytes_moved: int  # read and written, had every pixel to be moved once
    copy_ns: float  # measured: one image copied to another
    floor_ns: float  # if nothing but min and max took time


WORK_OF_3X3 = Work(18, 4, 1)
"""See kernels/median/three.c: six rows of outputs read eight at three places each."""


def _work(plan: Plan) -> Work:
    done = schedule(plan.network)
    outputs = len(plan.network.outputs)
    loads, stores = 0, outputs
    for stage in done.stages:
        steps, _ = allocate(done, stage, REGISTERS.get(fastmath.simd.active, 16) - SPARE)
        loads += sum(isinstance(step, Load) for step in steps)
        stores += sum(isinstance(step, Save) for step in steps) + len(stage.stored)
    return Work(plan.network.operations_per_pixel, loads / outputs, stores / outputs)


def _squares() -> dict[int, Work]:
    """Of the compiled networks, by the size of the window."""
    squares = [window for window in WINDOWS if window[0] == 1 and window[1] == window[2] and window[1] % 2]
    return {window[1]: _work(plan_of(window)) for window in squares}


def _seconds_to_copy(image: np.ndarray, offset: int) -> float:
    """Copies to some places take ten times as long: where both addresses have the same low bits."""
    room = np.empty(image.nbytes + offset, np.uint8)
    output = room[offset:].view(image.dtype).reshape(image.shape)
    return race({"copy": lambda: np.copyto(output, image)}, budget=0.2).best("copy")


def limits() -> list[Limit]:
    found = []
    squares = {3: WORK_OF_3X3, **_squares()}
    for dtype in ("uint8", "uint16", "float32"):
        image = np.ones((512, 512), dtype)
        copy = min(_seconds_to_copy(image, offset) for offset in (64, 1088, 2112))
        per_second = 1e6 * _clock() * OPERATIONS_PER_CYCLE * VECTOR_BYTES[fastmath.simd.active] / image.itemsize
        for size, work in squares.items():
            floor = 1e9 * work.operations / per_second if per_second else float("nan")
            found.append(Limit(size, dtype, work, 2 * image.itemsize, 1e9 * copy / image.size, floor))
    return found


# ---- Files ----


def write(folder: Path, name: str, title: str, about: dict[str, object], rows: list[Row],
          notes: tuple[str, ...] = (), **more: object) -> None:  # fmt: skip
    """Write the rows to `name`.md, with `notes` at its end, and to `name`.json, with what there is `more`."""
    folder.mkdir(parents=True, exist_ok=True)
    text = [f"# {title}", "", *_markdown(about, rows), *notes]
    (folder / f"{name}.md").write_text("\n".join(text) + "\n")
    data = {"machine": about, **more, "cells": [{**asdict(row), "verdict": row.verdict} for row in rows]}
    (folder / f"{name}.json").write_text(json.dumps(data, indent=1) + "\n")


def write_medians(folder: Path, rows: list[Row]) -> None:
    found = limits()
    about = {**machine(PACKAGES), "flags of the networks": _flags()}
    write(folder, "median", "Median filters, measured", about, rows, _limits_as_markdown(found),
          limits=[asdict(limit) for limit in found])  # fmt: skip
    if any(row.group == "squares" for row in rows):
        _draw(folder / "median.svg", found, rows)


def _markdown(about: dict[str, object], rows: list[Row]) -> list[str]:
    lines = []
    for key, value in about.items():
        if isinstance(value, dict):
            value = ", ".join(f"{name} {number}" for name, number in value.items())
        lines.append(f"- {key}: {value}")
    for group in dict.fromkeys(row.group for row in rows):
        lines += ["", f"## {group}", "", *_table(HEADINGS, [cells(row) for row in rows if row.group == group])]
    return lines


def _limits_as_markdown(found: list[Limit]) -> tuple[str, ...]:
    headings = ("window", "type", "min and max", "loads", "stores", "bytes", "copy, ns", "floor, ns")
    body = [
        [f"{limit.size}x{limit.size}", limit.dtype, *(f"{count:.4g}" for count in astuple(limit.work)),
         str(limit.bytes_moved), f"{limit.copy_ns:.3g}", f"{limit.floor_ns:.3g}"]
        for limit in found
    ]  # fmt: skip
    note = (
        f"All for one pixel. The floor counts {OPERATIONS_PER_CYCLE} vector operations a cycle at the clock above, "
        "and nothing else; loads and stores are those of the network, by vectors as well, bytes what has to be read "
        "and written in any case."
    )
    return ("", "## Limits of this machine", "", *_table(headings, body), "", note)


def _table(headings: tuple[str, ...], body: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(cells) + " |" for cells in (headings, ["---"] * len(headings), *body)]


def _draw(path: Path, found: list[Limit], rows: list[Row]) -> None:
    """Time per pixel of noise against the size of the window: a panel per type, a line per library."""
    from matplotlib.figure import Figure

    squares = [row for row in rows if row.group == "squares" and row.kind == "random"]
    figure = Figure((12, 4.5), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    for panel, dtype in zip(panels, ("uint8", "uint16", "float32"), strict=True):
        for place, name in enumerate(LIBRARIES):
            times = {row.size: 1e9 * row.seconds[name] / 512**2 for row in squares
                     if row.dtype == dtype and name in row.seconds}  # fmt: skip
            if times:
                panel.plot(*zip(*sorted(times.items()), strict=True), "o-", color=f"C{place}", label=name,
                           markersize=3, linewidth=2.5 if name == "fastmath" else 1)  # fmt: skip
        own = [limit for limit in found if limit.dtype == dtype]
        panel.plot([limit.size for limit in own], [limit.floor_ns for limit in own], "k:", label="min/max floor")
        panel.axhline(own[0].copy_ns, color="grey", linestyle="--", label="copying the image")
        panel.set(title=dtype, xlabel="size of the window", xscale="log", yscale="log")
        ticks = sorted({row.size for row in squares})
        panel.set_xticks(ticks, [str(tick) for tick in ticks], minor=False)
        panel.minorticks_off()
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("ns per pixel of noise, one thread")
    handles = {label: handle for panel in panels for handle, label in zip(*panel.get_legend_handles_labels())}
    figure.legend(handles.values(), handles.keys(), loc="outside right upper", fontsize="small")
    figure.savefig(path)
