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


AT_ONCE: Final = 24
"""Values that are merged before others: they about fit registers."""


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
        """Merges two sorted lists of any lengths."""
        merged = _Merge(self, a, b)
        return [merged[i] for i in range(merged.length)]

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


class _Merge:
    """Two sorted lists, merged by Batcher's odd-even merge (AFIPS 1968).

    Short lists are merged at once. Of long ones each value is made when it is asked for: if they are asked for one
    after the other, few are waiting for others at a time, which then are in registers.
    """

    def __init__(self, graph: Graph, a: Sequence[Value], b: Sequence[Value]) -> None:
        self.graph = graph
        self.length = len(a) + len(b)
        self.known: dict[int, Value] = {}
        if not a or not b:
            self.known = dict(enumerate([*a, *b]))
        elif self.length == 2:
            self.known = dict(enumerate(graph.compare(a[0], b[0])))
        else:
            self.even = _Merge(graph, a[::2], b[::2])
            self.odd = _Merge(graph, a[1::2], b[1::2])
            if self.length <= AT_ONCE:
                for i in range(self.length):
                    self[i]

    def __getitem__(self, i: int) -> Value:
        if i not in self.known:
            pair = (i - 1) // 2
            pairs = min(self.odd.length, self.even.length - 1)
            if i == 0:
                self.known[i] = self.even[0]
            elif pair < pairs:
                low, high = self.graph.compare(self.odd[pair], self.even[pair + 1])
                self.known |= {2 * pair + 1: low, 2 * pair + 2: high}
            else:
                self.known[i] = self.odd[pairs] if self.odd.length > pairs else self.even[pairs + 1]
        return self.known[i]
