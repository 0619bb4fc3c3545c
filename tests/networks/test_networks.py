"""Every network selects the wanted rank, by the 0-1 principle, on integers, and as emitted C.

The 0-1 principle: a network of min and max operations that selects the wanted rank of all inputs of zeros and
ones selects it of all inputs (Knuth, The Art of Computer Programming 3, 5.3.4).
"""

import re

import numpy as np
import pytest
from emit import REGISTERS
from graph import Graph, Leaf, Op, Ref
from machines import TextMachine, label, run_graph, windows_of
from plan import Network, Plan
from plans import WINDOWS, plan_of
from shapes import SHAPES, shape_of
from stages import Load, Make, Save, Step, allocate, schedule

OTHER_PLANS = [
    Plan(1, 2, 1),
    Plan(1, 9, 4, 1, 4),
    Plan(9, 1, 4, 4, 1),
    Plan(2, 2, 2, 2, 2),
    Plan(3, 7, 10, 2, 2),
    Plan(7, 3, 10, 2, 2, "power", "yx"),
    Plan(4, 6, 12, 2, 4),
    Plan(6, 5, 15, 4, 2, "power"),
    Plan(5, 6, 12, 4, 4, "power", "yxxy"),
    Plan(5, 5, 0, 2, 2),
    Plan(5, 5, 24, 2, 2),
    Plan(5, 5, 5, 1, 2),
    Plan(7, 7, 40, 2, 2, "half", "yx"),
    Plan(4, 6, 11, 4, 2, "half", "columns"),
    Plan(7, 5, 17, 2, 4, "power", "columns"),
    Plan(3, 3, 4, 2, 1, "half", "columns"),
    Plan(3, 3, 13, 2, 2, planes=3),
    Plan(2, 3, 6, 1, 1, "power", "columns", planes=2),
    Plan(5, 3, 20, 2, 1, "half", "columns", planes=3),
]
"""Rectangles, boxes, even sizes, other ranks than the middle, and every way to split and to order."""

PLANS = [*map(plan_of, WINDOWS), *OTHER_PLANS, *map(shape_of, SHAPES)]
each_plan = pytest.mark.parametrize("plan", PLANS, ids=label)


def rows_of_ones(generator: np.random.Generator, length: int, counts: np.ndarray) -> np.ndarray:
    """A row of zeros and ones for each count, with that many ones anywhere."""
    order = generator.permuted(np.tile(np.arange(length), (len(counts), 1)), axis=1)
    return (order < counts[:, None]).astype(np.uint8)


def check_selects(network: Network, inputs: np.ndarray) -> None:
    """Each input is one window, used for each output of the tile. An output reads its own window alone,
    else run_graph has no value for it."""
    plan = network.plan
    wanted = np.count_nonzero(inputs, axis=1) >= plan.elements - plan.rank
    columns = np.ascontiguousarray(inputs.T)
    for output, places in windows_of(network):
        got = run_graph(network.graph, output, dict(zip(places, columns, strict=True)))
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("plan", [plan for plan in PLANS if plan.elements <= 16], ids=label)
def test_all_zeros_and_ones(plan: Plan) -> None:
    n = plan.elements
    check_selects(plan.network, (np.arange(1 << n)[:, None] >> np.arange(n) & 1).astype(np.uint8))


@pytest.mark.parametrize("plan", [plan_of((1, 5, 5)), Plan(5, 5, 5, 1, 2)], ids=label)
def test_all_zeros_and_ones_of_5x5(plan: Plan) -> None:
    """All 2**25, eight to a byte: the low 19 elements vary within a chunk, the high 6 between chunks."""
    numbers = np.arange(1 << 19)
    varying = [(numbers >> bit & 1).astype(np.uint8) for bit in range(19)]
    ones_below = sum(varying)
    varying = [np.packbits(element) for element in varying]
    for high in range(1 << 6):
        constant = [np.full(1 << 16, 255 * (high >> bit & 1), np.uint8) for bit in range(6)]
        wanted = np.packbits(ones_below + high.bit_count() >= 25 - plan.rank)
        for output, places in windows_of(plan.network):
            elements = dict(zip(places, varying + constant, strict=True))
            got = run_graph(plan.network.graph, output, elements, (np.bitwise_and, np.bitwise_or))
            assert np.array_equal(got, wanted)


@each_plan
def test_random_zeros_and_ones_of_every_count(plan: Plan) -> None:
    n = plan.elements
    generator = np.random.default_rng(1)
    check_selects(plan.network, rows_of_ones(generator, n, np.repeat(np.arange(n + 1), 10)))


@each_plan
def test_zeros_and_ones_that_one_more_one_would_change(plan: Plan) -> None:
    """The hard inputs: the count of ones is the smallest that gives a one, or one less."""
    n = plan.elements
    generator = np.random.default_rng(2)
    counts = np.repeat([n - plan.rank - 1, n - plan.rank], 2000)
    check_selects(plan.network, rows_of_ones(generator, n, counts))


@each_plan
def test_sloping_zeros_and_ones(plan: Plan) -> None:
    """Ones on one side of a line, in windows sloping in every direction, as at an edge in an image."""
    n = plan.elements
    plane, row, column = np.array(plan.places).T
    row += plane * plan.rows  # planes one below the other
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)[:, None]
    height = np.argsort(np.argsort(row * np.sin(angles) + column * np.cos(angles), axis=1), axis=1)
    for ones in (n - plan.rank - 1, n - plan.rank):
        check_selects(plan.network, (height >= n - ones).astype(np.uint8))


