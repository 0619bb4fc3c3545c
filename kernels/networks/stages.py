"""Cuts a network into stages, and says for each which values are in registers and which in memory.

A stage makes one sorted list or a few small ones. What its lists are made of lies in memory list by list, so that
stages that do the same with other lists share their code: a network of a large window has twice as many operations as
it has code for, and code that does not stay in the cache of decoded instructions is what bounds it otherwise.

The values of a stage that others read are on *shelves*: those that are wanted for as many groups share one. A value
that is read at a shift, that is for a later group, is *kept*: its shelf is a ring, with room also for the groups that
still want it.

Compilers allocate registers poorly in straight-line code of this length. So it is done here, and each value is
read from memory again where it does not stay in a register: the one that is wanted last goes first (Belady, A
study of replacement algorithms for a virtual-storage computer, 1966).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from graph import Op, Ref
from plan import Network

ONE_STAGE = 1200  # operations of a tile at most: the code of more does not stay in the cache of decoded instructions
SHORT_LIST = 1 / 40  # of the operations of all: what makes a shorter one does not stand alone


@dataclass
class Stage:
    """Straight-line code: its operations, and those whose values are stored for other stages or groups."""

    nodes: list[int] = field(default_factory=list)
    stored: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Shelf:
    """The places of `count` values: of group x from `first` + x modulo `length` * `count` on."""

    first: int
    count: int
    length: int

    @property
    def end(self) -> int:
        return self.first + self.count * self.length


@dataclass
class Schedule:
    """The stages of a network.

    Attributes
    ----------
    stages : list of Stage
    shelves : dict
        Where stored nodes are: their shelf, and which of its values they are. The places of a shelf that is not kept
        are used again once it is done with.
    places : int
        How many places there are. Those behind them are free for each stage to use.
    """

    network: Network
    stages: list[Stage]
    shelves: dict[int, tuple[Shelf, int]]
    places: int


def schedule(network: Network) -> Schedule:
    """Operations are taken in the order in which the plan made them, which finishes one list before it begins
    the next and so keeps few values alive."""
    nodes = network.graph.nodes
    stages = [Stage(part) for part in _parts(network)]
    stage_of = {node: number for number, stage in enumerate(stages) for node in stage.nodes}
    last_use = dict.fromkeys(stage_of, -1)
    reach = dict.fromkeys(stage_of, 0)
    for node, number in stage_of.items():
        for ref in (nodes[node].a, nodes[node].b):
            if ref.node in stage_of:
                reach[ref.node] = max(reach[ref.node], -ref.shift)
                if stage_of[ref.node] < number:
                    last_use[ref.node] = number
    wanted: list[tuple[int, int, list[int]]] = []  # from which stage to which, and what shares a shelf
    for number, stage in enumerate(stages):
        stage.stored = [node for node in stage.nodes if reach[node] or last_use[node] >= 0]
        for far in sorted({reach[node] for node in stage.stored}):
            share = [node for node in stage.stored if reach[node] == far]
            wanted.append((number, max(last_use[node] for node in share), share))
    shelves: dict[int, tuple[Shelf, int]] = {}
    put: list[tuple[int, int, Shelf]] = []
    for number, last, share in sorted(wanted, key=lambda wish: -reach[wish[2][0]]):
        far = reach[share[0]]
        number, last = (0, len(stages)) if far else (number, last)
        taken = [shelf for first, end, shelf in put if number <= end and first <= last]
        shelf = _first_room(taken, len(share), far + 1)
        put.append((number, last, shelf))
        shelves |= {node: (shelf, index) for index, node in enumerate(share)}
    return Schedule(network, stages, shelves, max((shelf.end for _, _, shelf in put), default=0))


def _first_room(taken: list[Shelf], count: int, length: int) -> Shelf:
    """A shelf at the lowest place where it meets no other."""
    for first in sorted([0, *(shelf.end for shelf in taken)]):
        shelf = Shelf(first, count, length)
        if all(other.end <= first or shelf.end <= other.first for other in taken):
            return shelf
    raise AssertionError


def _parts(network: Network) -> Iterator[list[int]]:
    """All operations, or those of one list after the other: short ones together, until an output is made."""
    operations = [node for node in network.needed if isinstance(network.graph.nodes[node], Op)]
    if len(operations) <= ONE_STAGE:
        yield operations
        return
    outputs = {ref.node for ref in network.outputs}
    part: list[int] = []
    for start, end in pairwise([0, *network.ends]):
        made = [node for node in operations if start <= node < end]
        part += made
        if len(made) >= SHORT_LIST * len(operations) or outputs.intersection(made):
            yield part
            part = []
    assert not part


@dataclass(frozen=True)
class Load:
    """Read a value from where it is: the input, its ring, or a place of the stage's own."""

    ref: Ref
    own: int | None = None
    again: bool = False  # it was in a register in this stage


