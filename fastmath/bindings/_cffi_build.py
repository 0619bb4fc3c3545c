"""cffi learns the C functions from fastmath.h itself, so there is nothing to keep in step by hand.

    python _cffi_build.py fastmath.h _cffi_api.c

writes the extension module of cffi's API mode; the build runs it. In ABI mode the same declarations are read
whenever the module is imported.
"""

import re
import sys
from pathlib import Path


def declarations(header: str) -> str:
    """What cffi can read of a header: the declarations, without preprocessor and ``extern "C"``."""
    without_cplusplus = re.sub(r"#ifdef __cplusplus.*?#endif", "", header, flags=re.DOTALL)
    without_directives = re.sub(r"^#.*$", "", without_cplusplus, flags=re.MULTILINE)
    return re.sub(r"\bFM_API\b", "", without_directives)


def main(header: str, source: str) -> None:
    from cffi import FFI

    ffi = FFI()
    ffi.cdef(declarations(Path(header).read_text()))
    ffi.set_source("fastmath.bindings._cffi_api", '#include "fastmath.h"')
    ffi.emit_c_code(source)


if __name__ == "__main__":
    main(*sys.argv[1:])
