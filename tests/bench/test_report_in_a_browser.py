"""The page in a browser: its tables sort, its slider moves, and nothing complains."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fastmath.bench.machine import machine
from fastmath.bench.report import page
from fastmath.bench.table import Table

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
TABLE = Table(
    "sum",
    "Sums",
    ["what", "measured, ms", "tutorial, ms", "a column that is too wide for a phone to show it beside the others"],
    "They <differ>.",
    [["b", 30.0, 1.0, "x" * 30], ["a", 9.0, None, "y"], ["c", 100.0, 2.0, "z"]],
    ["A note."],
)
# What a reader does, and what is then to be seen, as the page's title.
SCRIPT = """
<script>
window.addEventListener("load", () => {
const names = () => [...document.querySelectorAll("#sum tbody tr")].map((row) => row.cells[0].textContent).join("");
const [first, second, third] = document.querySelectorAll("#sum thead button");
const seen = {start: names()};
first.click(); seen.byName = names();
second.click(); seen.byNumber = names();
second.click(); seen.backwards = names();
seen.sorted = second.parentElement.getAttribute("aria-sort");
third.click(); seen.emptyLast = names();
third.click(); seen.emptyLastBackwards = names();
seen.dots = document.querySelectorAll("#sum svg circle").length;
const letters = [...document.querySelectorAll("#sum svg text")].map((text) => text.getBoundingClientRect());
seen.lettersAreLarge = letters.every((box) => box.height >= 12);
seen.lettersFit = letters.every((box) => box.left >= 0 && box.right <= window.innerWidth);
const split = document.getElementById("split");
split.value = 80; split.dispatchEvent(new Event("input"));
const [before, after] = document.querySelectorAll("#slider img");
seen.clip = getComputedStyle(after).clipPath;
seen.loaded = before.naturalWidth === after.naturalWidth && before.naturalWidth > 0;
seen.fits = document.documentElement.scrollWidth <= window.innerWidth;
document.body.dataset.seen = JSON.stringify(seen);
});
</script>
"""


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium")
@pytest.mark.parametrize("width", [500, 1400])
@pytest.mark.parametrize("scheme", [[], ["--force-dark-mode"]])
def test_page(tmp_path: Path, width: int, scheme: list[str]) -> None:
    text = page({"date": "2026-11-23", "machine": machine(), "tables": [TABLE.as_json()]})
    (tmp_path / "page.html").write_text(text + SCRIPT)
    command: list[Any] = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-logging=stderr",
        *scheme, f"--window-size={width},800", f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=2000",
        "--dump-dom",
        f"file://{tmp_path / 'page.html'}",
    ]  # fmt: skip
    process = subprocess.run(command, capture_output=True, text=True, timeout=120)
    match = re.search(r'data-seen="([^"]*)"', process.stdout)
    assert match, process.stderr
    assert json.loads(match[1].replace("&quot;", '"')) == {
        "start": "bac",
        "byName": "abc",
        "byNumber": "abc",
        "backwards": "cba",
        "sorted": "descending",
        "emptyLast": "bca",
        "emptyLastBackwards": "cba",
        "dots": 5,
        "lettersAreLarge": True,
        "lettersFit": True,
        "clip": "inset(0px 0px 0px 80%)",
        "loaded": True,
        "fits": True,
    }
    assert "CONSOLE" not in process.stderr
