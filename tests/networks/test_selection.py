"""The networks for windows that share no elements select the middle one, by the 0-1 principle and as emitted C."""

import re

import numpy as np
import pytest
from graph import Op
from machines import run_graph
from selection import SIZES, emit, selection

each_size = pytest.mark.parametrize("elements", SIZES)


def check_selects(elements: int, inputs: np.ndarray) -> None:
    graph, chosen = selection(elements)
    places = {(0, place, 0): np.ascontiguousarray(inputs[:, place]) for place in range(elements)}
    wanted = np.count_nonzero(inputs, axis=1) > elements // 2
    np.testing.assert_array_equal(run_graph(graph, chosen, places), wanted)


@pytest.mark.parametrize("elements", range(1, 18, 2))
def test_all_zeros_and_ones(elements: int) -> None:
    check_selects(elements, (np.arange(1 << elements)[:, None] >> np.arange(elements) & 1).astype(np.uint8))


@each_size
def test_zeros_and_ones_of_every_count(elements: int) -> None:
    """Among them the hard ones: the smallest count that gives a one, and one less."""
    middle = elements // 2
    counts = np.concatenate([np.repeat(np.arange(elements + 1), 10), np.repeat([middle, middle + 1], 2000)])
    order = np.random.default_rng(1).permuted(np.tile(np.arange(elements), (len(counts), 1)), axis=1)
    check_selects(elements, (order < counts[:, None]).astype(np.uint8))


def test_emitted_text() -> None:
    """Each function does as the graph says, reads each of its vectors once, and nothing else."""
    functions = re.findall(r"select_(\d+)\)\(const void.*?\{(.*?)\n\}", emit(), re.DOTALL)
    assert [int(size) for size, _ in functions] == list(SIZES)
    for size, body in functions:
        elements = int(size)
        vectors = np.random.default_rng(2).integers(0, 50, (elements, 200))
        known: dict[str, np.ndarray] = {}
        read = []
        for name, place, which, a, b in re.findall(
            r"V (n\d+) = (?:LOAD\(in \+ (\d+) \* LANES\)|(MIN|MAX)\((n\d+), (n\d+)\));", body
        ):
            if place:
                read.append(int(place))
                known[name] = vectors[int(place)]
            else:
                known[name] = {"MIN": np.minimum, "MAX": np.maximum}[which](known[a], known[b])
        (result,) = re.findall(r"STORE\(\(K \*\)middle, (n\d+)\);", body)
        np.testing.assert_array_equal(known[result], np.sort(vectors, axis=0)[elements // 2])
        assert sorted(read) == list(range(elements))


@each_size
def test_every_operation_is_needed(elements: int) -> None:
    graph, chosen = selection(elements)
    needed = graph.needed_by([chosen])
    used = {chosen.node}
    for node in needed:
        if isinstance(key := graph.nodes[node], Op):
            used |= {key.a.node, key.b.node}
    assert used == set(needed) and len(needed) > elements
