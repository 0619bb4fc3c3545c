"""Two ways to run a network: its graph, on one tile, and its emitted C text, along rows as the build does."""

import re
from types import CodeType

import numpy as np
from emit import emit
from graph import Graph, Leaf, Ref
from plan import Network, Place, Plan
from stages import schedule


def label(plan: Plan) -> str:
    return f"{plan.name}-rank{plan.rank}-tile{plan.tile_rows}x{plan.tile_columns}-{plan.split}-{plan.order}"


def windows_of(network: Network) -> list[tuple[Ref, list[Place]]]:
    """Each output of the tile with the places of its window's elements in the tile's input."""
    plan = network.plan
    tile = [(row, plan.lead + column) for row in range(plan.tile_rows) for column in range(plan.tile_columns)]
    return [
        (output, [(plane, top + row, left + column) for plane, row, column in plan.places])
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


LANES = 4


class TextMachine:
    """Runs the C text of a network as the build does, in memory of just the size that the C code provides.

    A stage's lines are C and, without their types and semicolons, Python in which pointers are numbers.
    A line of another form is refused, and so is any access outside the memory.
    """

    STAGE = re.compile(
        r"NETWORK\((stage_\w+)\)\([^)]*\)\n\{\n    for \(; x < end; x\+\+, in \+= [^\n]+, out \+= [^\n]+\) \{\n"
        r"(.*?)    \}\n\}",
        re.DOTALL,
    )
    LINE = re.compile(
        r" *(?:const size_t (at_\w+ = .+)|V (n\w+ = (?:MIN|MAX|MAX_BESIDE)\((?:\w+, )?\w+, \w+\))|V (n\w+ = LOAD\(.+\))|"
        r"(STORE\(.+, \w+\)));"
    )
    CALL = re.compile(r"^ +NETWORK\((stage_\w+)\)\(in, out, scratch, x, \w+, step\);$", re.MULTILINE)
    MEMORY = re.compile(r"(\d+) \* sizeof\(V\)")

    def __init__(self, plan: Plan, registers: int) -> None:
        text = re.sub(rf"#if REGISTERS == {registers}\n((?:.|\n)*?)#endif\n", r"\1", emit(plan))
        text = re.sub(r"#if (?:.|\n)*?#endif\n", "", text)
        self.plan = plan
        self.tile_groups = schedule(plan.network).tile_groups
        self.stages = {name: self._compiled(body) for name, body in self.STAGE.findall(text)}
        self.calls = self.CALL.findall(text)
        self.scratch_size = int(self.MEMORY.findall(text)[0]) * LANES

    def _compiled(self, body: str) -> CodeType:
        lines = []
        for line in body.splitlines():
            if line.lstrip() in ("const K *again = scratch;", "HIDE(again);"):
                continue
            match = self.LINE.fullmatch(line)
            assert match, f"not understood: {line}"
            lines.append(match[match.lastindex])
        return compile("\n".join(lines).replace("(in ", "(source "), "<stage>", "exec")

    def run(self, image: np.ndarray) -> np.ndarray:
        """Rows of outputs from an image of just the planes, rows and columns that they need."""
        plan = self.plan
        before = plan.reach * plan.tile_columns
        rows = image.shape[1]
        tiles = image.shape[2] // plan.tile_rows - plan.extra
        groups = rows // plan.tile_columns - plan.reach
        pitch = _vectors(tiles) + _vectors(plan.extra)
        row = plan.tile_rows * pitch
        plane = (before + rows) * row
        output = plan.planes * plane
        scratch = output + (before + groups * plan.tile_columns) * row
        memory = np.random.default_rng(rows).choice([-(1 << 40), 1 << 40], scratch + self.scratch_size)
        for z, y in np.ndindex(image.shape[:2]):
            for place in range(plan.tile_rows):
                start = z * plane + (before + y) * row + place * pitch
                memory[start : start + tiles + plan.extra] = image[z, y, place :: plan.tile_rows]

        def load(at: int) -> np.ndarray:
            assert 0 <= at <= at + LANES <= len(memory)
            return memory[at : at + LANES].copy()

        def store(at: int, vector: np.ndarray) -> None:
            assert output <= at <= at + LANES <= len(memory)
            memory[at : at + LANES] = vector

        window = plan.name
        names = {"LOAD": load, "STORE": store, "MIN": np.minimum, "MAX": np.maximum, "MAX_BESIDE": _max_beside, "LANES": LANES,
                 f"PITCH_{window}": pitch, f"PLANE_{window}": plane, "scratch": scratch, "again": scratch,
                 "step": pitch}  # fmt: skip
        step = plan.tile_columns * row
        for tile in range(0, tiles, LANES):
            for x in range(0, plan.reach + groups, self.tile_groups):
                for name in self.calls:
                    for group in range(x, min(x + self.tile_groups, plan.reach + groups)):
                        source = before * row + tile + group * step
                        out = output + tile + group * step
                        exec(self.stages[name], {**names, "x": group, "source": source, "out": out})
        outputs = memory[output + before * row : scratch].reshape(-1, plan.tile_rows, pitch)
        return outputs[:, :, :tiles].swapaxes(1, 2).reshape(groups * plan.tile_columns, -1)


def _max_beside(smaller: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a ^ b ^ smaller


def _vectors(count: int) -> int:
    return -(-count // LANES) * LANES
