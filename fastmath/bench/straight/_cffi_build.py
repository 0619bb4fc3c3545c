"""Write the extension module of cffi's API mode: ``python _cffi_build.py straight.h _cffi.c``."""

import sys
from pathlib import Path


def declarations(header: str) -> str:
    """The header without its preprocessor lines, which cffi does not read."""
    return "\n".join(line for line in header.splitlines() if not line.startswith("#"))


def main(header: str, source: str) -> None:
    from cffi import FFI

    ffi = FFI()
    ffi.cdef(declarations(Path(header).read_text()))
    ffi.set_source("fastmath.bench.straight._cffi", '#include "straight.h"')
    ffi.emit_c_code(source)


if __name__ == "__main__":
    main(*sys.argv[1:])
