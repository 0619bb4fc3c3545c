"""The command measures, and what it writes is whole."""

import json
import re
import signal
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastmath.bench import calls, forty_lines, straight
from fastmath.bench.markdown import markdown
from fastmath.bench.png import encode
from fastmath.bench.table import Table, compared, text_of
from fastmath.bench.timing import Effort, seconds_per_call
from fastmath.bindings import route_names

COMMAND = [sys.executable, "-I", "-m", "fastmath", "bench"]
IMAGE = np.random.default_rng(4).integers(0, 60000, (9, 13)).astype(np.uint16)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that a quick run writes."""
    folder = tmp_path_factory.mktemp("bench")
    options = ["--quick", "--json", "new.json", "--report", "report.html", "--markdown", "new.md"]
    process = subprocess.run([*COMMAND, *options], cwd=folder, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    (folder / "out.txt").write_text(process.stdout)
    return folder


def test_json(written: Path) -> None:
    results = json.loads((written / "new.json").read_text())
    assert [table["name"] for table in results["tables"]] == [
        "routes",
        "bindings",
        "sum",
        "median",
        "pipeline",
    ]
    assert {"processor", "Python", "Python's compiler flags", "numpy"} <= results["machine"].keys()
    for table in results["tables"]:
        assert all(len(row) == len(table["columns"]) for row in table["rows"])
    names = [row[0] for row in results["tables"][1]["rows"]]
    assert len(names) == len(set(names)) == len(route_names()) + len(calls.BARE)


def test_tables_are_printed(written: Path) -> None:
    out = (written / "out.txt").read_text()
    assert "What one call costs" in out
    assert "the tutorial's C loop" in out


def test_markdown(written: Path) -> None:
    tables = (written / "new.md").read_text()
    assert tables.count("\n| --- |") == 5
    assert re.search(r"^\| fastmath \| [\d.]+ \|", tables, re.MULTILINE)


class Page(HTMLParser):
    """The addresses that a page asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attributes if name in ("src", "href")]


def test_page_needs_no_network(written: Path) -> None:
    text = (written / "report.html").read_text()
    page = Page()
    page.feed(text)
    assert page.addresses
    assert all(address.startswith("data:") for address in page.addresses)
    assert "http" not in re.sub(r"base64,[\w+/=]+", "", text)


def test_compare(written: Path) -> None:
    old = written / "new.json"
    process = subprocess.run(
        [*COMMAND, "sum", "--quick", "--compare", old], cwd=written, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr
    assert "Compared with before" in process.stdout


def test_compare_with_something_else(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("[1]")
    process = subprocess.run(
        [*COMMAND, "sum", "--compare", "old.json"], cwd=tmp_path, capture_output=True, text=True
    )
    assert process.returncode == 2
    assert process.stderr == "fastmath: error: old.json is no JSON file of an earlier run\n"


def test_ctrl_c_shows_what_is_done(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "bindings", "--quick", "--json", "part.json"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    while "bindings: " not in (line := process.stderr.readline()):
        assert line
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "C API" in out
    assert len(json.loads((tmp_path / "part.json").read_text())["tables"][0]["rows"]) < len(calls.BARE)


@pytest.mark.parametrize("route", straight.ports())
@pytest.mark.parametrize("size", [1, 2, 5])
def test_ports_are_straight(route: str, size: int) -> None:
    result = np.empty_like(IMAGE)
    straight.ports()[route](IMAGE, result, size)
    assert result.tolist() == forty_lines.median_filter(IMAGE.tolist(), size)


def test_loop_sum() -> None:
    from fastmath.bench.straight._capi import loop_sum

    assert loop_sum([1, -2, 2**62]) == 2**62 - 1
    with pytest.raises(OverflowError):
        loop_sum([2**62, 2**62])


def test_every_route_is_timed() -> None:
    for name in [*route_names(), *calls.BARE]:
        for case, (statement, names) in calls.statements(name).items():
            assert case in calls.CASES
            assert seconds_per_call(statement, names, Effort(1, 1, 1e-6)) > 0


def test_png_is_read_by_others() -> None:
    pillow = pytest.importorskip("PIL.Image")
    import io

    image = (IMAGE >> 8).astype(np.uint8)
    assert np.array_equal(np.asarray(pillow.open(io.BytesIO(encode(image)))), image)


def test_comparison() -> None:
    table = Table("sum", "Sums", ["what", "ms"], rows=[["one", 2.0], ["two", "n/a"]])
    old = Table("sum", "Sums", ["what", "ms"], rows=[["one", 1.0], ["three", 1.0]])
    found = compared({"tables": [table.as_json()]}, {"tables": [old.as_json()]})
    assert found.rows == [["sum: one, ms", 1.0, 2.0, 2.0]]


@pytest.mark.parametrize(
    ("cell", "text"), [(None, ""), ("a", "a"), (1234.5, "1,234"), (0.01234, "0.0123"), (21.449, "21.4")]
)
def test_text_of(cell: Any, text: str) -> None:
    assert text_of(cell) == text


def test_markdown_of_nothing() -> None:
    machine = {"processor": "one", "Python": "two"}
    assert markdown({"machine": machine, "date": "today", "tables": []}).startswith("# Measured")
