"""Write a file so that it appears whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file that takes the name `path` when the block ends.

    If the block is left by an exception, the interrupt from the keyboard included, the temporary
    file is removed and `path` is as it was.

    Parameters
    ----------
    path : Path
        The file to be; one of that name is replaced.

    Yields
    ------
    binary file
        Empty, open for reading and writing, in the folder of `path`.
    """
    temporary = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with temporary.open("w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
