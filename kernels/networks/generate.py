"""Writes C text: ``generate.py list`` names all texts, ``generate.py NAME OUT`` writes one.

Each network of a box has a text of its own, which takes long to make; ``networks`` includes those whose window has at
most MOST elements.
"""

import sys
from collections.abc import Callable
from functools import partial
from math import prod
from pathlib import Path

import lines
import selection
import shapes
from emit import emit
from plans import RARE, WINDOWS, Window, plan_of


def name_of(window: Window) -> str:
    return "x".join(str(side) for side in window)


def box(window: Window) -> str:
    return emit(plan_of(window))


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


TEXTS: dict[str, Callable[[], str]] = {
    **{f"network_{name_of(window)}": partial(box, window) for window in WINDOWS},
    "networks": index,
    "selection_networks": selection.emit,
    "shape_networks": shapes.emit_all,
    "line_networks": lines.emit,
}


def main(arguments: list[str]) -> None:
    match arguments:
        case ["list"]:
            print("\n".join(TEXTS))
        case [name, path] if name in TEXTS:
            Path(path).write_text(TEXTS[name]())
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
