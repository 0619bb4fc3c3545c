"""Cuts a network into stages, each a loop along x, and gives the values that cross stages their places.

Within a stage values stay in registers. A value read at another position than its own (at a shift) must
have been stored by an earlier stage; so must any value used by a later stage.
"""

from dataclasses import dataclass, field

from graph import Leaf, Op
from plan import Network

LARGEST_STAGE = 2500  # operations; compilers take long over larger straight-line bodies


@dataclass
class Stage:
    """A loop along x over groups ``first`` to ``count + last`` - 1."""

    nodes: list[int] = field(default_factory=list)
    stored: list[int] = field(default_factory=list)
    first: int = 1 << 30
    last: int = 0


@dataclass
class Schedule:
    """The stages of a network.

    Attributes
    ----------
    stages : list of Stage
    place : dict
        Where each stored node lies, as a number of a row of scratch memory.
    first : dict
        The group with which that row begins.
    places : int
        How many rows of scratch memory are used.
    reach : int
        How many groups an output's window spans beyond its own.
    """

    network: Network
    stages: list[Stage]
    place: dict[int, int]
    first: dict[int, int]
    places: int
    reach: int


def schedule(network: Network) -> Schedule:
    nodes = network.graph.nodes
    operations = [node for node in network.needed if isinstance(nodes[node], Op)]
    stage_of = _assign(network, operations)
    stages = [Stage() for _ in range(1 + max(stage_of.values()))]
    last_use = dict.fromkeys(operations, -1)
    for node in operations:
        stages[stage_of[node]].nodes.append(node)
        for ref in (nodes[node].a, nodes[node].b):
            if isinstance(nodes[ref.node], Op) and stage_of[ref.node] < stage_of[node]:
                last_use[ref.node] = max(last_use[ref.node], stage_of[node])
    for node in operations:
        if last_use[node] >= 0:
            stages[stage_of[node]].stored.append(node)
    _bound(network, stages, stage_of)
    place, places = _places(stages, last_use)
    first = {node: stages[stage_of[node]].first for node in place}
    return Schedule(network, stages, place, first, places, max(ref.shift for ref in network.outputs))


def _assign(network: Network, operations: list[int]) -> dict[int, int]:
    """The stage of each operation: as early as its inputs allow, then cut where a stage is too large."""
    nodes = network.graph.nodes
    depth: dict[int, int] = {}
    for node in operations:
        inputs = [ref for ref in (nodes[node].a, nodes[node].b) if isinstance(nodes[ref.node], Op)]
        depth[node] = max((depth[ref.node] + (ref.shift != 0) for ref in inputs), default=0)
    stage_of: dict[int, int] = {}
    stage = -1
    for level in range(1 + max(depth.values())):
        members = [node for node in operations if depth[node] == level]
        parts = -(-len(members) // LARGEST_STAGE)
        size = -(-len(members) // parts)
        for i, node in enumerate(members):
            stage += i % size == 0
            stage_of[node] = stage
    return stage_of


def _bound(network: Network, stages: list[Stage], stage_of: dict[int, int]) -> None:
    """Over which groups each stage must run, outputs being wanted for groups 0 to count - 1."""
    nodes = network.graph.nodes
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for ref in network.outputs:
        first[ref.node] = min(first.get(ref.node, ref.shift), ref.shift)
        last[ref.node] = max(last.get(ref.node, ref.shift), ref.shift)
    for node in reversed(network.needed):
        if isinstance(key := nodes[node], Leaf):
            continue
        for ref in (key.a, key.b):
            first[ref.node] = min(first.get(ref.node, 1 << 30), first[node] + ref.shift)
            last[ref.node] = max(last.get(ref.node, 0), last[node] + ref.shift)
    for node, stage in stage_of.items():
        stages[stage].first = min(stages[stage].first, first[node])
        stages[stage].last = max(stages[stage].last, last[node])


def _places(stages: list[Stage], last_use: dict[int, int]) -> tuple[dict[int, int], int]:
    """Rows of scratch memory for the stored nodes; a row is used again when its node is done with."""
    place: dict[int, int] = {}
    free: list[int] = []
    places = 0
    for number, stage in enumerate(stages):
        for node in stage.stored:
            if free:
                place[node] = free.pop()
            else:
                place[node] = places
                places += 1
        free += [place[node] for earlier in stages[: number + 1] for node in earlier.stored
                 if last_use[node] == number]  # fmt: skip
    return place, places
