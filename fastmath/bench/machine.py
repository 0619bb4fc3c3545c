"""The machine, and the versions of what was measured on it."""

import os
import platform
import sysconfig
from importlib import metadata

import fastmath

PACKAGES = ("numpy", "scipy", "cffi", "cython", "opencv-python-headless", "pydicom", "pillow")


def machine() -> dict[str, str]:
    """What a reader has to know to compare numbers."""
    facts = {
        "processor": processor(),
        "cores": str(os.cpu_count()),
        "system": platform.platform(),
        "Python": f"{platform.python_implementation()} {platform.python_version()}, {platform.python_compiler()}",
        "Python's compiler flags": sysconfig.get_config_var("CFLAGS") or "",
        "fastmath": f"{fastmath.__version__}, instruction set {fastmath.simd.active}, compiled with -O3 and without "
        "-ffast-math, -march=native and -fwrapv",
    }
    for package in PACKAGES:
        try:
            facts[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            facts[package] = "not installed"
    return facts


def processor() -> str:
    """Its name, as the system tells it."""
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
