"""Figures for the report page: a row for each line of a table, a dot for each number, in SVG.

Places are percentages of the width and letters keep their size, so a figure is as readable on a phone as on a desk.
Colours are those of the page.
"""

import functools
import html
import math
from collections.abc import Callable
from typing import Any

from fastmath.bench.table import text_of

ROW, TOP = 44, 8  # pixels
LEFT, RIGHT = 2.0, 88.0  # per cent of the width for the axis; the last number stands to the right of it


class Axis:
    """From numbers to places.

    Parameters
    ----------
    numbers : list of float
        What has to be shown.
    logarithmic : bool
        Whether equal distances are equal factors; else the axis begins at 0.
    """

    def __init__(self, numbers: list[float], logarithmic: bool) -> None:
        self.logarithmic = logarithmic
        if logarithmic:
            self.low = 10.0 ** math.floor(math.log10(min(numbers)))
            self.high = max(max(numbers) * 1.1, self.low * 10)
            decades = range(round(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)
            self.ticks = [10.0**d for d in decades]
        else:
            self.low = 0.0
            step = _round_step(max(numbers) / 4)
            self.ticks = [step * i for i in range(math.ceil(max(numbers) / step) + 1)]
            self.high = self.ticks[-1]

    def place(self, number: float) -> float:
        """Per cent of the figure's width."""
        if self.logarithmic:
            share = math.log(number / self.low) / math.log(self.high / self.low)
        else:
            share = number / self.high
        return LEFT + (RIGHT - LEFT) * share


def _round_step(least: float) -> float:
    """1, 2 or 5 times a power of ten, at least so much."""
    power = 10.0 ** math.floor(math.log10(max(least, 1e-9)))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least)


def dots(table: dict[str, Any], columns: list[str], unit: str, logarithmic: bool = True, line: bool = False) -> str:
    """A figure of some columns of a table, each in a colour of its own; `line` joins a row's dots."""
    places = [table["columns"].index(column) for column in columns]
    rows = [(row[0], [row[place] for place in places]) for row in table["rows"]]
    numbers = [n for _, cells in rows for n in cells if isinstance(n, float) and (n > 0 or not logarithmic)]
    if not numbers:
        return ""
    axis = Axis(numbers, logarithmic)
    height = TOP + len(rows) * ROW + 24
    drawn = [_grid(axis, height)]
    for i, (name, cells) in enumerate(rows):
        drawn.append(_row(axis, TOP + i * ROW, str(name), cells, columns, unit, line))
    title = html.escape(f"{table['title']}: {', '.join(columns)}")
    scale = f"{unit}, each line ten times the one before" if logarithmic else unit
    legend = "".join(
        f'<span class="s{i}">{html.escape(column)}</span>' for i, column in enumerate(columns) if columns[1:]
    )
    return (
        f'<figure><figcaption>{legend}<span class="unit">{html.escape(scale)}</span></figcaption>'
        f'<svg width="100%" height="{height}" role="img" aria-label="{title}">{"".join(drawn)}</svg></figure>'
    )


def _grid(axis: Axis, height: int) -> str:
    lines = []
    for tick in axis.ticks:
        x = axis.place(tick)
        label = f"{tick:,.10g}"
        anchor = "start" if x < 5 else "middle"
        lines.append(
            f'<line class="grid" x1="{x:.2f}%" x2="{x:.2f}%" y1="{TOP}" y2="{height - 20}"/>'
            f'<text class="tick" x="{x:.2f}%" y="{height - 5}" text-anchor="{anchor}">{label}</text>'
        )
    return "".join(lines)


def _row(axis: Axis, y: int, name: str, cells: list[Any], columns: list[str], unit: str, line: bool) -> str:
    middle = y + 30
    known = [
        (axis.place(n), n, i) for i, n in enumerate(cells) if isinstance(n, float) and (n > 0 or not axis.logarithmic)
    ]
    drawn = [f'<text class="name" x="{LEFT}%" y="{y + 16}">{html.escape(name)}</text>']
    if known and (line or not axis.logarithmic):
        start = min(known)[0] if line else LEFT
        drawn.append(f'<line class="stem" x1="{start:.2f}%" x2="{max(known)[0]:.2f}%" y1="{middle}" y2="{middle}"/>')
    for x, number, i in sorted(known, reverse=True):
        tip = html.escape(f"{name}, {columns[i]}: {text_of(number)} {unit}")
        drawn.append(f'<circle class="s{i}" cx="{x:.2f}%" cy="{middle}" r="5.5"><title>{tip}</title></circle>')
    if known:
        x, number, _ = max(known)
        drawn.append(f'<text class="value" x="{x:.2f}%" dx="10" y="{middle + 4}">{text_of(number)}</text>')
    return "".join(drawn)


#: The figure of each table that has one.
FIGURES: dict[str, Callable[[dict[str, Any]], str]] = {
    "bare": functools.partial(
        dots, columns=["no arguments", "two ints", "one float", "small buffer", "list of 1000"], unit="ns"
    ),
    "steps": functools.partial(dots, columns=["ns"], unit="ns", logarithmic=False),
    "bindings": functools.partial(dots, columns=["two ints", "one float", "small buffer", "list of 1000"], unit="ns"),
    "lists": functools.partial(dots, columns=["ns"], unit="ns"),
    "layouts": functools.partial(
        dots, columns=["quickest layout", "median", "slowest layout"], unit="ns", logarithmic=False, line=True
    ),
    "sum": functools.partial(dots, columns=["measured, ms", "tutorial, ms"], unit="ms"),
    "median": functools.partial(dots, columns=["ms"], unit="ms"),
    "pipeline": functools.partial(dots, columns=["share, %", "tutorial"], unit="per cent", logarithmic=False),
    "profile": functools.partial(dots, columns=["share, %"], unit="per cent", logarithmic=False),
}
