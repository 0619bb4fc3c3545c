"""What a route says of itself."""

from typing import NamedTuple


class Features(NamedTuple):
    """What a route needs, and what it does to the rest of the program.

    Attributes
    ----------
    compiler : bool
        Whether its own code has to be compiled, besides that of the kernels.
    argtypes : bool
        Whether nothing checks C's types, as they are declared to the route, against the library.
    gil : str
        When it lets other threads run: "held", "released in every call" or "released for large work".
    strides : bool
        Whether C reads buffers of any strides and indirections where they are; else they are copied first.
    interrupts : bool
        Whether Ctrl-C stops a kernel that runs; else the exception comes when it has returned.
    pypy : bool
        Whether its module would run on PyPy at PyPy's own speed.
    glue : tuple of str
        The files between Python and the header, in the package's folder.
    """

    compiler: bool
    argtypes: bool
    gil: str
    strides: bool
    interrupts: bool
    pypy: bool
    glue: tuple[str, ...]
