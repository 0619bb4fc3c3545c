"""The command measures, and what it writes is whole."""

import json
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastmath.bench import bare, calls, forty_lines, layouts, medians, pipeline, straight
from fastmath.bench.findings import findings
from fastmath.bench.markdown import markdown
from fastmath.bench.png import encode
from fastmath.bench.report import page
from fastmath.bench.run import MEASUREMENTS, results, run
from fastmath.bench.slices import Slice
from fastmath.bench.table import Table, compared, text_of
from fastmath.bench.timing import QUICK, Effort, Measured, measure, stability
from fastmath.bindings import route_names

COMMAND = [sys.executable, "-I", "-m", "fastmath", "bench"]
IMAGE = np.random.default_rng(4).integers(0, 60000, (9, 13)).astype(np.uint16)


def bench(*options: object, cwd: Path, environment: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *map(str, options)], cwd=cwd, capture_output=True, text=True, env=os.environ | (environment or {})
    )


class Page(HTMLParser):
    """The addresses that a page asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attributes if name in ("src", "href")]


def check_page(text: str) -> None:
    """It needs no network."""
    parser = Page()
    parser.feed(text)
    assert parser.addresses
    assert all(address.startswith(("data:", "#")) for address in parser.addresses)
    assert "http" not in re.sub(r"base64,[\w+/=]+", "", text)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that a quick run of the command writes."""
    folder = tmp_path_factory.mktemp("bench")
    done = bench("sum", "--quick", "--json", "new.json", "--report", "new.html", "--markdown", "new.md", cwd=folder)
    assert done.returncode == 0, done.stderr
    (folder / "out.txt").write_text(done.stdout)
    return folder


def test_the_command_writes_whole_files(written: Path) -> None:
    new = json.loads((written / "new.json").read_text())
    assert [table["name"] for table in new["tables"]] == ["sum"]
    assert {"processor", "Python", "Python's compiler flags", "fastmath's compiler flags", "numpy"} <= new[
        "machine"
    ].keys()
    assert "the tutorial's C loop" in (written / "out.txt").read_text()
    assert "the tutorial's C loop" in (written / "new.md").read_text()
    check_page((written / "new.html").read_text())
    assert sorted(path.name for path in written.iterdir()) == ["new.html", "new.json", "new.md", "out.txt"]


def test_compare(written: Path) -> None:
    done = bench("sum", "--quick", "--compare", written / "new.json", cwd=written)
    assert done.returncode == 0, done.stderr
    assert "Compared with before" in done.stdout


@pytest.mark.parametrize(
    "content", ["[1]", "not JSON", "{}", '{"tables": [{"rows": [[]]}]}', '{"tables": [], "machine": 3}', "[" * 100_000]
)
def test_compare_with_something_else(tmp_path: Path, content: str) -> None:
    (tmp_path / "old.json").write_text(content)
    done = bench("sum", "--compare", "old.json", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "fastmath: error: old.json is no JSON file of an earlier run\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--compare", "none.json"], "none.json: No such file or directory"),
        (["--json", "."], ". is a folder, and a file is needed"),
        (["--report", "no/page.html"], "no/page.html cannot be written: there is no folder no"),
        (["--json", "a", "--markdown", "a"], "two results would both be written to the same file"),
    ],
)
def test_refused_before_anything_is_measured(tmp_path: Path, options: list[str], message: str) -> None:
    done = bench("all", *options, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, f"fastmath: error: {message}\n")
    assert not list(tmp_path.iterdir())


def test_without_pyperf(tmp_path: Path) -> None:
    (tmp_path / "pyperf.py").write_text("raise ModuleNotFoundError('none', name='pyperf')")
    command = [sys.executable, "-P", "-m", "fastmath", "bench"]
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr == "fastmath: error: bench needs the package pyperf: pip install 'fastmath-native[bench]'\n"


