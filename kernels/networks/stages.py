"""Cuts a network into stages, and gives the values that cross stages their places.

The stages run one after the other for a few groups, then for the next few: their code is fetched less often
that way, but the values take more room. Within a stage values stay in registers. A value that is used by a
later stage has a place in scratch memory for each of these groups. A value that is read at a shift, that is for
a later group, is *kept*: its places are a ring, with room also for the groups that still want it.
"""

from dataclasses import dataclass, field

from graph import Op
from plan import Network

LARGEST_STAGE = 300  # operations: larger straight-line bodies spill more and compile slowly


@dataclass
class Stage:
    """Straight-line code: its operations, and those whose values are stored."""

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
    places : int
        How many places there are.
    """

    network: Network
    stages: list[Stage]
    rings: dict[int, Ring]
    places: int


def schedule(network: Network) -> Schedule:
    """Operations are taken in the order in which the plan made them, which finishes one list before it begins
    the next and so keeps few values alive."""
    nodes = network.graph.nodes
    operations = [node for node in network.needed if isinstance(nodes[node], Op)]
    stages = [Stage(operations[i : i + LARGEST_STAGE]) for i in range(0, len(operations), LARGEST_STAGE)]
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
    tile = network.plan.tile_groups
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
    return Schedule(network, stages, rings, places)
