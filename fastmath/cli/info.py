"""``fastmath info``: what this installation has and this machine offers."""

import os
import re
import shlex
from importlib import metadata

from rich.console import Console
from rich.table import Table

import fastmath
from fastmath.bindings._library import header_path, library_path

DISTRIBUTION = "fastmath-native"
# such as: dask[array]>=2024.1; extra == "dask"
REQUIREMENT = re.compile(r"(?P<name>[\w.-]+).*\bextra == [\"'](?P<extra>[\w-]+)[\"']")


def print_info() -> None:
    """Print version, instruction sets, cores and extras."""
    simd = fastmath.simd
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("version", fastmath.__version__)
    table.add_row("instruction set in use", simd.active)
    table.add_row("compiled in", ", ".join(simd.compiled))
    table.add_row("of these on this machine", ", ".join(simd.available))
    table.add_row("cores", str(usable_cores()))
    for extra, packages in extras().items():
        missing = [name for name, version in packages.items() if version is None]
        table.add_row(
            f"extra {extra}",
            f"missing: {', '.join(missing)}" if missing else "complete",
        )
    Console(highlight=False).print(table)


def build_flags(cflags: bool, libs: bool) -> str:
    """What a C compiler has to be told to use the kernels, in the manner of pkg-config.

    Parameters
    ----------
    cflags, libs : bool
        Whether to give the flags for compiling, and those for linking.

    Returns
    -------
    str
        One line for the shell.
    """
    flags = [f"-I{header_path().parent}"] if cflags else []
    if libs:
        folder = library_path().parent
        flags += [f"-L{folder}", f"-Wl,-rpath,{folder}", "-lfastmath"]
    return shlex.join(flags)


def usable_cores() -> int:
    """Count the cores that this process may use.

    Returns
    -------
    int
        At least 1; fewer than the machine has if the process is bound to some of them.
    """
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows do not bind processes to cores
        return os.cpu_count() or 1


def extras() -> dict[str, dict[str, str | None]]:
    """Look up the optional packages that the distribution names.

    Returns
    -------
    dict
        For each extra its packages, and for each package its version or None if it is missing.
    """
    found: dict[str, dict[str, str | None]] = {}
    for requirement in metadata.requires(DISTRIBUTION) or []:
        match = REQUIREMENT.match(requirement)
        if match and match["name"] != DISTRIBUTION:
            found.setdefault(match["extra"], {})[match["name"]] = _version(match["name"])
    return found


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
