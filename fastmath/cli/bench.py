"""``fastmath bench``: measure, print the tables, write the reports."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import fill
from typing import Any, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from fastmath.bench.markdown import markdown
from fastmath.bench.report import page
from fastmath.bench.run import MEASUREMENTS, results, run
from fastmath.bench.table import Table, compared, text_of
from fastmath.bench.timing import FULL, QUICK
from fastmath.cli.plan import PlanError
from fastmath.images.whole_file import whole_file


# In characters: a terminal of 80 shows every table whole, and what goes into a file has no such limit.
NAME_WIDTH, HEADING_WIDTH, FILE_WIDTH = 12, 9, 120


class Outputs(NamedTuple):
    """The files to write, as far as they are asked for."""

    json: Path | None
    report: Path | None
    markdown: Path | None

    def check(self) -> None:
        """Refuse before anything is measured what could not be written afterwards."""
        paths = [path for path in self if path is not None]
        for path in paths:
            if path.is_dir():
                raise PlanError(f"{path} is a folder, and a file is needed")
            if not path.parent.is_dir():
                raise PlanError(f"{path} cannot be written: there is no folder {path.parent}")
        if len({path.absolute() for path in paths}) < len(paths):
            raise PlanError("two results would both be written to the same file")

    def write(self, new: dict[str, Any]) -> None:
        for path, make in zip(self, (_as_json, page, markdown)):
            if path is not None:
                with whole_file(path) as file:
                    file.write(make(new).encode())


def bench(what: str, quick: bool, outputs: Outputs, compare: Path | None) -> bool:
    """Measure what is asked for.

    Returns
    -------
    bool
        Whether it was not interrupted. Even then all that was done is printed and written.
    """
    old = read_results(compare) if compare else None
    outputs.check()
    tables: list[Table] = []
    names = list(MEASUREMENTS) if what == "all" else [what]
    complete = True
    try:
        with _progress() as show:
            run(names, QUICK if quick else FULL, tables, show)
    except KeyboardInterrupt:
        complete = False
    except RuntimeError as error:
        raise PlanError(str(error)) from None
    new = results(tables)
    for shown in [*tables, *([compared(new, old)] if old else [])]:
        _print(shown)
    outputs.write(new)
    return complete


def read_results(path: Path) -> dict[str, Any]:
    """The JSON of an earlier run."""
    try:
        old: dict[str, Any] = json.loads(path.read_text())
        compared(old, old)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise PlanError(f"{path} is no JSON file of an earlier run") from None
    return old


def _as_json(new: dict[str, Any]) -> str:
    return json.dumps(new, indent=1, ensure_ascii=False) + "\n"


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Give a function that says what is being done, on a terminal in one line."""
    console = Console(stderr=True)
    if not console.is_terminal:
        said: list[str] = []

        def say(step: str) -> None:
            if said[-1:] != [step]:
                said.append(step)
                print(f"fastmath: {step}", file=sys.stderr, flush=True)

        yield say
        return
    with console.status("measuring") as status:
        yield lambda step: status.update(f"measured {step}")


def _print(table: Table) -> None:
    shown = RichTable(title=table.title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for i, heading in enumerate(table.columns):
        numbers = any(isinstance(row[i], float) for row in table.rows)
        # numbers are read whole; what else a narrow terminal has no room for goes on in the next line
        shown.add_column(
            fill(heading, HEADING_WIDTH), justify="right" if numbers else "left", no_wrap=numbers, overflow="fold",
            min_width=0 if i else NAME_WIDTH,
        )  # fmt: skip
    for row in table.rows:
        shown.add_row(*(Text(text_of(cell)) for cell in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = FILE_WIDTH
    console.print(shown)
    for text in filter(None, [table.reading, *table.notes]):
        console.print(text, markup=False)
    console.print()
