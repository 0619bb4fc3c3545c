"""Prints a network as C: one function per stage, straight-line code in a loop along x.

The text uses names that kernels/median/network.c defines: K (an element), V (a vector of LANES elements),
LOAD, STORE, MIN, MAX, STRIDE (elements from one row of scratch memory to the next), and NETWORK(name),
which adds the element type and the instruction set to a name.
"""

from collections.abc import Iterator

from graph import MIN, Leaf, Op, Ref
from stages import Schedule, Stage, schedule
from plan import Plan


def emit(plan: Plan) -> str:
    done = schedule(plan.network)
    return "".join(_lines(plan, done))


def name_of(plan: Plan) -> str:
    return f"{plan.rows}x{plan.columns}"


def _lines(plan: Plan, done: Schedule) -> Iterator[str]:
    name = name_of(plan)
    network = done.network
    yield (
        f"/* Rank {plan.rank} of {name}; tiles of {plan.tile_rows}x{plan.tile_columns}: "
        f"{network.operations} operations, {network.operations_per_pixel:.1f} per pixel. */\n"
        f"#define S STRIDE({done.reach}, {plan.tile_bytes})\n"
    )
    outputs: dict[int, list[tuple[int, int]]] = {}
    for index, ref in enumerate(network.outputs):
        outputs.setdefault(ref.node, []).append((index, ref.shift))
    for number, stage in enumerate(done.stages):
        yield (
            f"static void NETWORK(stage_{name}_{number})(const K *in, K *out, K *scratch, ptrdiff_t count)\n{{\n"
            f"    for (ptrdiff_t x = 0; x < count + {stage.last - stage.first}; x += LANES) {{\n"
        )
        yield from _Body(done, stage, outputs).lines()
        yield "    }\n}\n\n"
    yield f"static void NETWORK(run_{name})(const K *in, K *out, K *scratch, ptrdiff_t count)\n{{\n"
    for number in range(len(done.stages)):
        yield f"    NETWORK(stage_{name}_{number})(in, out, scratch, count);\n"
    yield (
        "}\n#undef S\n\n"
        f"#define NETWORK_{name} {{NETWORK(run_{name}), {plan.rows}, {plan.columns}, {plan.rank}, "
        f"{plan.tile_rows}, {plan.tile_columns}, {done.reach}, {done.places}, {plan.tile_bytes}}}\n"
    )


class _Body:
    """The loop body of one stage. The loop's x counts from the stage's first group, and so do the rows
    that it stores, which keeps stores aligned."""

    def __init__(self, done: Schedule, stage: Stage, outputs: dict[int, list[tuple[int, int]]]) -> None:
        self.done = done
        self.stage = stage
        self.outputs = outputs
        self.nodes = done.network.graph.nodes
        self.mine = set(stage.nodes)
        self.loaded: set[Ref] = set()

    def lines(self) -> Iterator[str]:
        stored = set(self.stage.stored)
        for node in self.stage.nodes:
            key = self.nodes[node]
            assert isinstance(key, Op)
            yield from self.load(key.a)
            yield from self.load(key.b)
            which = "MIN" if key.which == MIN else "MAX"
            yield f"        V n{node} = {which}({self.name(key.a)}, {self.name(key.b)});\n"
            if node in stored:
                yield f"        STORE(scratch + {self.done.place[node]} * S + x, n{node});\n"
            for index, shift in self.outputs.get(node, ()):
                yield f"        STORE(out + {index} * S + x + {self.stage.first - shift}, n{node});\n"

    def load(self, ref: Ref) -> Iterator[str]:
        """Reads a value from memory the first time that the stage needs it."""
        if ref.node in self.mine or ref in self.loaded:
            return
        self.loaded.add(ref)
        key = self.nodes[ref.node]
        if isinstance(key, Leaf):
            row = key.row * self.done.network.plan.tile_columns + key.phase
            place, offset = f"in + {row}", self.stage.first + ref.shift
        else:
            place = f"scratch + {self.done.place[ref.node]}"
            offset = self.stage.first + ref.shift - self.done.first[ref.node]
        yield f"        V {self.name(ref)} = LOAD({place} * S + x + {offset});\n"

    def name(self, ref: Ref) -> str:
        return f"n{ref.node}" + (f"_{-ref.shift}" if ref.shift else "")
