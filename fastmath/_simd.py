"""Which instruction sets the kernels are compiled for, and which one is in use."""

from typing import NamedTuple

from . import _core


class Simd(NamedTuple):
    """Instruction sets, by name.

    Attributes
    ----------
    active : str
        The one in use: the best available, or the one that the environment variable ``FASTMATH_SIMD``
        named when fastmath was imported.
    available : tuple of str
        Those that this machine can run, lowest first.
    compiled : tuple of str
        Those compiled in, lowest first.
    """

    active: str
    available: tuple[str, ...]
    compiled: tuple[str, ...]


def _read() -> Simd:
    levels = _core.simd_levels()
    return Simd(
        active=next(name for name, _, active in levels if active),
        available=tuple(name for name, available, _ in levels if available),
        compiled=tuple(name for name, _, _ in levels),
    )


simd = _read()
