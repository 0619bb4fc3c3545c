"""The windows that get a compiled network, each for its median."""

from functools import cache
from itertools import permutations, product
from math import prod

from plan import Plan, halvings_of
from stages import ONE_STAGE

Window = tuple[int, ...]
"""Planes, rows and columns of the array."""

LONGEST = 9  # side of the rectangles
LARGER = 11, 13, 15, 17, 21  # sides of the squares beyond
LONG = (3, 11), (3, 15), (5, 11), (7, 11)  # sides of the rectangles beyond, which lie or stand
SMALL = [window for window in product((1,), range(1, LONGEST + 1), range(2, LONGEST + 1)) if prod(window) > 2]
SMALL.remove((1, 3, 3))  # has an engine of its own
RARE: list[Window] = [
    *((1, *sides) for pair in LONG for sides in (pair, pair[::-1])),
    *((1, side, side) for side in (10, 12, 14)),
]
"""Compiled only for the instruction sets and types that most run."""
WINDOWS: list[Window] = [*SMALL, *((1, side, side) for side in LARGER), (3, 3, 3), (5, 5, 5), *RARE]


LARGEST_TRIED = 10  # side: larger squares all do with one tile, and to try others takes long
REORDERING = 20  # operations an output: about what it costs to lay rows out by their place in a wider tile
SEVERAL_STAGES = 1.25  # times the cost, for what goes by way of memory between stages


@cache
def plan_of(window: Window) -> Plan:
    """The plan whose tile costs the least for an output. Runs go down the array: see emit.py."""
    planes, columns, rows = window
    rank = prod(window) // 2
    if min(rows, columns) > LARGEST_TRIED:
        return Plan(rows, columns, rank, 2, 4, "power")
    plans = [
        Plan(rows, columns, rank, height, width, "power", order, planes=planes)
        for height, width in product((1, 2, 4), (1, 2, 4))
        if height <= rows and width <= columns
        for order in orders(height, width)
    ]
    return min(plans, key=lambda plan: (_cost(plan), plan.network.operations))


def orders(height: int, width: int) -> list[str]:
    """The ways to go through a tile, see Plan."""
    return [*sorted(set(map("".join, permutations(halvings_of(height, width))))), "columns"]


def _cost(plan: Plan) -> float:
    several = plan.network.operations > ONE_STAGE
    selecting = plan.network.operations_per_pixel * (SEVERAL_STAGES if several else 1)
    return selecting + (REORDERING if plan.tile_rows > 1 else 0)
