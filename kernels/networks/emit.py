"""Prints a network as C: one function per stage, all straight-line code.

The text uses names that kernels/median/networks.c defines: K (an element), V (a vector of LANES elements),
LOAD, STORE, MIN, MAX, PITCH and PLANE (below), and NETWORK(name), which adds the element type and the
instruction set to a name.

A network runs down the array. What a plan calls a column is a row of the array, and a group is tile_columns of
them; the rows of a plan are neighbours along it. Lanes are neighbouring tiles. A row of scratch memory holds
first the first elements of all tiles, then their second ones and so on, PITCH elements for each; PLANE elements
hold the rows of a plane.
"""

from collections.abc import Iterator

from graph import MIN, Leaf, Op, Ref
from plan import Plan
from stages import Schedule, Stage, schedule


def emit(plan: Plan) -> str:
    return "".join(_lines(plan, schedule(plan.network)))


def _lines(plan: Plan, done: Schedule) -> Iterator[str]:
    name = plan.name
    network = done.network
    yield (
        f"/* Rank {plan.rank} of {name}; tiles of {plan.tile_columns}x{plan.tile_rows}: "
        f"{network.operations} operations, {network.operations_per_pixel:.1f} per pixel. */\n"
        f"enum {{ PITCH_{name} = PITCH({plan.tile_rows}, {plan.extra}),\n"
        f"       PLANE_{name} = PLANE({plan.planes}, {plan.tile_rows} * PITCH_{name}) }};\n\n"
    )
    group = f"{plan.tile_columns * plan.tile_rows} * PITCH_{name}"
    for number, stage in enumerate(done.stages):
        body = _Body(done, stage)
        lines = list(body.lines())
        yield (
            f"static void NETWORK(stage_{name}_{number})(const K *restrict in, K *restrict out, "
            "K *restrict scratch, size_t x, size_t end)\n{\n"
            f"    for (; x < end; x++, in += {group}, out += {group}) {{\n"
        )
        yield from body.places()
        yield from lines
        yield "    }\n}\n\n"
    yield (
        f"static void NETWORK(run_{name})(const void *input, void *output, void *scratch, size_t count)\n{{\n"
        f"    const K *in = (const K *)input - {plan.reach} * {group};\n"
        f"    K *out = (K *)output - {plan.reach} * {group};\n"
        f"    for (size_t x = 0, end; x < count + {plan.reach}; x = end) {{\n"
        f"        end = x + {plan.tile_groups} < count + {plan.reach} ? x + {plan.tile_groups} : "
        f"count + {plan.reach};\n"
    )
    for number in range(len(done.stages)):
        yield f"        NETWORK(stage_{name}_{number})(in, out, scratch, x, end);\n"
    yield (
        f"        in += (end - x) * {group};\n        out += (end - x) * {group};\n    }}\n}}\n\n"
        f"#define NETWORK_{name} {{NETWORK(run_{name}), {plan.planes}, {plan.columns}, {plan.rows}, {plan.rank}, "
        f"{plan.tile_columns}, {plan.tile_rows}, {plan.lead}, {plan.reach}, {plan.extra}, PITCH_{name}, "
        f"PLANE_{name}, \\\n    {done.places} * sizeof(V)}},\n"
    )


class _Body:
    """The body of one stage."""

    def __init__(self, done: Schedule, stage: Stage) -> None:
        self.done = done
        self.plan = done.network.plan
        self.stage = stage
        self.window = self.plan.name
        self.nodes = done.network.graph.nodes
        self.output_of = {ref.node: index for index, ref in enumerate(done.network.outputs)}
        self.mine = set(stage.nodes)
        self.loaded: set[Ref] = set()
        self.shifts: set[tuple[int, int]] = set()

    def places(self) -> Iterator[str]:
        """Where in its ring a value is, by the ring's length and the shift."""
        for length, shift in sorted(self.shifts):
            group = f"(x + {length - shift})" if shift else "x"
            yield f"        const size_t at_{length}_{shift} = {group} % {length} * LANES;\n"

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
                yield f"        STORE({self.place(Ref(node, 0))}, n{node});\n"
            if node in self.output_of:
                row, column = divmod(self.output_of[node], self.plan.tile_columns)
                yield f"        STORE(out + {column * self.plan.tile_rows + row} * PITCH_{self.window}, n{node});\n"

    def load(self, ref: Ref) -> Iterator[str]:
        """Reads a value from memory the first time that the stage needs it."""
        if (ref.node in self.mine and not ref.shift) or ref in self.loaded:
            return
        self.loaded.add(ref)
        yield f"        V {self.name(ref)} = LOAD({self.place(ref)});\n"

    def place(self, ref: Ref) -> str:
        key = self.nodes[ref.node]
        if isinstance(key, Leaf):
            slot, row = divmod(key.row, self.plan.tile_rows)
            column = ref.shift * self.plan.tile_columns + key.phase
            line = column * self.plan.tile_rows + row
            return f"in + {key.plane} * PLANE_{self.window} + {line} * PITCH_{self.window} + {slot}"
        ring = self.done.rings[ref.node]
        self.shifts.add((ring.length, -ref.shift))
        return f"scratch + {ring.first} * LANES + at_{ring.length}_{-ref.shift}"

    def name(self, ref: Ref) -> str:
        return f"n{ref.node}" + (f"_{-ref.shift}" if ref.shift else "")
