"""The machine, and the versions of what was measured on it."""

import os
import platform
import sysconfig
from importlib import metadata

import fastmath
from fastmath.bench.built import COMPILER, FLAGS

PACKAGES = (
    "numpy", "cffi", "cython", "pyperf", "scipy", "opencv-python-headless", "scikit-image", "SimpleITK", "pydicom",
    "pillow",
)  # fmt: skip


def machine() -> dict[str, str]:
    """What a reader has to know to compare numbers."""
    compiled = ", ".join(fastmath.simd.compiled)
    facts = {
        "processor": processor(),
        "cores": str(os.cpu_count()),
        "system": platform.platform(),
        "Python": f"{platform.python_implementation()} {platform.python_version()}, {platform.python_compiler()}",
        "Python's compiler flags": sysconfig.get_config_var("CFLAGS") or "",
        "fastmath": f"{fastmath.__version__}, instruction set {fastmath.simd.active} of {compiled}",
        "fastmath's compiler flags": f"{COMPILER}, {FLAGS}, kernels also -march for each instruction set",
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
