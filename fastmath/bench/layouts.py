"""One call in many places of memory: the same object code, linked at other addresses.

Where code lies decides which of its branches share a line of the cache, so a build may be quicker or slower than
another of the same source (Mytkowicz et al., "Producing wrong data without doing anything obviously wrong!",
ASPLOS 2009). A difference between two routes means something only where it is larger than that between layouts.
"""

import importlib.util
import io
import shlex
import statistics
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastmath.bench.straight import library_path
from fastmath.bench.table import Table
from fastmath.bench.timing import QUICK, Effort, measure, stability
from fastmath.bench.worker import Statement

MODULES = {"capi_add": "C API", "cython_add": "Cython", "cffi_add": "cffi API"}
STEP, LAYOUTS, FEW = 16, 8, 4  # bytes; functions begin at multiples of 16
READING = (
    "Each row is one object file, linked behind so many bytes of nothing that it lies elsewhere. Two routes that "
    "differ by less than a row's range are equally quick. ctypes and cffi's ABI mode have no code of their own to link."
)


def table(effort: Effort) -> Iterator[Table]:
    """Fill the table; without a compiler it stays empty, with a note."""
    columns = ["add(1, 2), ns", "quickest layout", "median", "slowest layout", "range, %"]
    result = Table("layouts", "The same call in other places of memory", columns, READING)
    count = FEW if effort == QUICK else LAYOUTS
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder), count, result.notes)
        if not any(Path(folder).glob("*/*.so")):
            yield result
            return
        measured = measure("layouts", folder, Effort(1, effort.values, effort.seconds))
    for module, route in MODULES.items():
        times = [m.seconds * 1e9 for name, m in measured.items() if name.endswith(f"/{module}")]
        if times:
            low, middle, high = min(times), statistics.median(times), max(times)
            result.rows.append([route, low, middle, high, 100 * (high - low) / middle])
    result.notes += [f"{count} layouts, {STEP} bytes apart.", stability(list(measured.values()))]
    yield result


def build(folder: Path, count: int, notes: list[str]) -> None:
    """Put each module into the folders 0, 1 and so on, and say of each that cannot be built why."""
    header = files("fastmath.bench.straight").joinpath("straight.h")
    (folder / "straight.h").write_text(header.read_text())  # an editable install has no one folder for it
    pads = [_pad(folder, STEP * i, notes) for i in range(count)]
    if None in pads:
        return
    for module in MODULES:
        source = _source(module, folder, notes)
        if source is None:
            continue
        code = source.with_suffix(".o")
        headers = [f"-I{sysconfig.get_path('include')}", f"-I{folder}"]
        if not _runs([*_compiler(), *headers, "-c", str(source), "-o", str(code)], notes):
            continue
        library = library_path()
        linker = shlex.split(sysconfig.get_config_var("LDSHARED"))
        for i, pad in enumerate(pads):
            (folder / str(i)).mkdir(exist_ok=True)
            made = folder / str(i) / f"{module}.so"
            _runs([*linker, str(pad), str(code), str(library), f"-Wl,-rpath,{library.parent}", "-o", str(made)], notes)


def _source(module: str, folder: Path, notes: list[str]) -> Path | None:
    """The C of a module, written by its tool if it is not written by hand."""
    sources = files("fastmath.bench").joinpath("relinked")
    target = folder / f"{module}.c"
    try:
        if module == "capi_add":
            target.write_text(sources.joinpath("capi_add.c").read_text())
        elif module == "cython_add":
            from Cython.Compiler.Main import compile as to_c

            (folder / "cython_add.pyx").write_text(sources.joinpath("cython_add.pyx").read_text())
            to_c(str(folder / "cython_add.pyx"))
        else:
            from cffi import FFI

            ffi = FFI()
            ffi.cdef("int64_t straight_add(int32_t a, int32_t b);")
            ffi.set_source("cffi_add", '#include "straight.h"')
            with redirect_stdout(io.StringIO()):
                ffi.emit_c_code(str(target))
    except ModuleNotFoundError as missing:
        notes.append(f"{MODULES[module]} is left out: pip install {(missing.name or '').lower()}")
        return None
    return target


def _pad(folder: Path, size: int, notes: list[str]) -> Path | None:
    source, code = folder / f"pad{size}.c", folder / f"pad{size}.o"
    source.write_text(f'__asm__(".text\\n.space {size}\\n");\n')
    return code if _runs([*_compiler(), "-c", str(source), "-o", str(code)], notes) else None


def _compiler() -> list[str]:
    return [*shlex.split(sysconfig.get_config_var("CC")), "-O3", "-DNDEBUG", "-fPIC"]


def _runs(command: list[str], notes: list[str]) -> bool:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
        return True
    except FileNotFoundError:
        complaint = f"there is no {command[0]}"
    except subprocess.CalledProcessError as error:
        complaint = f"{command[0]} says: {next(iter(error.stderr.splitlines()), 'nothing')}"
    note = f"Not all layouts are built, which takes a C compiler and Python's headers: {complaint}"
    if note not in notes:
        notes.append(note)
    return False


def statements(folder: str) -> dict[str, Statement]:
    """The call for each module in each layout."""
    found = {}
    for path in sorted(Path(folder).glob("*/*.so")):
        module: Any = _imported(path)
        function = module.lib.straight_add if path.stem == "cffi_add" else module.add
        found[f"{path.parent.name}/{path.stem}"] = Statement("f(1, 2)", {"f": function}, 10)
    return found


def _imported(path: Path) -> Any:
    """The extension module in a file; each is one of its own, whatever others have its name."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
