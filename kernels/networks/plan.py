"""Selection networks for the windows of a tile of output pixels.

The windows of a tile of neighbouring outputs have a core in common. The core is sorted once: columns are
sorted, then merged across x. The tile is then halved again and again, and what the windows of a half have
in common beyond the core is merged in, until one window is left (Adams, Fast median filters using
separable sorting networks, ACM TOG 2021). An element that can no longer have the wanted rank is dropped: what a
window has for itself is merged last, when few are left.
"""

from dataclasses import dataclass
from functools import cached_property, partial, reduce
from itertools import product

from graph import HIGH, LOW, MAX, MIN, Bound, Graph, Op, Ref, Value

Place = tuple[int, int, int]
"""Plane, row and column of an element of the window."""
Block = tuple[int, int, int, int]
"""Rows and columns of the tile: the first one and the one behind the last, of each."""


def halvings_of(tile_rows: int, tile_columns: int) -> str:
    """Which way a tile is halved, across x first."""
    return "x" * (tile_columns.bit_length() - 1) + "y" * (tile_rows.bit_length() - 1)


@dataclass(frozen=True)
class Plan:
    """How to select from every window of a tile.

    Parameters
    ----------
    rows, columns, planes : int
        The window. What is said of a column below holds for those of all planes together.
    rank : int
        Which element of the sorted window, from 0.
    tile_rows, tile_columns : int
        Outputs made together, powers of two.
    split : str
        How the columns of a block are split for merging: into halves (``"half"``), or so that the left
        part is the largest power of two (``"power"``).
    order : str
        Which way the tile is halved each time, such as ``"xyx"``; or ``"columns"``, which shares only sorted
        parts of columns between the rows of the tile. By default across x first.

    Notes
    -----
    A tile's columns are the ``tile_columns`` columns of a group. The windows of its outputs begin
    ``lead`` columns into their first group, so that they all end in the same group, ``reach`` groups on.
    """

    rows: int
    columns: int
    rank: int
    tile_rows: int = 1
    tile_columns: int = 1
    split: str = "half"
    order: str = ""
    planes: int = 1

    def __post_init__(self) -> None:
        if self.tile_rows > self.rows or self.tile_columns > self.columns:
            raise ValueError("the windows of a tile must have an element in common")
        halvings = halvings_of(self.tile_rows, self.tile_columns)
        if self.order not in ("", "columns") and sorted(self.order) != sorted(halvings):
            raise ValueError("each side of a tile must be halved until it is one")

    @property
    def name(self) -> str:
        """The window's planes, rows and columns: what is a column here is a row of the array."""
        return f"{self.planes}x{self.columns}x{self.rows}"

    @property
    def places(self) -> list[Place]:
        """The window's elements."""
        return list(product(range(self.planes), range(self.rows), range(self.columns)))

    @cached_property
    def elements(self) -> int:
        return len(self.places)

    @property
    def extra(self) -> int:
        """How many tiles further on the rows of a tile's windows reach."""
        return -(-(self.rows - 1) // self.tile_rows)

    @property
    def lead(self) -> int:
        return (1 - self.columns) % self.tile_columns

    @property
    def reach(self) -> int:
        return (self.lead + self.columns - 1) // self.tile_columns

    @cached_property
    def network(self) -> "Network":
        return Builder(self).network()


@dataclass(frozen=True)
class Network:
    """A plan's graph and, for each output of the tile row by row, where it is.

    Each list that was sorted or merged for it ended where the graph had as many nodes as `ends` says.
    """

    plan: Plan
    graph: Graph
    outputs: list[Ref]
    ends: list[int]

    @cached_property
    def needed(self) -> list[int]:
        return self.graph.needed_by(self.outputs)

    @cached_property
    def operations(self) -> int:
        return sum(isinstance(self.graph.nodes[node], Op) for node in self.needed)

    @property
    def operations_per_pixel(self) -> float:
        return self.operations / len(self.outputs)


class Builder:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.graph = Graph(plan.tile_columns)
        self.core: Block = (0, 0, 0, 0)
        self.blocks: dict[Block, list[Value]] = {}
        self.outputs: dict[tuple[int, int], Ref] = {}
        self.ends: list[int] = []

    def network(self) -> Network:
        plan = self.plan
        columns = plan.lead + plan.tile_columns - 1, plan.lead + plan.columns
        if plan.order == "columns" and plan.tile_columns == 1:
            columns_of_row = [self.columns_right_first(row) for row in range(plan.tile_rows)]
            for row, sorted_columns in enumerate(columns_of_row):
                self.outputs[row, 0] = self.select_across(sorted_columns)
        elif plan.order == "columns":
            for row in range(plan.tile_rows):
                self.core = (row, row + plan.rows, *columns)
                self.descend(row, plan.lead, halvings_of(1, plan.tile_columns), self.core, self.block(*self.core))
        else:
            self.core = (plan.tile_rows - 1, plan.rows, *columns)
            halvings = plan.order or halvings_of(plan.tile_rows, plan.tile_columns)
            self.descend(0, plan.lead, halvings, self.core, self.block(*self.core))
        return Network(plan, self.graph, [self.outputs[key] for key in sorted(self.outputs)], self.ends)

    def block(self, top: int, bottom: int, left: int, right: int) -> list[Value]:
        """The sorted elements of a block of the tile's rows and columns."""
        shift, left = divmod(left, self.plan.tile_columns)
        right -= shift * self.plan.tile_columns
        key = (top, bottom, left, right)
        if key not in self.blocks:
            self.blocks[key] = self.sorted_block(*key)
        return [v if isinstance(v, Bound) else Ref(v.node, v.shift + shift) for v in self.blocks[key]]

    def sorted_block(self, top: int, bottom: int, left: int, right: int) -> list[Value]:
        width = right - left
        common = self.plan.tile_rows - 1, self.plan.rows
        if width == 1 and self.plan.order == "columns" and bottom - top == self.plan.rows > common[1] - common[0]:
            column = self.block(*common, left, right)
            for extra in ((top, common[0]), (common[1], bottom)):
                column = self.merge(column, self.block(*extra, left, right))
            return column
        if width == 0:
            return []
        if width == 1:
            planes = range(self.plan.planes)
            rows = range(top, bottom)
            return self.sorted_leaves([self.graph.leaf(row, left, z) for row in rows for z in planes])
        middle = left + (width // 2 if self.plan.split == "half" else 1 << (width - 1).bit_length() - 1)
        return self.merge(self.block(top, bottom, left, middle), self.block(top, bottom, middle, right))

    def sorted_leaves(self, leaves: list[Ref]) -> list[Value]:
        """Those of a whole window in parts, since what a part shows to be too low or high need not be sorted."""
        if len(leaves) < max(4, self.plan.elements):
            return self.finished(self.graph.sort(leaves))
        middle = 1 << (len(leaves) - 1).bit_length() - 1
        parts = (self.drop(self.graph.sort(part)) for part in (leaves[:middle], leaves[middle:]))
        return self.merge(*parts)

    def merge(self, a: list[Value], b: list[Value]) -> list[Value]:
        bounds = [v for v in a + b if isinstance(v, Bound)]
        merged = self.graph.merge(
            [v for v in a if not isinstance(v, Bound)], [v for v in b if not isinstance(v, Bound)]
        )
        low = bounds.count(LOW)
        return self.finished([LOW] * low + merged + [HIGH] * (len(bounds) - low))

    def finished(self, values: list[Value]) -> list[Value]:
        self.ends.append(len(self.graph.nodes))
        return self.drop(values)

    def columns_right_first(self, row: int) -> list[list[Value]]:
        """The sorted columns of one window. What is computed from the rightmost needs no place of its own."""
        bottom = row + self.plan.rows
        return [self.block(row, bottom, x, x + 1) for x in reversed(range(self.plan.columns))]

    def select_across(self, columns: list[list[Value]]) -> Ref:
        """Select from one window by sorting its columns, then its rows.

        An element that is then in row i and column j has all those above and left of it below it in rank,
        and all those below and right of it above it; few can be of the wanted rank.
        """
        plan = self.plan
        above = plan.elements - 1 - plan.rank
        height = plan.planes * plan.rows
        low, left = 0, []
        for i, line in enumerate(zip(*columns, strict=True)):
            small = sum((height - i) * (plan.columns - j) - 1 > above for j in range(plan.columns))
            wanted = [j for j in range(small, plan.columns) if (i + 1) * (j + 1) - 1 <= plan.rank]
            low += small
            if wanted == [plan.columns - 1]:
                left.append(reduce(partial(self.graph.operation, MAX), line))
            elif wanted == [0]:
                left.append(reduce(partial(self.graph.operation, MIN), line))
            else:
                ordered = self.graph.sort(line)
                left += [ordered[j] for j in wanted]
        output = self.graph.sort(left)[plan.rank - low]
        assert isinstance(output, Ref)
        return output

    def drop(self, values: list[Value]) -> list[Value]:
        """Replace the elements that have too many others above or below them to be of the wanted rank."""
        above = self.plan.elements - 1 - self.plan.rank
        last = len(values) - 1
        return [HIGH if i > self.plan.rank else LOW if last - i > above else value for i, value in enumerate(values)]

    def descend(self, row: int, column: int, halvings: str, common: Block, values: list[Value]) -> None:
        """Select for the outputs of a part of the tile, given what their windows have in common, sorted."""
        if not halvings:
            output = values[self.plan.rank]
            assert isinstance(output, Ref)
            self.outputs[row, column] = output
            return
        half = 1 << halvings.count(halvings[0]) - 1
        merge = self.merge_block if len(halvings) > 1 else self.merge_own_last
        top, bottom, left, right = common
        if halvings[0] == "x":
            for start in (column, column + half):
                new_left, new_right = start + half - 1, start + self.plan.columns
                extra = (new_left, left) if new_left < left else (right, new_right)
                merged = merge(values, (top, bottom, *extra))
                self.descend(row, start, halvings[1:], (top, bottom, new_left, new_right), merged)
        else:
            for start in (row, row + half):
                new_top, new_bottom = start + half - 1, start + self.plan.rows
                extra = (new_top, top) if new_top < top else (bottom, new_bottom)
                merged = merge(values, (*extra, left, right))
                self.descend(start, column, halvings[1:], (new_top, new_bottom, left, right), merged)

    def merge_block(self, values: list[Value], block: Block) -> list[Value]:
        return self.merge(values, self.block(*block))

    def merge_own_last(self, values: list[Value], block: Block) -> list[Value]:
        """The rows or columns of the block that the core has, too, are in other windows of the tile: these first."""
        top, bottom, left, right = block
        above, below, before, behind = self.core
        if top <= above < below <= bottom:
            shared = above, below, left, right
            own = (top, above, left, right), (below, bottom, left, right)
        else:
            shared = top, bottom, before, behind
            own = (top, bottom, left, before), (top, bottom, behind, right)
        values = self.merge_block(values, shared)
        return self.merge(values, self.merge(*(self.block(*part) for part in own)))
