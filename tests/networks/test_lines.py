"""The networks for windows of one line select the middle one, by the 0-1 principle and as emitted C."""

import re

import numpy as np
import pytest
from emit import REGISTERS
from lines import LENGTHS, LINES, SINGLE, Line, emit, line_of
from machines import run_graph, windows_of

TEXT = emit()
each_line = pytest.mark.parametrize("line", LINES)


def test_each_length_is_there() -> None:
    table = [tuple(map(int, entry)) for entry in re.findall(r"\{NETWORK\(line_(\d+)_(\d+)\), \1, \2, ", TEXT)]
    assert sorted(length for length, tile in table if tile > 1) == sorted(LENGTHS)
    assert sorted(length for length, tile in table if tile == 1) == sorted(SINGLE)


@each_line
def test_zeros_and_ones(line: Line) -> None:
    """All of short lines; of others each count of ones, and the hard ones: the least that gives a one, and one less."""
    plan = line_of(line)
    length = plan.elements
    if length <= 14:
        inputs = (np.arange(1 << length)[:, None] >> np.arange(length) & 1).astype(np.uint8)
    else:
        counts = np.repeat(np.arange(length + 1), 20)
        counts = np.concatenate([counts, np.repeat([length - plan.rank - 1, length - plan.rank], 3000)])
        order = np.random.default_rng(1).permuted(np.tile(np.arange(length), (len(counts), 1)), axis=1)
        inputs = (order < counts[:, None]).astype(np.uint8)
    wanted = np.count_nonzero(inputs, axis=1) >= length - plan.rank
    for output, places in windows_of(plan.network):
        got = run_graph(plan.network.graph, output, dict(zip(places, np.ascontiguousarray(inputs.T), strict=True)))
        np.testing.assert_array_equal(got, wanted)


@each_line
@pytest.mark.parametrize("registers", REGISTERS)
def test_emitted_text(line: Line, registers: int) -> None:
    """Each output is stored once, and what is read has been there before."""
    plan = line_of(line)
    name = f"line_{plan.rows}_{plan.tile_rows}"
    (body,) = re.findall(rf"NETWORK\({name}\)\(const.*?#if REGISTERS == {registers}\n(.*?)#endif", TEXT, re.DOTALL)
    rows = np.random.default_rng(2).integers(0, 99, (plan.rows + plan.tile_rows - 1, 200))
    (places,) = re.findall(rf"NETWORK\({name}\), \d+, \d+, (\d+) \*", TEXT)
    known: dict[str, np.ndarray] = {}
    own: dict[int, np.ndarray] = {}
    outputs: dict[int, np.ndarray] = {}
    for text in body.splitlines()[3:]:
        if match := re.fullmatch(r" *V (\w+) = LOAD\(\(const K \*\)rows\[(\d+)\] \+ at\);", text):
            known[match[1]] = rows[int(match[2])]
        elif match := re.fullmatch(r" *V (\w+) = LOAD\(again \+ (\d+) \* LANES\);", text):
            known[match[1]] = own[int(match[2])]
        elif match := re.fullmatch(r" *STORE\(own \+ (\d+) \* LANES, (\w+)\);", text):
            assert int(match[1]) < int(places)
            own[int(match[1])] = known[match[2]]
        elif match := re.fullmatch(r" *STORE\(\(K \*\)outputs\[(\d+)\] \+ at, (\w+)\);", text):
            assert int(match[1]) not in outputs
            outputs[int(match[1])] = known[match[2]]
        else:
            match = re.fullmatch(r" *V (\w+) = (MIN|MAX)\((\w+), (\w+)\);", text)
            assert match, text
            known[match[1]] = {"MIN": np.minimum, "MAX": np.maximum}[match[2]](known[match[3]], known[match[4]])
    for first in range(plan.tile_rows):
        np.testing.assert_array_equal(outputs[first], np.sort(rows[first : first + plan.rows], axis=0)[plan.rank])
