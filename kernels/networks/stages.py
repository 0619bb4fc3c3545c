"""Cuts a network into stages, and gives the values that cross stages their places.

The stages run one after the other for one group, then for the next. Within a stage values stay in registers. A
value that is used by a later stage has a place in scratch memory. A value that is read at a shift, that is for
a later group, is *kept*: it has a ring of places, one for each of the groups that still want it.
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
    """The places of a kept value: of group x at place `first` + x modulo `length`, a power of two."""

    first: int
    length: int


@dataclass
class Schedule:
    """The stages of a network.

    Attributes
    ----------
    stages : list of Stage
    kept : dict
        The rings of nodes that are read at a shift; each is one node's alone.
    place : dict
        The places of other stored nodes, used again once a node is done with.
    places : int
        How many places all of them use.
    """

    network: Network
    stages: list[Stage]
    kept: dict[int, Ring]
    place: dict[int, int]
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
    kept: dict[int, Ring] = {}
    places = 0
    for node in operations:
        if reach[node]:
            kept[node] = Ring(places, 1 << reach[node].bit_length())
            places += kept[node].length
    place, places = _places(stages, kept, last_use, places)
    return Schedule(network, stages, kept, place, places)


def _places(
    stages: list[Stage], kept: dict[int, Ring], last_use: dict[int, int], places: int
) -> tuple[dict[int, int], int]:
    place: dict[int, int] = {}
    free: list[int] = []
    done_with: list[list[int]] = [[] for _ in stages]
    for number, stage in enumerate(stages):
        for node in stage.stored:
            if node in kept:
                continue
            if free:
                place[node] = free.pop()
            else:
                place[node] = places
                places += 1
            done_with[last_use[node]].append(place[node])
        free += done_with[number]
    return place, places
