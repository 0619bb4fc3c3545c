"""The footprints that get a compiled network, each for its median.

What the windows of a tile have in common is sorted once, as in plan.py, and so are parts of rows that neighbouring
windows share. In tiles of one column lanes are neighbouring outputs, and nothing has to be laid out anew.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from emit import emit
from graph import Bound, Ref, Value
from plan import Builder, Network, Place, Plan


@dataclass(frozen=True)
class Shape(Plan):
    """A plan for the windows of a footprint, in tiles of a single column of the array.

    Parameters
    ----------
    label : str
        Its name.
    members : frozenset of tuple
        The plane, row and column of each element that counts; what is a column is a row of the array.
    """

    label: str = ""
    members: frozenset[Place] = frozenset()

    @property
    def name(self) -> str:
        return self.label

    @property
    def places(self) -> list[Place]:
        return sorted(self.members)

    @cached_property
    def network(self) -> Network:
        return _Builder(self).network()


class _Builder(Builder):
    """As for boxes, but that what windows have in common is a set of places."""

    def __init__(self, plan: Shape) -> None:
        super().__init__(plan)
        self.sorted: dict[tuple[frozenset[Place], int], list[Value]] = {}

    def network(self) -> Network:
        self.halve(self.plan.lead, self.plan.tile_columns, frozenset(), [])
        return Network(self.plan, self.graph, [self.outputs[key] for key in sorted(self.outputs)], self.ends)

    def halve(self, column: int, width: int, before: frozenset[Place], values: list[Value]) -> None:
        """Select for `width` outputs, given the sorted elements that their windows share with others of the tile."""
        windows = [
            frozenset((z, y, x + start) for z, y, x in self.plan.places) for start in range(column, column + width)
        ]
        common = frozenset.intersection(*windows)
        if common > before:
            values = self.merge(values, self.sort(common - before))
        if width == 1:
            output = values[self.plan.rank]
            assert isinstance(output, Ref)
            self.outputs[0, column] = output
            return
        for start in (column, column + width // 2):
            self.halve(start, width // 2, common, values)

    def sort(self, places: frozenset[Place]) -> list[Value]:
        """The sorted elements, which are the same for places that differ by whole groups."""
        first = min(x for *_, x in places)
        shift = first // self.plan.tile_columns
        key = frozenset((z, y, x - shift * self.plan.tile_columns) for z, y, x in places)
        if key not in self.sorted:
            self.sorted[key] = self.sort_columns(key)
        return [v if isinstance(v, Bound) else Ref(v.node, v.shift + shift) for v in self.sorted[key]]

    def sort_columns(self, places: frozenset[Place]) -> list[Value]:
        columns = sorted({x for *_, x in places})
        if len(columns) == 1:
            return self.finished(self.graph.sort([self.graph.leaf(y, x, z) for z, y, x in sorted(places)]))
        width = columns[-1] + 1 - columns[0]
        middle = columns[0] + (width // 2 if self.plan.split == "half" else 1 << (width - 1).bit_length() - 1)
        left = frozenset(place for place in places if place[2] < middle)
        return self.merge(self.sort(left), self.sort(places - left))


def members_of(sides: tuple[int, int, int], counts: Callable[[int, int, int], bool]) -> frozenset[Place]:
    """The places of a box that count, given by their distances from its middle."""
    return frozenset(
        place
        for place in product(*map(range, sides))
        if counts(*(abs(at - side // 2) for at, side in zip(place, sides, strict=True)))
    )


def cross(side: int) -> frozenset[Place]:
    return members_of((1, side, side), lambda z, y, x: y == 0 or x == 0)


def disk(radius: int) -> frozenset[Place]:
    side = 2 * radius + 1
    return members_of((1, side, side), lambda z, y, x: y * y + x * x <= radius * radius)


SHAPES: dict[str, frozenset[Place]] = {
    "cross_3": cross(3),
    "cross_5": cross(5),
    "cross_7": cross(7),
    "disk_2": disk(2),
    "disk_3": disk(3),
    "diamond_3": members_of((1, 7, 7), lambda z, y, x: y + x <= 3),
    "round_5": members_of((1, 5, 5), lambda z, y, x: y + x < 4),
    "faces": members_of((3, 3, 3), lambda z, y, x: z + y + x <= 1),
    "edges": members_of((3, 3, 3), lambda z, y, x: z + y + x <= 2),
    "ball_2": members_of((5, 5, 5), lambda z, y, x: z * z + y * y + x * x <= 4),
}
"""What SciPy and scikit-image make as structuring elements, the smaller ones."""


def shape_of(label: str) -> Shape:
    members = SHAPES[label]
    planes, rows, columns = (max(axis) + 1 for axis in zip(*members, strict=True))
    shapes = (
        Shape(rows, columns, len(members) // 2, 1, width, split, planes=planes, label=label, members=members)
        for width, split in product((1, 2, 4), ("power", "half"))
        if width <= columns
    )
    return min(shapes, key=lambda shape: shape.network.operations_per_pixel)


def emit_all() -> str:
    return "".join(_lines(map(shape_of, SHAPES)))


def _lines(shapes: Iterable[Shape]) -> Iterator[str]:
    entries = []
    for shape in shapes:
        yield emit(shape)
        box = product(range(shape.planes), range(shape.columns), range(shape.rows))
        members = "".join("01"[(z, y, x) in shape.members] for z, x, y in box)
        entries.append(f'{{NETWORK_{shape.name} "{members}"}},')
    yield "#define SHAPES " + " \\\n    ".join(entries) + "\n"
