"""One HTML page with tables, figures and a slice before and after: complete in itself."""

import base64
import html
from importlib.resources import files
from string import Template
from typing import Any

import numpy as np

import fastmath
from fastmath.bench.figure import FIGURES
from fastmath.bench.findings import findings
from fastmath.bench.png import encode
from fastmath.bench.slices import Slice, slice_or_noise
from fastmath.bench.table import text_of

SIZE = 5


def page(results: dict[str, Any]) -> str:
    """The page for the results of a run, as they are in its JSON."""
    shown = slice_or_noise()
    template = Template(files("fastmath.bench").joinpath("report.html").read_text())
    return template.substitute(
        date=html.escape(results["date"]),
        processor=html.escape(results["machine"]["processor"]),
        python=html.escape(results["machine"]["Python"].partition(",")[0]),
        links="".join(f'<a href="#{t["name"]}">{html.escape(t["title"])}</a>' for t in results["tables"]),
        short=short(findings(results)),
        tables="\n".join(section(table) for table in results["tables"]),
        machine="\n".join(
            f"<tr><th scope='row'>{html.escape(name)}</th><td>{html.escape(fact)}</td></tr>"
            for name, fact in results["machine"].items()
        ),
        slice=html.escape(shown.what),
        size=f"{SIZE} × {SIZE}",
        before=data_url(shown),
        after=data_url(shown._replace(pixels=fastmath.median_filter(shown.pixels, SIZE))),
    )


def short(sentences: list[str]) -> str:
    """What the numbers say, if they say anything."""
    items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in sentences)
    return f'<section id="short"><h2>In short</h2><ul>{items}</ul></section>' if items else ""


def section(table: dict[str, Any]) -> str:
    heads = "".join(head(table, i) for i in range(len(table["columns"])))
    rows = "\n".join(f"<tr>{row_head(row[0])}{''.join(map(cell, row[1:]))}</tr>" for row in table["rows"])
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in table["notes"])
    figure = FIGURES[table["name"]](table) if table["name"] in FIGURES and table["rows"] else ""
    return (
        f'<section id="{table["name"]}"><h2>{html.escape(table["title"])}</h2>\n'
        f"<p>{html.escape(table['reading'])}</p>\n{figure}\n"
        f'<div class="wide" tabindex="0"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>\n'
        f"<ul class='notes'>{notes}</ul></section>"
    )


def head(table: dict[str, Any], column: int) -> str:
    numbers = any(isinstance(row[column], (int, float)) for row in table["rows"])
    kind = ' class="number"' if numbers else ""
    return f'<th scope="col"{kind}><button>{html.escape(table["columns"][column])}</button></th>'


def row_head(name: Any) -> str:
    return f'<th scope="row">{html.escape(text_of(name))}</th>'


def cell(value: Any) -> str:
    kind = f' class="number" data-value="{value!r}"' if isinstance(value, (int, float)) else ""
    return f"<td{kind}>{html.escape(text_of(value))}</td>"


def data_url(shown: Slice) -> str:
    """The image as a PNG in a URL."""
    grey = np.clip((shown.pixels - shown.low) / (shown.high - shown.low), 0, 1) * 255
    return "data:image/png;base64," + base64.b64encode(encode(grey.astype(np.uint8))).decode()
