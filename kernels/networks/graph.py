"""Graphs of min and max operations that are the same at every position along x.

A node is computed once for each *group* of neighbouring columns. A reference is a pair (node, shift):
the node's value `shift` groups to the right of the current one. Two values that differ only by a shift
are one node, so whatever neighbouring windows share is computed once.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple


class Ref(NamedTuple):
    """The value of `node`, `shift` groups away."""

    node: int
    shift: int


class Leaf(NamedTuple):
    """The element in row `row` of plane `plane` of the window and in column `phase` of its group."""

    row: int
    phase: int
    plane: int = 0


class Op(NamedTuple):
    """The smaller (``which`` 0) or larger (1) of two values."""

    which: int
    a: Ref
    b: Ref


class Bound(NamedTuple):
    """A value known to lie below (-1) or above (+1) the wanted rank, whatever the data."""

    sign: int


MIN: Final = 0
MAX: Final = 1
LOW: Final = Bound(-1)
HIGH: Final = Bound(1)

Value = Ref | Bound

# Sorting networks with the fewest comparisons known (Knuth, The Art of Computer Programming 3, 5.3.4).
# Other sizes are sorted by halves and merged.
SORTS: Final = {
    3: "02 01 12",
    5: "03 14 02 13 01 24 12 34 23",
    6: "05 13 24 12 34 03 25 01 23 45 12 34",
    7: "06 23 45 02 14 36 01 25 34 12 46 23 45 12 34 56",
}


class Graph:
    """Builds nodes, each only once.

    Parameters
    ----------
    group : int
        Columns in a group.
    """

    def __init__(self, group: int) -> None:
        self.group = group
        self.nodes: list[Leaf | Op] = []
        self._known: dict[Leaf | Op, int] = {}

    def _node(self, key: Leaf | Op) -> int:
        node = self._known.setdefault(key, len(self.nodes))
        if node == len(self.nodes):
            self.nodes.append(key)
        return node

    def leaf(self, row: int, column: int, plane: int = 0) -> Ref:
        shift, phase = divmod(column, self.group)
        return Ref(self._node(Leaf(row, phase, plane)), shift)

    def operation(self, which: int, a: Value, b: Value) -> Value:
        """The smaller or larger of two values. A node's own position is that of its rightmost input."""
        if isinstance(a, Bound) or isinstance(b, Bound):
            bound, other = (a, b) if isinstance(a, Bound) else (b, a)
            return other if (bound == LOW) == (which == MAX) else bound
        if a == b:
            return a
        at = max(a.shift, b.shift)
        x, y = sorted((Ref(a.node, a.shift - at), Ref(b.node, b.shift - at)))
        return Ref(self._node(Op(which, x, y)), at)

    def compare(self, a: Value, b: Value) -> tuple[Value, Value]:
        return self.operation(MIN, a, b), self.operation(MAX, a, b)

    def sort(self, values: Sequence[Value]) -> list[Value]:
        values = list(values)
        if network := SORTS.get(len(values)):
            for pair in network.split():
                i, j = map(int, pair)
                values[i], values[j] = self.compare(values[i], values[j])
            return values
        if len(values) < 2:
            return values
        half = len(values) // 2
        return self.merge(self.sort(values[:half]), self.sort(values[half:]))

    def merge(self, a: Sequence[Value], b: Sequence[Value]) -> list[Value]:
        """Merges two sorted lists of any lengths by Batcher's odd-even merge (AFIPS 1968)."""
        if not a or not b:
            return [*a, *b]
        if len(a) == len(b) == 1:
            return list(self.compare(a[0], b[0]))
        even = self.merge(a[::2], b[::2])
        odd = self.merge(a[1::2], b[1::2])
        merged = even[:1]
        for low, high in zip(odd, even[1:]):
            merged += self.compare(low, high)
        pairs = (len(merged) - 1) // 2
        return merged + odd[pairs:] + even[1 + pairs :]

    def needed_by(self, outputs: Iterable[Ref]) -> list[int]:
        """The nodes that the outputs depend on, in an order in which they can be computed."""
        found: set[int] = set()
        stack = [output.node for output in outputs]
        while stack:
            node = stack.pop()
            if node not in found:
                found.add(node)
                key = self.nodes[node]
                if isinstance(key, Op):
                    stack += [key.a.node, key.b.node]
        return sorted(found)