def test_ctrl_c_shows_what_is_done(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "bindings", "--quick", "--json", "part.json"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    while "The call alone: " not in (line := process.stderr.readline()):
        assert line
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "The call alone" in out
    tables = json.loads((tmp_path / "part.json").read_text())["tables"]
    assert [table["name"] for table in tables] == ["routes", "bare"]
    assert 0 < len(tables[1]["rows"]) < len(bare.WAYS)
    assert [path.name for path in tmp_path.iterdir()] == ["part.json"]


@pytest.fixture
def everything(in_this_process: None, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The results of a run of all, each measured once; the slowest function has a small image."""
    monkeypatch.setattr(medians, "slice_or_noise", lambda: Slice(IMAGE, "some <noise>", 0.0, 60000.0))
    plain = forty_lines.median_filter
    monkeypatch.setattr(
        pipeline.forty_lines, "median_filter", lambda image, size: plain(image, size) if len(image) < 20 else image
    )
    tables: list[Table] = []
    run(list(MEASUREMENTS), Effort(1, 1, 1e-6), tables, lambda step: None)
    return json.loads(json.dumps(results(tables)))  # type: ignore[no-any-return]


def test_all_tables(everything: dict[str, Any]) -> None:
    tables = {table["name"]: table for table in everything["tables"]}
    names = ["routes", "bare", "steps", "bindings", "lists", "layouts", "sum", "median", "pipeline", "profile"]
    assert list(tables) == names
    for table in tables.values():
        assert all(len(row) == len(table["columns"]) for row in table["rows"])
        assert table["reading"]
    for name in ("routes", "bindings"):
        assert len({row[0] for row in tables[name]["rows"]}) == len(route_names())
    assert [row[0] for row in tables["bare"]["rows"]] == list(bare.WAYS)
    assert all(row[-1] for row in tables["routes"]["rows"])
    assert [row[0] for row in tables["pipeline"]["rows"]] == [medians.PLAIN, pipeline.PORT, medians.OURS]


def test_all_is_shown(everything: dict[str, Any]) -> None:
    text = page(everything)
    check_page(text)
    assert text.count("<svg") == 9
    assert "some &lt;noise&gt;" in text
    assert len(findings(everything)) == 7
    assert markdown(everything).count("\n| ---") == 10
    assert not compared(everything, everything).notes


def test_findings_of_a_part(everything: dict[str, Any]) -> None:
    """An interrupted run lacks rows and tables."""
    for table in everything["tables"]:
        table["rows"] = table["rows"][:1]
    assert findings(everything) == []
    assert findings(everything | {"tables": []}) == []
    check_page(page(everything | {"tables": []}))


def test_pyperf_measures() -> None:
    measured = measure("calls", "steps", Effort(1, 2, 1e-5))
    assert measured.keys() == calls.STEPS.keys()
    assert all(0 < m.seconds < 1 for m in measured.values())


def test_a_worker_that_fails_says_why() -> None:
    with pytest.raises(RuntimeError, match="No module named 'fastmath.bench.nothing'"):
        measure("nothing", "", QUICK)


def test_stability() -> None:
    assert stability([Measured(1.0, 0.03), Measured(1.0, 0.01)]).endswith("up to 3% of the mean: stable.")
    assert "1 of 2 are above 10%: these are unstable" in stability([Measured(1.0, 0.3), Measured(1.0, 0.01)])


@pytest.mark.parametrize("name", bare.WAYS)
def test_bare_calls_are_right(name: str) -> None:
    expected = {"no arguments": None, "two ints": 3, "one float": 0.25, "small buffer": 120, "list of 1000": 499500}
    for case, (code, names, _) in bare.statements(name).items():
        assert eval(code, dict(names)) == expected[case]


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_layouts_differ(tmp_path: Path) -> None:
    notes: list[str] = []
    layouts.build(tmp_path, 3, notes)
    assert notes == []
    statements = layouts.statements(str(tmp_path))
    assert len(statements) == 3 * len(layouts.MODULES)
    assert all(eval(code, dict(names)) == 3 for code, names, _ in statements.values())
    if shutil.which("nm") and sys.platform == "linux":
        for module in layouts.MODULES:
            places = [place_of_add(tmp_path / str(i) / f"{module}.so") for i in range(3)]
            assert np.diff(places).tolist() == [layouts.STEP] * 2


def place_of_add(library: Path) -> int:
    """Where in a library the function lies that Python calls."""
    symbols = subprocess.run(["nm", library], capture_output=True, text=True).stdout
    match = re.search(r"(\w+) t (add|__pyx_pw_\w+add|_cffi_f_straight_add)$", symbols, re.MULTILINE)
    assert match, symbols
    return int(match[1], 16)


def test_layouts_without_a_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layouts, "_compiler", lambda: ["no-such-compiler"])
    (table,) = layouts.table(QUICK)
    assert table.rows == []
    assert table.notes == [
        "Not all layouts are built, which takes a C compiler and Python's headers: there is no no-such-compiler"
    ]


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


@pytest.mark.parametrize(("numbers", "error"), [([1, "2"], TypeError), ([2**70], OverflowError)])
def test_bare_sums_refuse(numbers: list[Any], error: type[Exception]) -> None:
    from fastmath.bench.straight import _capi, _cython

    for sum_list in (_capi.sum_list, _cython.sum_list):
        with pytest.raises(error):
            sum_list(numbers)


def test_cython_cuts_floats_and_the_c_api_does_not() -> None:
    """docs/routes.md says so."""
    from fastmath.bench.straight import _capi, _cython

    assert _cython.add(1, 2.9) == 3
    with pytest.raises(TypeError):
        _capi.sum_list([2.9])


def test_png_is_read_by_others() -> None:
    pillow = pytest.importorskip("PIL.Image")
    import io

    image = (IMAGE >> 8).astype(np.uint8)
    assert np.array_equal(np.asarray(pillow.open(io.BytesIO(encode(image)))), image)


def test_comparison() -> None:
    machine = {"processor": "one"}
    table = Table("sum", "Sums", ["what", "ms", "± %"], rows=[["one", 2.0, 3.0], ["two", "n/a", 1.0]])
    old = Table("sum", "Sums", ["what", "ms", "± %"], rows=[["one", 1.0, 1.0], ["three", 1.0, 1.0]])
    now, before = ({"tables": [t.as_json()], "machine": machine} for t in (table, old))
    assert compared(now, before).rows == [["sum: one, ms", 1.0, 2.0, 2.0]]
    assert compared(now, before | {"machine": {"processor": "two"}}).notes == ["processor was: two; and is: one"]
    assert compared(now, before | {"tables": []}).notes == ["The two runs have nothing in common."]


@pytest.mark.parametrize(
    ("cell", "text"), [(None, ""), ("a", "a"), (1234.5, "1,234"), (0.01234, "0.0123"), (21.449, "21.4")]
)
def test_text_of(cell: Any, text: str) -> None:
    assert text_of(cell) == text


def test_the_readme_shows_the_committed_results() -> None:
    root = Path(__file__).parents[2]
    script = runpy.run_path(str(root / "benchmarks" / "headline.py"))
    committed = json.loads((root / "docs" / "bench" / "results.json").read_text())
    readme = (root / "README.md").read_text()
    table = script["headline"](committed)
    assert table.count("\n| ") == 2 + len(script["ROWS"])
    assert script["replaced"](readme, table) == readme
    assert markdown(committed) == (root / "docs" / "bench" / "README.md").read_text()
