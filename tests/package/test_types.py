"""The types that ship with the package are those of the running module."""

import subprocess
import sys
from pathlib import Path

import numpy as np

# What stubtest cannot see through: a cached function, an alias of a literal or of an option, libraries that are
# no modules, what Cython adds, and the fields of ctypes structures.
ALLOWED = r"""
fastmath.libfastmath
fastmath.bench.straight.libstraight
fastmath.bench.straight._cython.__test__
fastmath.bindings._cython\..*
fastmath.bindings.ctypes\.(Array|Buffer|Int128|Window)\..*
fastmath._filtering.(_box|_empty)
fastmath.cli.app.(Inputs|Output|Size|BorderMode|MaskFile|NanChoice|Workers|Preview|Force)(\..*)?
fastmath.outliers.(Which|Units)
fastmath.ndimage.NanPolicy
"""
if tuple(map(int, np.__version__.split(".")[:2])) >= (2, 5):  # whose NDArray[Any] is no type in the running module
    ALLOWED += "fastmath._arguments.Array\nfastmath.images.image.Picture\nfastmath.images.filtering.Mask\n"
CONFIGURATION = Path(__file__).parents[2] / "pyproject.toml"


def test_stubs_match_the_module(tmp_path: Path) -> None:
    (tmp_path / "allowed").write_text(ALLOWED)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "mypy.stubtest", "fastmath", "--allowlist", "allowed",
         "--mypy-config-file", str(CONFIGURATION)],
        capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_calls_have_the_types_that_users_expect(tmp_path: Path) -> None:
    (tmp_path / "calls.py").write_text("""
import array
import numpy as np
import fastmath
from typing import assert_type

assert_type(fastmath.fast_sum([1, 2, 3]), int)
assert_type(fastmath.dot_product([1, 2.5], (3, 4)), float)
assert_type(fastmath.numpy_sum(np.ones(3)), float)
assert_type(fastmath.parallel_sum(array.array("d", [1.0]), workers=2), float)
assert_type(fastmath.fast_exp(0.5), float)
assert_type(fastmath.simd.active, str)
fastmath.median_filter(np.ones((3, 3)), size=(3, 1), mode="nearest", workers=2)
fastmath.fast_sum(1.5)  # type: ignore[arg-type]
""")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "mypy", "--strict", "--warn-unused-ignores", "calls.py"],
        capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