@each_plan
@pytest.mark.parametrize("registers", REGISTERS)
def test_emitted_text(plan: Plan, registers: int) -> None:
    """As compiled: stages, what is kept for the groups below, places that values share, shifts."""
    machine = TextMachine(plan, registers)
    for groups, tiles in [(1, 1), (2, 6), (6, 3)]:
        rows = (groups + plan.reach) * plan.tile_columns
        columns = (tiles + plan.extra) * plan.tile_rows
        image = np.random.default_rng(groups).integers(0, 1000, (plan.planes, rows, columns))
        windows = np.lib.stride_tricks.sliding_window_view(image, (plan.planes, plan.columns, plan.rows))[0]
        elements = [windows[..., plane, column, row] for plane, row, column in plan.places]
        wanted = np.sort(elements, axis=0)[plan.rank]
        got = machine.run(image)
        np.testing.assert_array_equal(got, wanted[plan.lead :][: len(got), : got.shape[1]])


@each_plan
def test_emitted_operations(plan: Plan) -> None:
    """Calls make all operations, and what is called makes each once."""
    machine = TextMachine(plan, 16)
    made = {name: len(re.findall(r"= M(?:IN|AX|AX_BESIDE)\(", text)) for name, text in machine.texts.items()}
    assert sum(made[name] for name, _ in machine.calls) == plan.network.operations


@pytest.mark.parametrize("side", [11, 12, 13, 14, 15, 17, 21])
def test_equal_stages_share_code(side: int) -> None:
    machine = TextMachine(plan_of((1, side, side)), 16)
    assert 1.5 * len(machine.stages) < len(machine.calls)


@each_plan
@pytest.mark.parametrize("registers", REGISTERS)
def test_registers(plan: Plan, registers: int) -> None:
    """No more values are wanted at a time than there are registers for."""
    done = schedule(plan.network)
    for stage in done.stages:
        steps, _ = allocate(done, stage, registers)
        assert max(_live(plan.network, steps)) <= registers + 1  # the operation reads one value from memory


def _live(network: Network, steps: list[Step]) -> list[int]:
    """How many values are between being made or read and their last use, before each step."""
    last: dict[Ref, int] = {}
    counts = []
    for step in reversed(steps):
        match step:
            case Load(ref):
                last.pop(ref)
            case Make(node):
                last.pop(Ref(node, 0), None)
                key = network.graph.nodes[node]
                last |= dict.fromkeys((key.a, key.b), 0)
            case Save(node):
                last[Ref(node, 0)] = 0
        counts.append(len(last))
    return counts


@pytest.mark.parametrize("length", range(17))
def test_sort(length: int) -> None:
    graph = Graph(1)
    values = graph.sort([graph.leaf(0, column) for column in range(length)])
    inputs = (np.arange(1 << length)[:, None] >> np.arange(length) & 1).astype(np.uint8)
    elements = {(0, 0, column): inputs[:, column] for column in range(length)}
    wanted = np.sort(inputs, axis=1)
    for i, value in enumerate(values):
        np.testing.assert_array_equal(run_graph(graph, value, elements), wanted[:, i])


@pytest.mark.parametrize("first", range(13))
@pytest.mark.parametrize("second", range(13))
def test_merge(first: int, second: int) -> None:
    """All sorted lists of zeros and ones, of all lengths: the 0-1 principle holds for merging too."""
    graph = Graph(1)
    leaves = [graph.leaf(0, column) for column in range(first + second)]
    merged = graph.merge(leaves[:first], leaves[first:])
    sorted_first = np.arange(first) >= np.arange(first + 1)[:, None]
    sorted_second = np.arange(second) >= np.arange(second + 1)[:, None]
    inputs = np.hstack([np.repeat(sorted_first, second + 1, axis=0), np.tile(sorted_second, (first + 1, 1))])
    elements = {(0, 0, column): inputs[:, column] for column in range(first + second)}
    wanted = np.sort(inputs, axis=1)
    for i, value in enumerate(merged):
        np.testing.assert_array_equal(run_graph(graph, value, elements), wanted[:, i])


def test_equal_values_are_one_node() -> None:
    """Values of neighbouring positions that differ by a whole number of groups are computed once."""
    graph = Graph(2)
    here = graph.compare(graph.leaf(0, 0), graph.leaf(0, 3))
    there = graph.compare(graph.leaf(0, 5), graph.leaf(0, 2))
    assert [value.node for value in here] == [value.node for value in there]
    assert [value.shift + 1 for value in here] == [value.shift for value in there]


@each_plan
def test_every_operation_is_needed(plan: Plan) -> None:
    """No operation is kept whose result no output depends on, and every element of a window counts."""
    network = plan.network
    used = {ref.node for ref in network.outputs}
    for node in network.needed:
        key = network.graph.nodes[node]
        if isinstance(key, Op):
            used |= {key.a.node, key.b.node}
    assert used == set(network.needed)
    leaves = {key for node in network.needed if isinstance(key := network.graph.nodes[node], Leaf)}
    read = {place for _, window in windows_of(network) for place in window}
    assert leaves == {Leaf(row, column % plan.tile_columns, plane) for plane, row, column in read}
