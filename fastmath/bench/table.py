"""A table of results: filled row by row, and shown by whoever shows it."""

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


def compared(new: dict[str, Any], old: dict[str, Any]) -> Table:
    """Numbers of two reports side by side, where both have them."""
    table = Table("compare", "Compared with before", ["what", "before", "now", "now / before"])
    before = {(t["name"], row[0], heading): cell for t in old["tables"] for row in t["rows"]
              for heading, cell in zip(t["columns"], row)}  # fmt: skip
    for t in new["tables"]:
        for row in t["rows"]:
            for heading, cell in zip(t["columns"], row):
                earlier = before.get((t["name"], row[0], heading))
                if isinstance(cell, float) and isinstance(earlier, float) and earlier:
                    table.rows.append([f"{t['name']}: {row[0]}, {heading}", earlier, cell, cell / earlier])
    return table
