"""Cuts a network into stages, and says for each which values are in registers and which in memory.

The stages run one after the other for a few groups, then for the next few: their code is fetched less often
that way, but the values take more room. A value that is used by a later stage has a place in scratch memory for
each of these groups. A value that is read at a shift, that is for a later group, is *kept*: its places are a
ring, with room also for the groups that still want it.

Compilers allocate registers poorly in straight-line code of this length. So it is done here, and each value is
read from memory again where it does not stay in a register: the one that is wanted last goes first (Belady, A
study of replacement algorithms for a virtual-storage computer, 1966).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from graph import Op, Ref
from plan import Network

ONE_STAGE = 1200  # operations of a tile at most: the code of more does not stay in the cache of decoded instructions
LARGEST_STAGE = 700  # of several, which do when they follow each other for a few groups
TILE_GROUPS = 4


@dataclass
class Stage:
    """Straight-line code: its operations, and those whose values are stored for other stages or groups."""

    nodes: list[int] = field(default_factory=list)
    stored: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Ring:
    """The places of a value: of group x at place `first` + x modulo `length`."""

    first: int
    length: int


@dataclass
class Schedule:
    """The stages of a network.

    Attributes
    ----------
    stages : list of Stage
    rings : dict
        The places of stored nodes. Those of a node that is not kept are used again once it is done with.
    tile_groups : int
        For how many groups a stage is run before the next one is.
    places : int
        How many places there are. Those behind them are free for each stage to use.
    """

    network: Network
    stages: list[Stage]
    rings: dict[int, Ring]
    tile_groups: int
    places: int


def schedule(network: Network) -> Schedule:
    """Operations are taken in the order in which the plan made them, which finishes one list before it begins
    the next and so keeps few values alive."""
    nodes = network.graph.nodes
    operations = [node for node in network.needed if isinstance(nodes[node], Op)]
    one = len(operations) <= ONE_STAGE
    size, tile = (ONE_STAGE, 1) if one else (LARGEST_STAGE, TILE_GROUPS)
    stages = [Stage(part) for part in _cut(network, operations, size)]
    stage_of = {node: number for number, stage in enumerate(stages) for node in stage.nodes}
    last_use = dict.fromkeys(operations, -1)
    reach = dict.fromkeys(operations, 0)
    for node in operations:
        for ref in (nodes[node].a, nodes[node].b):
            if ref.node in stage_of:
                reach[ref.node] = max(reach[ref.node], -ref.shift)
                if stage_of[ref.node] < stage_of[node]:
                    last_use[ref.node] = stage_of[node]
    for node in operations:
        if reach[node] or last_use[node] >= 0:
            stages[stage_of[node]].stored.append(node)
    rings: dict[int, Ring] = {}
    free: list[Ring] = []
    places = 0
    done_with: list[list[Ring]] = [[] for _ in stages]
    for number, stage in enumerate(stages):
        for node in stage.stored:
            if reach[node] or not free:
                rings[node] = Ring(places, tile + reach[node])
                places += tile + reach[node]
            else:
                rings[node] = free.pop()
            if not reach[node]:
                done_with[last_use[node]].append(rings[node])
        free += done_with[number]
    return Schedule(network, stages, rings, tile, places)


def _cut(network: Network, operations: list[int], most: int) -> Iterator[list[int]]:
    """Parts of at most so many operations, and at least half as many, that pass on as few values as can be."""
    nodes = network.graph.nodes
    last_use: dict[int, int] = {}
    kept = set()
    for time, node in enumerate(operations):
        for ref in (nodes[node].a, nodes[node].b):
            last_use[ref.node] = time
            if ref.shift:
                kept.add(ref.node)
    change = [0] * (len(operations) + 1)
    for time, node in enumerate(operations):
        if node not in kept:  # else it is stored wherever stages end
            change[time + 1] += 1
            change[last_use.get(node, time) + 1] -= 1
    passed_on = list(accumulate(change))
    start = 0
    while len(operations) - start > most:
        end = min(range(start + most // 2, start + most + 1), key=lambda time: (passed_on[time], -time))
        yield operations[start:end]
        start = end
    yield operations[start:]


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
        self.rings = done.rings
        self.stage = stage
        self.registers = registers
        self.mine = set(stage.nodes)
        self.uses: dict[Ref, list[int]] = {}  # when each value is wanted, the next use last
        for time in reversed(range(len(stage.nodes))):
            for ref in self.operands(stage.nodes[time]):
                self.uses.setdefault(ref, []).append(time)
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
            missing = sorted(operands - self.held.keys(), key=lambda ref: (len(self.uses[ref]), ref))
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
        last = max(self.held.keys() - wanted, key=lambda ref: (self.uses[ref][-1], ref))
        del self.held[last]
        if last.node in self.mine and not last.shift and last.node not in self.rings and last.node not in self.own:
            if not self.free:
                self.free.append(self.places)
                self.places += 1
            self.own[last.node] = self.free.pop()
            yield Save(last.node, self.own[last.node])


def allocate(done: Schedule, stage: Stage, registers: int) -> tuple[list[Step], int]:
    """The steps of a stage, and how many places of its own it needs."""
    allocator = _Allocator(done, stage, registers)
    return list(allocator.steps()), allocator.places
