"""Cuts a network into stages, each a loop along x, and gives the values that cross stages their places.

The stages run one after the other over a short tile of groups, then over the next tile, so that all places
stay in the nearest cache. Within a stage values stay in registers. A value used by a later stage has a
place in scratch memory. A value that is read at a shift, that is from groups to the left, is *kept*: its
place begins with the last groups of the tile before.
"""

from dataclasses import dataclass, field

from graph import Op
from plan import Network

LARGEST_STAGE = 300  # operations: larger straight-line bodies spill more and compile slowly


@dataclass
class Stage:
    """A loop along x. ``warms`` where its values are wanted for groups before those of the outputs."""

    nodes: list[int] = field(default_factory=list)
    stored: list[int] = field(default_factory=list)
    warms: bool = False


@dataclass
class Schedule:
    """The stages of a network.

    Attributes
    ----------
    stages : list of Stage
    kept : dict
        The places of nodes that are read at a shift; each is one node's alone.
    place : dict
        The places of other stored nodes, used again once a node is done with.
    places : int
        How many places the latter use.
    """

    network: Network
    stages: list[Stage]
    kept: dict[int, int]
    place: dict[int, int]
    places: int


def schedule(network: Network) -> Schedule:
    nodes = network.graph.nodes
    operations = [node for node in network.needed if isinstance(nodes[node], Op)]
    stage_of = _assign(network, operations)
    stages = [Stage() for _ in range(1 + max(stage_of.values()))]
    last_use = dict.fromkeys(operations, -1)
    shifted: set[int] = set()
    for node in operations:
        stages[stage_of[node]].nodes.append(node)
        for ref in (nodes[node].a, nodes[node].b):
            if isinstance(nodes[ref.node], Op):
                if ref.shift:
                    shifted.add(ref.node)
                if stage_of[ref.node] < stage_of[node]:
                    last_use[ref.node] = stage_of[node]
    for node in operations:
        if node in shifted or last_use[node] >= 0:
            stages[stage_of[node]].stored.append(node)
    for node in _wanted_early(network, shifted):
        stages[stage_of[node]].warms = True
    kept = {node: index for index, node in enumerate(sorted(shifted))}
    place, places = _places(stages, kept, last_use)
    return Schedule(network, stages, kept, place, places)


def _assign(network: Network, operations: list[int]) -> dict[int, int]:
    """The stage of each operation.

    Operations are taken in the order in which the plan made them, which finishes one list before it
    begins the next and so keeps few values alive. A new stage begins where a value of the present one is
    wanted at a shift, or where the present one is large.
    """
    nodes = network.graph.nodes
    stage_of: dict[int, int] = {}
    stage = size = 0
    for node in operations:
        shifted = any(ref.shift and stage_of.get(ref.node) == stage for ref in (nodes[node].a, nodes[node].b))
        if shifted or size == LARGEST_STAGE:
            stage += 1
            size = 0
        stage_of[node] = stage
        size += 1
    return stage_of


def _wanted_early(network: Network, shifted: set[int]) -> set[int]:
    """The operations whose values are wanted for groups before the first output's."""
    nodes = network.graph.nodes
    early: set[int] = set()
    stack = list(shifted)
    while stack:
        node = stack.pop()
        if node not in early and isinstance(key := nodes[node], Op):
            early.add(node)
            stack += [key.a.node, key.b.node]
    return early


def _places(stages: list[Stage], kept: dict[int, int], last_use: dict[int, int]) -> tuple[dict[int, int], int]:
    place: dict[int, int] = {}
    free: list[int] = []
    done_with: list[list[int]] = [[] for _ in stages]
    places = 0
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
