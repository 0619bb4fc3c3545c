"""One HTML page with tables, figures and a slice before and after: complete in itself."""

import base64
import html
from importlib.resources import files
from string import Template
from typing import Any

import numpy as np

import fastmath
from fastmath.bench.png import encode
from fastmath.bench.slices import slice_or_noise
from fastmath.bench.table import text_of

from .._arguments import Array

#: The column that a figure is drawn of, by table.
FIGURES = {"bindings": "two ints", "sum": "measured, ms", "median": "ms", "pipeline": "median's share, %"}
BAR, GAP, LABEL, WIDTH = 18, 8, 160, 440  # units of the drawing, about pixels on a phone


def page(results: dict[str, Any]) -> str:
    """The page for the results of a run, as they are in its JSON."""
    image, what = slice_or_noise()
    template = Template(files("fastmath.bench").joinpath("report.html").read_text())
    return template.substitute(
        date=html.escape(results["date"]),
        processor=html.escape(results["machine"]["processor"]),
        tables="\n".join(section(table) for table in results["tables"]),
        machine="\n".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(fact)}</td></tr>"
            for name, fact in results["machine"].items()
        ),
        slice=html.escape(what),
        before=data_url(image),
        after=data_url(fastmath.median_filter(image, 5), like=image),
    )


def section(table: dict[str, Any]) -> str:
    heads = "".join(head(table, i) for i in range(len(table["columns"])))
    rows = "\n".join("<tr>" + "".join(map(cell, row)) + "</tr>" for row in table["rows"])
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in table["notes"])
    return (
        f'<section id="{table["name"]}"><h2>{html.escape(table["title"])}</h2>\n'
        f"<p>{html.escape(table['reading'])}</p>\n{figure(table)}\n"
        f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>\n'
        f"<ul>{notes}</ul></section>"
    )


def head(table: dict[str, Any], column: int) -> str:
    numbers = any(isinstance(row[column], (int, float)) for row in table["rows"])
    kind = ' class="number"' if numbers else ""
    return f'<th scope="col"{kind}><button>{html.escape(table["columns"][column])}</button></th>'


def cell(value: Any) -> str:
    kind = f' class="number" data-value="{value!r}"' if isinstance(value, (int, float)) else ""
    return f"<td{kind}>{html.escape(text_of(value))}</td>"


def figure(table: dict[str, Any]) -> str:
    """Bars on a logarithmic axis, as the numbers lie orders of magnitude apart."""
    heading = FIGURES.get(table["name"], "")
    if heading not in table["columns"]:
        return ""
    column = table["columns"].index(heading)
    bars = [(str(row[0]), float(row[column])) for row in table["rows"] if isinstance(row[column], float)]
    if not bars:
        return ""
    values = np.array([value for _, value in bars])
    lowest = 10 ** np.floor(np.log10(values.min()))
    lengths = np.log10(values / lowest) / max(np.log10(values.max() / lowest), 1e-9)
    lines = []
    for i, ((name, value), length) in enumerate(zip(bars, lengths)):
        y = i * (BAR + GAP)
        width = max(2.0, length * (WIDTH - LABEL - 60))
        lines.append(
            f'<text x="{LABEL - 8}" y="{y + 14}" text-anchor="end">{html.escape(name)}</text>'
            f'<rect x="{LABEL}" y="{y}" width="{width:.1f}" height="{BAR}" rx="3"/>'
            f'<text x="{LABEL + width + 6:.1f}" y="{y + 14}">{text_of(value)}</text>'
        )
    height = len(bars) * (BAR + GAP)
    return (
        f'<figure><svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{html.escape(heading)}">'
        f"{''.join(lines)}</svg><figcaption>{html.escape(heading)}, on a logarithmic axis</figcaption></figure>"
    )


def data_url(image: Array, like: Array | None = None) -> str:
    """The image in a URL, its grey values spread as those of another."""
    low, high = np.percentile(image if like is None else like, (1, 99))
    grey = np.clip((image.astype(float) - low) / max(high - low, 1), 0, 1) * 255
    return "data:image/png;base64," + base64.b64encode(encode(grey.astype(np.uint8))).decode()
