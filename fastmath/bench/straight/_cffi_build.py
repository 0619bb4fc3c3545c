"""Write the extension module of cffi's API mode: ``python _cffi_build.py straight.h _cffi.c``."""

import sys
from pathlib import Path

from cffi import FFI


def main(header: str, source: str) -> None:
    ffi = FFI()
    lines = Path(header).read_text().splitlines()
    ffi.cdef("\n".join(line for line in lines if not line.startswith("#")))
    ffi.set_source("fastmath.bench.straight._cffi", '#include "straight.h"')
    ffi.emit_c_code(source)


if __name__ == "__main__":
    main(*sys.argv[1:])
