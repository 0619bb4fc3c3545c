"""Each example runs by itself, and its own assertions hold."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
NEEDS = {"cffi_abi_tour": ["cffi"], "cffi_api_tour": ["cffi", "setuptools"]}
TOURS = [
    "buffers_and_layouts", "cffi_abi_tour", "cffi_api_tour", "ctypes_tour", "errors_and_references",
    "gil_and_threads",
]  # fmt: skip


@pytest.mark.parametrize("name", TOURS)
def test_example(name: str, tmp_path: Path) -> None:
    for package in NEEDS.get(name, []):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    if name == "cffi_api_tour" and shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    process = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / f"{name}.py"], cwd=tmp_path, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout
