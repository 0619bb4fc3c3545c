"""``fastmath bench``: measure, print the tables, write the reports."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as RichTable

from fastmath.bench.markdown import markdown
from fastmath.bench.report import page
from fastmath.bench.run import MEASUREMENTS, results, run
from fastmath.bench.table import Table, compared, text_of
from fastmath.bench.timing import FULL, QUICK
from fastmath.cli.plan import PlanError
from fastmath.images.whole_file import whole_file


def bench(
    what: str,
    quick: bool,
    json_file: Path | None,
    report: Path | None,
    table: Path | None,
    compare: Path | None,
) -> bool:
    """Measure what is asked for.

    Returns
    -------
    bool
        Whether it was not interrupted. Even then all that was done is printed and written.
    """
    old = read_results(compare) if compare else None
    tables: list[Table] = []
    names = list(MEASUREMENTS) if what == "all" else [what]
    complete = True
    try:
        with _progress() as show:
            run(names, QUICK if quick else FULL, tables, show)
    except KeyboardInterrupt:
        complete = False
    new = results(tables)
    for shown in [*tables, *([compared(new, old)] if old else [])]:
        _print(shown)
    for path, make in ((json_file, _as_json), (report, page), (table, markdown)):
        if path is not None:
            with whole_file(path) as file:
                file.write(make(new).encode())
    return complete


def read_results(path: Path) -> dict[str, Any]:
    """The JSON of an earlier run."""
    try:
        old: dict[str, Any] = json.loads(path.read_text())
        compared(old, old)
    except (ValueError, KeyError, TypeError):
        raise PlanError(f"{path} is no JSON file of an earlier run") from None
    return old


def _as_json(new: dict[str, Any]) -> str:
    return json.dumps(new, indent=1, ensure_ascii=False) + "\n"


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Give a function that says what is being done, on a terminal in one line."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda step: print(f"fastmath: {step}", file=sys.stderr, flush=True)
        return
    with console.status("measuring") as status:
        yield lambda step: status.update(f"measured {step}")


def _print(table: Table) -> None:
    shown = RichTable(title=table.title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1))
    for i, heading in enumerate(table.columns):
        numbers = any(isinstance(row[i], float) for row in table.rows)
        # numbers and names are read whole; what else a narrow terminal has no room for goes on in the next line
        shown.add_column(heading, justify="right" if numbers else "left", no_wrap=numbers, overflow="fold")
    for row in table.rows:
        shown.add_row(*map(text_of, row))
    console = Console(highlight=False)
    console.print(shown)
    for text in filter(None, [table.reading, *table.notes]):
        console.print(text)
    console.print()
