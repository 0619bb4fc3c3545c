"""Two ways to run a network: its graph, on one tile, and its emitted C text, along rows as the build does."""

import re
from types import CodeType

import numpy as np
from emit import emit, name_of
from graph import Graph, Leaf, Ref
from plan import Network, Plan

Place = tuple[int, int, int]
"""Plane, row and column."""


def label(plan: Plan) -> str:
    return f"{name_of(plan)}-rank{plan.rank}-tile{plan.tile_rows}x{plan.tile_columns}-{plan.split}-{plan.order}"


def windows_of(network: Network) -> list[tuple[Ref, list[Place]]]:
    """Each output of the tile with the places of its window's elements in the tile's input."""
    plan = network.plan
    tile = [(row, plan.lead + column) for row in range(plan.tile_rows) for column in range(plan.tile_columns)]
    window = list(np.ndindex(plan.planes, plan.rows, plan.columns))
    return [
        (output, [(plane, top + row, left + column) for plane, row, column in window])
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
            known[ref] = elements[key.plane, key.row, key.phase + ref.shift * graph.group]
        else:
            inputs = [Ref(side.node, side.shift + ref.shift) for side in (key.a, key.b)]
            missing = [side for side in inputs if side not in known]
            if missing:
                waiting += missing
                continue
            known[ref] = operations[key.which](*(known[side] for side in inputs))
        waiting.pop()
    return known[wanted]


LANES, BYTES = 4, 8  # vectors of 32 bytes that hold integers of 64 bits


class TextMachine:
    """Runs the C text of a network as the build does, in memory of just the size that the C code provides.

    A stage's lines are C and, without their types and semicolons, Python in which pointers are numbers.
    A line of another form is refused, and so is any access outside the memory.
    """

    STAGE = re.compile(
        r"NETWORK\((stage_\w+)\)\([^)]*\)\n\{\n    for \(ptrdiff_t x = 0; x < count; x \+= LANES\) \{\n"
        r"(.*?)    \}\n\}",
        re.DOTALL,
    )
    LINE = re.compile(
        r" *(?:V (n\w+ = (?:MIN|MAX)\(\w+, \w+\))|V (n\w+ = LOAD\(.+ \+ x - \d+\))|(STORE\(.+ \+ x, \w+\)));"
    )
    WARM = re.compile(
        r"^    NETWORK\((stage_\w+)\)\(in - FRONT_\w+, pitch, out, scratch - FRONT_\w+, FRONT_\w+\);$", re.MULTILINE
    )
    CALL = re.compile(r"^        NETWORK\((stage_\w+)\)\(in, pitch, out, scratch, TILE_\w+\);$", re.MULTILINE)
    KEPT = re.compile(r"for \(int p = 0; p < (\d+); p\+\+\)")
    MEMORY = re.compile(r"\(2 \* FRONT_\w+ \+ (\d+) \* \(FRONT_\w+ \+ TILE_\w+\) \+ (\d+) \* TILE_\w+\)")

    def __init__(self, plan: Plan) -> None:
        text = emit(plan)
        self.plan = plan
        self.front = _vectors(plan.reach)
        self.tile = max(_vectors(plan.tile_bytes // BYTES), self.front)
        self.stages = {name: self._compiled(body) for name, body in self.STAGE.findall(text)}
        self.warms = self.WARM.findall(text)
        self.calls = self.CALL.findall(text)
        self.kept = sum(int(number) for number in self.KEPT.findall(text))
        kept, places = map(int, self.MEMORY.findall(text)[0])
        self.scratch_size = 2 * self.front + kept * (self.front + self.tile) + places * self.tile

    def _compiled(self, body: str) -> CodeType:
        lines = []
        for line in body.splitlines():
            match = self.LINE.fullmatch(line)
            assert match, f"not understood: {line}"
            lines.append(match[1] or match[2] or match[3])
        return compile("\n".join(lines).replace("(in ", "(source "), "<stage>", "exec")

    def run(self, image: np.ndarray) -> np.ndarray:
        """Rows of outputs from an image of just the planes, rows and columns that they need."""
        plan, front, tile = self.plan, self.front, self.tile
        pitch = image.shape[2] // plan.tile_columns
        tiles = (image.shape[1] - plan.rows + 1) // plan.tile_rows
        count = (tiles - 1) * pitch + pitch - plan.reach
        slack = max(front, tile)  # what the C code provides before and after each stream
        slots = tiles + -(-(plan.rows - 1) // plan.tile_rows)
        stride = slack + slots * pitch + slack
        made = plan.tile_rows * plan.tile_columns
        output = plan.streams * stride
        scratch = output + made * stride
        memory = np.random.default_rng(count).choice([-(1 << 40), 1 << 40], scratch + self.scratch_size)
        for plane, row in np.ndindex(image.shape[:2]):
            slot, row_of_tile = divmod(row, plan.tile_rows)
            for phase in range(plan.tile_columns):
                stream = (plane * plan.tile_rows + row_of_tile) * plan.tile_columns + phase
                start = stream * stride + slack + slot * pitch
                memory[start : start + pitch] = image[plane, row, phase :: plan.tile_columns]

        def load(at: int) -> np.ndarray:
            assert 0 <= at <= at + LANES <= len(memory)
            return memory[at : at + LANES].copy()

        def store(at: int, vector: np.ndarray) -> None:
            assert output <= at <= at + LANES <= len(memory)
            memory[at : at + LANES] = vector

        def run_stage(name: str, source: int, out: int, scratch: int, count: int) -> None:
            def kept(place: int) -> int:
                return scratch + place * (front + tile)

            def place(place: int) -> int:
                return scratch + self.kept * (front + tile) + place * tile

            names = {"LOAD": load, "STORE": store, "MIN": np.minimum, "MAX": np.maximum, "KEPT": kept,
                     "PLACE": place, f"STREAM_{name_of(plan)}": stride, "pitch": pitch, "source": source,
                     "out": out}  # fmt: skip
            for x in range(0, count, LANES):
                exec(self.stages[name], {**names, "x": x})

        source, out, scratch = slack + plan.reach, output, scratch + 2 * front
        for name in self.warms:
            run_stage(name, source - front, out, scratch - front, front)
        for x in range(0, count, tile):
            for name in self.calls:
                run_stage(name, source + x, out + x, scratch, tile)
            for p in range(self.kept):
                at = scratch + p * (front + tile)
                memory[at - front : at] = memory[at + tile - front : at + tile]
        streams = memory[output : output + made * stride].reshape(plan.tile_rows, plan.tile_columns, stride)
        rows = streams[:, :, : tiles * pitch].reshape(plan.tile_rows, plan.tile_columns, tiles, pitch)
        return rows[..., : pitch - plan.reach].transpose(2, 0, 3, 1).reshape(tiles * plan.tile_rows, -1)


def _vectors(count: int) -> int:
    return -(-count // LANES) * LANES
