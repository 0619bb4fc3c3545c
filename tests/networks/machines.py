"""Two ways to run a network: its graph, on one tile, and its emitted C text, along rows as the build does."""

import re
from types import CodeType

import numpy as np
from emit import emit, name_of
from graph import Graph, Leaf, Ref
from plan import Network, Plan

Place = tuple[int, int]


def label(plan: Plan) -> str:
    return f"{name_of(plan)}-rank{plan.rank}-tile{plan.tile_rows}x{plan.tile_columns}-{plan.split}-{plan.order}"


def windows_of(network: Network) -> list[tuple[Ref, list[Place]]]:
    """Each output of the tile with the places of its window's elements in the tile's input."""
    plan = network.plan
    tile = [(row, column) for row in range(plan.tile_rows) for column in range(plan.tile_columns)]
    return [
        (output, [(top + row, left + column) for row in range(plan.rows) for column in range(plan.columns)])
        for output, (top, left) in zip(network.outputs, tile, strict=True)
    ]


def run_graph(
    graph: Graph,
    wanted: Ref,
    elements: dict[Place, np.ndarray],
    operations: tuple[np.ufunc, np.ufunc] = (np.minimum, np.maximum),  # MIN, MAX
) -> np.ndarray:
    """The value of `wanted`; a KeyError if it depends on a place that `elements` lacks."""
    known: dict[Ref, np.ndarray] = {}
    waiting = [wanted]
    while waiting:
        ref = waiting[-1]
        key = graph.nodes[ref.node]
        if isinstance(key, Leaf):
            known[ref] = elements[key.row, key.phase + ref.shift * graph.group]
        else:
            inputs = [Ref(side.node, side.shift + ref.shift) for side in (key.a, key.b)]
            missing = [side for side in inputs if side not in known]
            if missing:
                waiting += missing
                continue
            known[ref] = operations[key.which](*(known[side] for side in inputs))
        waiting.pop()
    return known[wanted]


class TextMachine:
    """Runs the C text of a network, in vectors of few lanes and in memory as tight as can be.

    A stage's lines are C and, without their types and semicolons, Python in which pointers are numbers.
    A line of another form is refused, and so is any access outside the rows that the C code provides.
    """

    LANES = 4
    STAGE = re.compile(
        r"NETWORK\((stage_\w+)\)\([^)]*\)\n\{\n"
        r"    for \(ptrdiff_t x = 0; x < count \+ (-?\d+); x \+= LANES\) \{\n(.*?)    \}\n\}",
        re.DOTALL,
    )
    LINE = re.compile(r" *(?:V (n\w+ = (?:LOAD|MIN|MAX)\([\w+* -]+(?:, \w+)?\))|(STORE\([\w+* -]+, \w+\)));")
    CALL = re.compile(r"^    NETWORK\((stage_\w+)\)\(in, out, scratch, count\);$", re.MULTILINE)

    def __init__(self, plan: Plan) -> None:
        text = emit(plan)
        self.plan = plan
        self.reach, self.places = self._numbers(text)
        self.stages = {name: (int(extra), self._compiled(body)) for name, extra, body in self.STAGE.findall(text)}
        self.calls = self.CALL.findall(text)

    def _numbers(self, text: str) -> tuple[int, int]:
        """What the text's table entry says of its memory."""
        entry = re.search(r"#define NETWORK_\w+ \{([^}]*)\}", text)
        assert entry
        _, rows, columns, rank, tile_rows, tile_columns, reach, places, _ = entry[1].split(", ")
        plan = self.plan
        assert [int(n) for n in (rows, columns, rank, tile_rows, tile_columns)] == [
            plan.rows, plan.columns, plan.rank, plan.tile_rows, plan.tile_columns,
        ]  # fmt: skip
        return int(reach), int(places)

    def _compiled(self, body: str) -> CodeType:
        lines = []
        for line in body.splitlines():
            match = self.LINE.fullmatch(line)
            assert match, f"not understood: {line}"
            lines.append(match[1] or match[2])
        return compile("\n".join(lines).replace("(in ", "(source "), "<stage>", "exec")

    def run(self, image: np.ndarray, groups: int) -> np.ndarray:
        """The outputs of a tile of rows, from an image of the columns that `groups` groups need. Memory is
        laid out for `groups` or more."""
        plan = self.plan
        count = image.shape[1] // plan.tile_columns - self.reach
        stride = groups + self.reach + self.LANES
        rows = (plan.rows + plan.tile_rows - 1) * plan.tile_columns
        made = plan.tile_rows * plan.tile_columns
        source = self.reach  # stages begin at their first node's first group, which others may lie before
        out = source + rows * stride + self.reach
        scratch = out + made * stride + self.reach
        garbage = np.random.default_rng(count)
        memory = garbage.choice([-(1 << 40), 1 << 40], scratch + self.places * stride)
        for row, values in enumerate(image):
            for phase in range(plan.tile_columns):
                start = source + (row * plan.tile_columns + phase) * stride
                memory[start : start + count + self.reach] = values[phase :: plan.tile_columns]

        def load(at: int) -> np.ndarray:
            assert 0 <= at <= at + self.LANES <= len(memory)
            return memory[at : at + self.LANES].copy()

        def store(at: int, vector: np.ndarray) -> None:
            assert out - self.reach <= at <= at + self.LANES <= len(memory)
            memory[at : at + self.LANES] = vector

        names = {"LOAD": load, "STORE": store, "MIN": np.minimum, "MAX": np.maximum,
                 "S": stride, "source": source, "out": out, "scratch": scratch}  # fmt: skip
        for name in self.calls:
            extra, code = self.stages[name]
            for x in range(0, count + extra, self.LANES):
                exec(code, {**names, "x": x})
        outputs = memory[out : out + made * stride].reshape(plan.tile_rows, plan.tile_columns, stride)
        return outputs[:, :, :count].swapaxes(1, 2).reshape(plan.tile_rows, -1)
