"""Two ways to run a network: its graph, on one tile, and its emitted C text, along rows as the build does."""

import re
from types import CodeType

import numpy as np
from emit import emit
from graph import Graph, Leaf, Ref
from plan import Network, Place, Plan


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

    Its lines are C and, without their types and semicolons, Python in which pointers are numbers.
    A line of another form is refused, and so is any access outside the memory.
    """

    STAGE = re.compile(r"static (?:APART )?void NETWORK\((stage_\w+)\)\(([^)]*)\)\n\{\n(.*?)\}\n\n", re.DOTALL)
    LINE = re.compile(
        r" *(?:const K \*(\w+_read = \w+)|V (n\w+ = (?:MIN|MAX|MAX_BESIDE)\((?:\w+, )?\w+, \w+\))|V (\w+ = LOAD\(.+\))|"
        r"(STORE\(.+, \w+\)));"
    )
    RUN = re.compile(r"    for \(; x < end; x\+\+, in \+= [^\n]+, out \+= [^\n]+\) \{\n(.*?)    \}\n\}", re.DOTALL)
    CALL = re.compile(r" +(?:K \*(s\w+ = scratch \+ .+)|NETWORK\((stage_\w+)\)(\(.+\)));")
    MEMORY = re.compile(r"(\d+) \* sizeof\(V\)")

    def __init__(self, plan: Plan, registers: int) -> None:
        text = re.sub(rf"#if REGISTERS == {registers}\n((?:.|\n)*?)#endif\n", r"\1", emit(plan))
        text = re.sub(r"#if (?:.|\n)*?#endif\n", "", text)
        self.plan = plan
        functions = self.STAGE.findall(text)
        self.texts = {name: body for name, _, body in functions}
        self.stages = {name: (self.parameters(given), self.stage(body)) for name, given, body in functions}
        (run,) = self.RUN.findall(text)
        self.pointers, self.calls = self.read_run(run)
        self.scratch_size = int(self.MEMORY.findall(text)[0]) * LANES

    def parameters(self, given: str) -> list[str]:
        return re.findall(r"(?:const K \*|K \*|ptrdiff_t )(\w+)", given.replace("*in", "*source"))

    def stage(self, body: str) -> CodeType:
        lines = []
        for line in body.splitlines():
            if re.fullmatch(r" *HIDE\(\w+_read\);", line):
                continue
            match = self.LINE.fullmatch(line)
            assert match, f"not understood: {line}"
            lines.append(match[match.lastindex])
        return _code(lines)

    def read_run(self, run: str) -> tuple[CodeType, list[tuple[str, CodeType]]]:
        """What is computed for each group, and the stages with their arguments."""
        pointers, calls = [], []
        for line in run.splitlines():
            match = self.CALL.fullmatch(line)
            assert match, f"not understood: {line}"
            if match[1]:
                pointers.append(match[1])
            else:
                calls.append((match[2], _code([f"given = {match[3]}"])))
        return _code(pointers), calls

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
        names = {"LOAD": load, "STORE": store, "MIN": np.minimum, "MAX": np.maximum, "MAX_BESIDE": _max_beside,
                 "LANES": LANES,
                 f"PITCH_{window}": pitch, f"PLANE_{window}": plane, "scratch": scratch, "step": pitch}  # fmt: skip
        step = plan.tile_columns * row
        for tile in range(0, tiles, LANES):
            for x in range(plan.reach + groups):
                group = names | {"x": x, "source": before * row + tile + x * step, "out": output + tile + x * step}
                exec(self.pointers, group)
                for name, arguments in self.calls:
                    exec(arguments, group)
                    parameters, stage = self.stages[name]
                    exec(stage, names | dict(zip(parameters, group["given"], strict=True)))
        outputs = memory[output + before * row : scratch].reshape(-1, plan.tile_rows, pitch)
        return outputs[:, :, :tiles].swapaxes(1, 2).reshape(groups * plan.tile_columns, -1)


def _max_beside(smaller: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a ^ b ^ smaller


def _code(lines: list[str]) -> CodeType:
    return compile(re.sub(r"\bin\b", "source", "\n".join(lines)), "<network>", "exec")


def _vectors(count: int) -> int:
    return -(-count // LANES) * LANES
