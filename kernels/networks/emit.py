"""Prints a network as C: one function per stage, straight-line code in a loop along x.

The text uses names that kernels/median/networks.c defines: K (an element), V (a vector of LANES elements),
LOAD, STORE, MIN, MAX, STREAM (elements from one stream of input or output to the next), FRONT and TILE
(elements kept from the tile before, and in a tile), and NETWORK(name), which adds the element type and the
instruction set to a name.

Where the input lies: the rows that are the same modulo tile_rows follow each other, `pitch` groups apart, in
one stream for each column of a tile. So the tiles below each other are made in one go along x, and what a
tile of rows reads is what the one before has read, a pitch further on.
"""

from collections.abc import Iterator

from graph import MIN, Leaf, Op, Ref
from stages import Schedule, Stage, schedule
from plan import Plan


def emit(plan: Plan) -> str:
    done = schedule(plan.network)
    return "".join(_lines(plan, done))


def name_of(plan: Plan) -> str:
    return "x".join(str(side) for side in (plan.planes, plan.rows, plan.columns)[plan.planes == 1 :])


def _lines(plan: Plan, done: Schedule) -> Iterator[str]:
    name = name_of(plan)
    network = done.network
    yield (
        f"/* Rank {plan.rank} of {name}; tiles of {plan.tile_rows}x{plan.tile_columns}: "
        f"{network.operations} operations, {network.operations_per_pixel:.1f} per pixel. */\n"
        f"enum {{ FRONT_{name} = FRONT({plan.reach}), TILE_{name} = TILE({plan.tile_bytes}, {plan.reach}),\n"
        f"       STREAM_{name} = STREAM({plan.streams}) }};\n"
        f"#define KEPT(p) (scratch + (p) * (FRONT_{name} + TILE_{name}))\n"
        f"#define PLACE(p) (scratch + {len(done.kept)} * (FRONT_{name} + TILE_{name}) + (p) * TILE_{name})\n\n"
    )
    for number, stage in enumerate(done.stages):
        yield (
            f"static void NETWORK(stage_{name}_{number})(const K *in, ptrdiff_t pitch, K *out, K *scratch, "
            "ptrdiff_t count)\n{\n"
            "    for (ptrdiff_t x = 0; x < count; x += LANES) {\n"
        )
        yield from _Body(done, stage).lines()
        yield "    }\n}\n\n"
    yield (
        f"static void NETWORK(run_{name})(const void *input, ptrdiff_t pitch, void *output, void *memory, "
        "ptrdiff_t count)\n{\n"
        "    const K *in = input;\n"
        f"    K *out = output, *scratch = (K *)memory + 2 * FRONT_{name};\n"
    )
    for number, stage in enumerate(done.stages):
        if stage.warms:
            yield (
                f"    NETWORK(stage_{name}_{number})(in - FRONT_{name}, pitch, out, scratch - FRONT_{name}, "
                f"FRONT_{name});\n"
            )
    yield f"    for (ptrdiff_t x = 0; x < count; x += TILE_{name}, in += TILE_{name}, out += TILE_{name}) {{\n"
    for number in range(len(done.stages)):
        yield f"        NETWORK(stage_{name}_{number})(in, pitch, out, scratch, TILE_{name});\n"
    if done.kept:
        yield (
            f"        for (int p = 0; p < {len(done.kept)}; p++)\n"
            f"            for (int i = 0; i < FRONT_{name}; i += LANES)\n"
            f"                STORE(KEPT(p) - FRONT_{name} + i, LOAD(KEPT(p) + TILE_{name} - FRONT_{name} + i));\n"
        )
    yield (
        "    }\n}\n#undef KEPT\n#undef PLACE\n\n"
        f"#define NETWORK_{name} {{NETWORK(run_{name}), {plan.planes}, {plan.rows}, {plan.columns}, {plan.rank}, "
        f"{plan.tile_rows}, {plan.tile_columns}, {plan.lead}, {plan.reach}, TILE_{name}, STREAM_{name}, \\\n"
        f"    (2 * FRONT_{name} + {len(done.kept)} * (FRONT_{name} + TILE_{name}) + {done.places} * TILE_{name}) "
        "* sizeof(K)},\n"
    )


class _Body:
    """The loop body of one stage."""

    def __init__(self, done: Schedule, stage: Stage) -> None:
        self.done = done
        self.plan = done.network.plan
        self.window = name_of(done.network.plan)
        self.stage = stage
        self.nodes = done.network.graph.nodes
        self.output_of = {ref.node: index for index, ref in enumerate(done.network.outputs)}
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
                yield f"        STORE({self.place(node)} + x, n{node});\n"
            if node in self.output_of:
                yield f"        STORE(out + {self.output_of[node]} * STREAM_{self.window} + x, n{node});\n"

    def load(self, ref: Ref) -> Iterator[str]:
        """Reads a value from memory the first time that the stage needs it."""
        if (ref.node in self.mine and not ref.shift) or ref in self.loaded:
            return
        self.loaded.add(ref)
        key = self.nodes[ref.node]
        if isinstance(key, Leaf):
            slot, row = divmod(key.row, self.plan.tile_rows)
            stream = (key.plane * self.plan.tile_rows + row) * self.plan.tile_columns + key.phase
            place = f"in + {stream} * STREAM_{self.window}" + (f" + {slot} * pitch" if slot else "")
        else:
            place = self.place(ref.node)
        yield f"        V {self.name(ref)} = LOAD({place} + x - {-ref.shift});\n"

    def place(self, node: int) -> str:
        return f"KEPT({self.done.kept[node]})" if node in self.done.kept else f"PLACE({self.done.place[node]})"

    def name(self, ref: Ref) -> str:
        return f"n{ref.node}" + (f"_{-ref.shift}" if ref.shift else "")
