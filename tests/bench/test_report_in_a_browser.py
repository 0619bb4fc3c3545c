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
    ["what", "measured, ms"],
    "They <differ>.",
    [["b", 30.0], ["a", 9.0], ["c", 100.0]],
    ["A note."],
)
# What a reader does, and what is then to be seen, as the page's title.
SCRIPT = """
<script>
window.addEventListener("load", () => {
const names = () => [...document.querySelectorAll("#sum tbody tr")].map((row) => row.cells[0].textContent).join("");
const [first, second] = document.querySelectorAll("#sum thead button");
const seen = {start: names()};
first.click(); seen.byName = names();
second.click(); seen.byNumber = names();
second.click(); seen.backwards = names();
seen.sorted = second.parentElement.getAttribute("aria-sort");
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
def test_page(tmp_path: Path) -> None:
    text = page({"date": "2026-11-23", "machine": machine(), "tables": [TABLE.as_json()]})
    (tmp_path / "page.html").write_text(text + SCRIPT)
    command: list[Any] = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--window-size=400,800",
        f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=2000", "--dump-dom",
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
        "clip": "inset(0px 0px 0px 80%)",
        "loaded": True,
        "fits": True,
    }
    assert "CONSOLE" not in process.stderr
