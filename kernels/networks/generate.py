"""Writes C text: ``generate.py list`` names all networks, ``generate.py 7x7 OUT`` writes one and
``generate.py index OUT`` a header that includes those whose window has at most MOST elements.
"""

import sys
from pathlib import Path

from emit import emit
from plans import PLANS


def index() -> str:
    lines = ["/* Every generated network; included by kernels/median/networks.c. */"]
    for name, plan in PLANS.items():
        lines += [
            f"#if {plan.elements} <= MOST",
            f'#include "network_{name}.h"',
            "#else",
            f"#define NETWORK_{name}",
            "#endif",
        ]
    lines.append("#define NETWORKS " + " ".join(f"NETWORK_{name}" for name in PLANS))
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    match arguments:
        case ["list"]:
            print("\n".join(PLANS))
        case ["index", path]:
            Path(path).write_text(index())
        case [window, path]:
            Path(path).write_text(emit(PLANS[window]))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
