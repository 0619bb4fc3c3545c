"""A C program finds the header and the library by asking the command, and runs."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fastmath

EXAMPLE = Path(__file__).parents[2] / "examples" / "from_c.c"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    ask = [sys.executable, "-I", "-m", "fastmath", "info", "--cflags", "--libs"]
    flags = shlex.split(subprocess.run(ask, check=True, capture_output=True, text=True).stdout)
    made = tmp_path / "from_c"
    strict = ["-std=c11", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([compiler, *strict, EXAMPLE, *flags, "-o", made], check=True)
    return made


def test_c_program(program: Path) -> None:
    output = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    assert output.splitlines() == [
        f"instruction set: {fastmath.simd.active}",
        "vec_dot: 32",
        "sum of 1e100, 1 and -1e100: 1",
        "median in the middle: 60",
    ]
