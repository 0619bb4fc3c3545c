"""Put the headline table of docs/bench/results.json into README.md, between its two marks:
``python benchmarks/headline.py``.
"""

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS, README = ROOT / "docs" / "bench" / "results.json", ROOT / "README.md"
BEGIN, END = "<!-- headline: written by make bench -->\n", "<!-- end of headline -->\n"

#: What is done, the table, the column and its unit, who does it, and beside whom.
ROWS = [
    ("5x5 median of a CT slice", "median", "ms", "ms", "fastmath", "forty lines of Python"),
    ("", "median", "ms", "ms", "fastmath", "straight port, C API"),
    ("", "median", "ms", "ms", "fastmath", "SciPy"),
    ("", "median", "ms", "ms", "fastmath", "OpenCV"),
    ("sum of a list of 1,000,000 ints", "sum", "measured, ms", "ms", "fast_sum(list)", "sum(list)"),
    ("sum of an array of them", "sum", "measured, ms", "ms", "fast_sum(array)", "np.sum(array)"),
    ("a call of C with two ints", "bare", "two ints", "ns", "C API", "Cython"),
    ("", "bare", "two ints", "ns", "C API", "cffi API"),
    ("", "bare", "two ints", "ns", "C API", "ctypes CDLL"),
    ("the median's share of a pipeline", "pipeline", "share, %", "%", "fastmath", "forty lines of Python"),
]


def headline(results: dict[str, Any]) -> str:
    """The table as Markdown."""
    tables = {table["name"]: table for table in results["tables"]}
    machine = results["machine"]
    lines = [
        f"{machine['processor']}, {machine['Python'].partition(',')[0]}, {results['date']}, from "
        "[docs/bench](docs/bench/README.md), which `make bench` writes:\n",
        "| | | compared with | ratio |",
        "| --- | --- | --- | --- |",
    ]
    for what, table, column, unit, ours, other in ROWS:
        place = tables[table]["columns"].index(column)
        cells = {row[0]: row[place] for row in tables[table]["rows"]}
        if isinstance(cells.get(other), float):
            mine, theirs = cells[ours], cells[other]
            mine_of, theirs_of = f"{ours}, {_three(mine)} {unit}", f"{other}, {_three(theirs)} {unit}"
            lines.append(f"| {what} | {mine_of} | {theirs_of} | {_three(theirs / mine)} |")
    return "\n".join(lines) + "\n"


def _three(number: float) -> str:
    """Three digits that count."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def replaced(readme: str, table: str) -> str:
    """The text with a table between the marks."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + table + END + after


if __name__ == "__main__":
    README.write_text(replaced(README.read_text(), headline(json.loads(RESULTS.read_text()))))
