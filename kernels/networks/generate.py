"""Writes the C text of one network, or the list of all: ``generate.py 7x7 out.h``, ``generate.py list``."""

import sys
from pathlib import Path

from emit import emit
from plans import PLANS


def main(arguments: list[str]) -> None:
    match arguments:
        case ["list"]:
            print("\n".join(PLANS))
        case [window, path]:
            Path(path).write_text(emit(PLANS[window]))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
