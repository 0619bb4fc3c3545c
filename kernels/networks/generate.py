"""Writes C text: ``generate.py list`` names all networks, ``generate.py 1x7x7 OUT`` writes one,
``generate.py index OUT`` a header that includes those whose window has at most MOST elements, and
``generate.py selections OUT`` those of windows that share no elements, ``generate.py shapes OUT`` those of footprints,
``generate.py lines OUT`` those of windows of one line.
"""

import sys
from math import prod
from pathlib import Path

import lines
import selection
import shapes
from emit import emit
from plans import RARE, WINDOWS, Window, plan_of


def name_of(window: Window) -> str:
    return "x".join(str(side) for side in window)


def index() -> str:
    text = ["/* Every generated network; included by kernels/median/networks.c. */"]
    names = [name_of(window) for window in WINDOWS]
    for window, name in zip(WINDOWS, names, strict=True):
        text += [
            f"#if {prod(window)} <= {'MOST_RARE' if window in RARE else 'MOST'}",
            f'#include "network_{name}.h"',
            "#else",
            f"#define NETWORK_{name}",
            "#endif",
        ]
    text.append("#define NETWORKS " + " ".join(f"NETWORK_{name}" for name in names))
    return "\n".join(text) + "\n"


def main(arguments: list[str]) -> None:
    match arguments:
        case ["list"]:
            print("\n".join(map(name_of, WINDOWS)))
        case ["index", path]:
            Path(path).write_text(index())
        case ["selections", path]:
            Path(path).write_text(selection.emit())
        case ["lines", path]:
            Path(path).write_text(lines.emit())
        case ["shapes", path]:
            Path(path).write_text(shapes.emit_all())
        case [window, path]:
            Path(path).write_text(emit(plan_of(tuple(map(int, window.split("x"))))))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
