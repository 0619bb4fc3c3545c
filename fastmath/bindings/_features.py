"""What a route says of itself."""

from typing import NamedTuple


class Features(NamedTuple):
    """What a route needs, and what it does to the rest of the program.

    Attributes
    ----------
    compiler : bool
        Whether its own code has to be compiled, besides that of the kernels.
    argtypes : bool
        Whether C's types have to be written down again by hand, unchecked against the header.
    gil : str
        When it lets other threads run: "held", "released in every call" or "released for large work".
    strides : bool
        Whether C reads buffers of any strides and indirections where they are; else they are copied first.
    interrupts : bool
        Whether Ctrl-C stops a kernel that runs; else the exception comes when it has returned.
    pypy : bool
        Whether its module would run on PyPy at PyPy's own speed.
    """

    compiler: bool
    argtypes: bool
    gil: str
    strides: bool
    interrupts: bool
    pypy: bool
