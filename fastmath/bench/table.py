"""A table of results: filled row by row, and shown by whoever shows it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Cell = str | float | None


@dataclass
class Table:
    """What was measured, in rows.

    Attributes
    ----------
    name : str
        The word by which the command knows it.
    title : str
        What it shows.
    columns : list of str
        Headings; the first column names the rows. Units belong into the headings.
    reading : str
        What the numbers say, in a sentence or two.
    rows : list of list
        Texts and numbers; None where there is nothing to say.
    notes : list of str
        What was left out, and how stable the numbers are.
    """

    name: str
    title: str
    columns: list[str]
    reading: str = ""
    rows: list[list[Cell]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))


def text_of(cell: Cell) -> str:
    """A cell for people: numbers have three digits that count."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:.3g}"


#: Beginnings of columns that say nothing of the speed of this machine.
NOT_MEASURED = ("±", "range", "tutorial", "times", "lines", "calls", "share", "by cProfile")


def compared(new: dict[str, Any], old: dict[str, Any]) -> Table:
    """Numbers of two reports side by side, where both have them."""
    table = Table("compare", "Compared with before", ["what", "before", "now", "now / before"])
    before = {place: number for place, number in _numbers(old)}
    for place, number in _numbers(new):
        earlier = before.get(place)
        if earlier:
            name, row, heading = place
            table.rows.append([f"{name}: {row}, {heading}", earlier, number, number / earlier])
    for fact, was in old["machine"].items():
        now = new["machine"].get(fact)
        if now != was:
            table.notes.append(f"{fact} was: {was}; and is: {now}")
    if not table.rows:
        table.notes.append("The two runs have nothing in common.")
    return table


def _numbers(results: dict[str, Any]) -> Iterator[tuple[tuple[str, str, str], float]]:
    """What was measured, by table, row and column."""
    for table in results["tables"]:
        for row in table["rows"]:
            for heading, cell in zip(table["columns"], row):
                if isinstance(cell, float) and not heading.startswith(NOT_MEASURED):
                    yield (table["name"], row[0], heading), cell