@dataclass(frozen=True)
class Make:
    """Compute a node from what is in registers, and store it where others find it."""

    node: int


@dataclass(frozen=True)
class Save:
    """Write a value to a place of the stage's own."""

    node: int
    own: int


Step = Load | Make | Save


class _Allocator:
    """Walks through a stage with a number of registers."""

    def __init__(self, done: Schedule, stage: Stage, registers: int) -> None:
        self.nodes = done.network.graph.nodes
        self.shelves = done.shelves
        self.stage = stage
        self.registers = registers
        self.mine = set(stage.nodes)
        self.uses: dict[Ref, list[int]] = {}  # when each value is wanted, the next use last
        for time in reversed(range(len(stage.nodes))):
            for ref in self.operands(stage.nodes[time]):
                self.uses.setdefault(ref, []).append(time)
        self.number: dict[Ref, int] = {}  # in which order they are wanted, so that equal stages come out equal
        for node in stage.nodes:
            for ref in (self.nodes[node].a, self.nodes[node].b, Ref(node, 0)):
                self.number.setdefault(ref, len(self.number))
        self.held: dict[Ref, None] = {}  # in registers
        self.seen: set[Ref] = set()
        self.own: dict[int, int] = {}  # places of values that had to go
        self.free: list[int] = []
        self.places = 0

    def operands(self, node: int) -> set[Ref]:
        key = self.nodes[node]
        assert isinstance(key, Op)
        return {key.a, key.b}

    def steps(self) -> Iterator[Step]:
        for node in self.stage.nodes:
            operands = self.operands(node)
            missing = sorted(operands - self.held.keys(), key=lambda ref: (len(self.uses[ref]), self.number[ref]))
            for index, ref in enumerate(missing):
                if index or len(self.uses[ref]) > 1:  # else the operation itself reads it from memory
                    yield from self.make_room(operands)
                yield Load(ref, self.own.get(ref.node) if not ref.shift else None, ref in self.seen)
                self.held[ref] = None
                self.seen.add(ref)
            for ref in operands:
                self.uses[ref].pop()
                if not self.uses[ref]:
                    self.forget(ref)
            yield Make(node)
            ref = Ref(node, 0)
            if self.uses.get(ref):
                yield from self.make_room({ref})
                self.held[ref] = None
                self.seen.add(ref)

    def forget(self, ref: Ref) -> None:
        self.held.pop(ref, None)
        if not ref.shift and ref.node in self.own:
            self.free.append(self.own.pop(ref.node))

    def make_room(self, wanted: set[Ref]) -> Iterator[Step]:
        if len(self.held) < self.registers:
            return
        last = max(self.held.keys() - wanted, key=lambda ref: (self.uses[ref][-1], self.number[ref]))
        del self.held[last]
        if last.node in self.mine and not last.shift and last.node not in self.shelves and last.node not in self.own:
            if not self.free:
                self.free.append(self.places)
                self.places += 1
            self.own[last.node] = self.free.pop()
            yield Save(last.node, self.own[last.node])


def allocate(done: Schedule, stage: Stage, registers: int) -> tuple[list[Step], int]:
    """The steps of a stage, and how many places of its own it needs."""
    allocator = _Allocator(done, stage, registers)
    return list(allocator.steps()), allocator.places
