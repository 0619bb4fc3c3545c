"""cffi's API mode: C source of our own, compiled into an extension module, here add and an exponential.

python examples/cffi_api_tour.py        (needs cffi, setuptools and a C compiler)
"""

import importlib
import math
import sys
import tempfile
from types import ModuleType

from cffi import FFI

DECLARATIONS = """
    int add(int a, int b);
    double exponential(double x);
"""
# Three terms of a series are not exp: 1 + x + x*x/2 gives 1.625 for 0.5. libm knows better.
SOURCE = """
    #include <math.h>

    static int add(int a, int b) { return (int)((unsigned)a + (unsigned)b); }
    static double exponential(double x) { return exp(x); }
"""


def build(folder: str) -> ModuleType:
    """Compile the module into a folder and import it from there."""
    ffi = FFI()
    ffi.cdef(DECLARATIONS)
    ffi.set_source("_tour", SOURCE, libraries=["m"])
    ffi.compile(tmpdir=folder)
    sys.path.insert(0, folder)
    return importlib.import_module("_tour")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        lib = build(folder).lib
        print("add(2, 40) =", lib.add(2, 40), " exponential(0.5) =", lib.exponential(0.5))
        assert lib.add(2, 40) == 42
        assert lib.exponential(0.5) == math.exp(0.5) == 1.6487212707001282


if __name__ == "__main__":
    main()
