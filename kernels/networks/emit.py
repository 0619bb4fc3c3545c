"""Prints a network as C: one function per stage, all straight-line code.

The text uses names that kernels/median/networks.c defines: K (an element), V (a vector of LANES elements),
LOAD, STORE, MIN, MAX, MAX_BESIDE (the same, where the smaller one is known), REGISTERS, HIDE (the compiler is not to know
what a pointer points to), PITCH and PLANE (below), and NETWORK(name), which adds the element type and the instruction
set to a name.

A network runs down the array. What a plan calls a column is a row of the array, and a group is tile_columns of
them; the rows of a plan are neighbours along it. Windows of a single row have nothing in common with those below:
their networks run along the array, and groups are tiles as many as there are lanes. Lanes are neighbouring tiles. A row of scratch memory holds
first the first elements of all tiles, then their second ones and so on, PITCH elements for each; PLANE elements
hold the rows of a plane. Rows of outputs of one column a tile may be anywhere, "step" elements apart.
"""

from collections.abc import Iterator

from graph import MIN, Leaf, Op, Ref
from plan import Plan
from stages import Load, Make, Save, Schedule, Stage, Step, allocate, schedule

REGISTERS = 16, 32  # of vectors, that processors have
SPARE = 2  # of these, left to the compiler


def emit(plan: Plan) -> str:
    return "".join(_lines(plan, schedule(plan.network)))


def _lines(plan: Plan, done: Schedule) -> Iterator[str]:
    name = plan.name
    network = done.network
    yield (
        f"/* Rank {plan.rank} of {name}; tiles of {plan.tile_columns}x{plan.tile_rows}: "
        f"{network.operations} operations, {network.operations_per_pixel:.1f} per pixel. */\n"
        f"enum {{ PITCH_{name} = PITCH({plan.columns}, {plan.tile_rows}, {plan.extra}),\n"
        f"       PLANE_{name} = PLANE({plan.planes}, {plan.tile_rows} * PITCH_{name}) }};\n\n"
    )
    group = out_group = "LANES"
    if plan.columns > 1:
        group = f"{plan.tile_columns * plan.tile_rows} * PITCH_{name}"
        out_group = f"{plan.tile_columns * plan.tile_rows} * {_out_step(plan)}"
    own = 0
    for number, stage in enumerate(done.stages):
        yield (
            f"static void NETWORK(stage_{name}_{number})(const K *in, K *out, K *scratch, size_t x, size_t end, "
            f"ptrdiff_t step)\n{{\n"
            f"    for (; x < end; x++, in += {group}, out += {out_group}) {{\n"
        )
        for registers in REGISTERS:
            body = _Body(done, stage, registers)
            own = max(own, body.own)
            yield f"#if REGISTERS == {registers}\n"
            yield from body.lines()
            yield "#endif\n"
        yield "    }\n}\n\n"
    yield (
        f"static void NETWORK(run_{name})(const void *input, void *output, void *scratch, size_t x, size_t end, "
        f"ptrdiff_t step)\n{{\n"
        f"    const K *in = input;\n"
        f"    K *out = output;\n"
    )
    if len(done.stages) == 1:
        yield f"    NETWORK(stage_{name}_0)(in, out, scratch, x, end, step);\n"
    else:
        yield (
            f"    for (size_t next; x < end; x = next) {{\n"
            f"        next = end - x < {done.tile_groups} ? end : x + {done.tile_groups};\n"
        )
        for number in range(len(done.stages)):
            yield f"        NETWORK(stage_{name}_{number})(in, out, scratch, x, next, step);\n"
        yield (
            f"        in += (ptrdiff_t)(next - x) * {group};\n"
            f"        out += (ptrdiff_t)(next - x) * {out_group};\n    }}\n"
        )
    yield (
        f"}}\n\n"
        f"#define NETWORK_{name} {{NETWORK(run_{name}), {plan.planes}, {plan.columns}, {plan.rows}, {plan.rank}, "
        f"{plan.tile_columns}, {plan.tile_rows}, {plan.lead}, {plan.reach}, {plan.extra}, PITCH_{name}, "
        f"PLANE_{name}, \\\n    {done.places + own} * sizeof(V)}},\n"
    )


def _out_step(plan: Plan) -> str:
    """From one line of outputs to the next."""
    return "step" if plan.tile_rows == 1 else f"PITCH_{plan.name}"


class _Body:
    """The body of one stage, for a number of registers."""

    def __init__(self, done: Schedule, stage: Stage, registers: int) -> None:
        self.done = done
        self.plan = done.network.plan
        self.window = self.plan.name
        self.nodes = done.network.graph.nodes
        self.output_of = {ref.node: index for index, ref in enumerate(done.network.outputs)}
        self.stored = set(stage.stored)
        self.steps, self.own = allocate(done, stage, registers - SPARE)
        self.names: dict[Ref, str] = {}
        self.shifts: set[tuple[int, int]] = set()
        self.last = 0  # the node that was made last
        self.pairs = 0

    def lines(self) -> list[str]:
        """What is read again is read by way of a pointer that the compiler does not know, else it would keep
        the value in a register."""
        lines = [line for step in self.steps for line in self.line(step)]
        for length, shift in sorted(self.shifts, reverse=True):
            group = f"(x + {length - shift})" if shift else "x"
            lines.insert(0, f"const size_t at_{length}_{shift} = {group} % {length} * LANES;")
        return [f"        {line}\n" for line in ("const K *again = scratch;", "HIDE(again);", *lines)]

    def line(self, step: Step) -> Iterator[str]:
        match step:
            case Load(ref, own, again):
                name = f"n{ref.node}" + (f"_{-ref.shift}" if ref.shift else "")
                self.names[ref] = name if not again else f"{self.names[ref]}_again"
                place = self.place(ref, "again") if own is None else self.own_place("again", own)
                yield f"V {self.names[ref]} = LOAD({place});"
            case Save(node, own):
                yield f"STORE({self.own_place('scratch', own)}, {self.names[Ref(node, 0)]});"
            case Make(node):
                key = self.nodes[node]
                assert isinstance(key, Op)
                yield f"V n{node} = {self.operation(key, f'{self.names[key.a]}, {self.names[key.b]}')};"
                self.last = node
                self.names[Ref(node, 0)] = f"n{node}"
                if node in self.stored:
                    yield f"STORE({self.place(Ref(node, 0), 'scratch')}, n{node});"
                if node in self.output_of:
                    row, column = divmod(self.output_of[node], self.plan.tile_columns)
                    yield f"STORE(out + {column * self.plan.tile_rows + row} * {_out_step(self.plan)}, n{node});"

    def operation(self, key: Op, operands: str) -> str:
        """Every other maximum that comes after its minimum is made by way of that: where processors have fewer pipes for
        comparisons than for logic, both are then busy."""
        if key.which == MIN:
            return f"MIN({operands})"
        if self.nodes[self.last] == Op(MIN, key.a, key.b):
            self.pairs += 1
            if self.pairs % 2:
                return f"MAX_BESIDE(n{self.last}, {operands})"
        return f"MAX({operands})"

    def place(self, ref: Ref, scratch: str) -> str:
        key = self.nodes[ref.node]
        if isinstance(key, Leaf):
            slot, row = divmod(key.row, self.plan.tile_rows)
            column = ref.shift * self.plan.tile_columns + key.phase
            line = column * self.plan.tile_rows + row
            return f"in + {key.plane} * PLANE_{self.window} + {line} * PITCH_{self.window} + {slot}"
        ring = self.done.rings[ref.node]
        self.shifts.add((ring.length, -ref.shift))
        return f"{scratch} + {ring.first} * LANES + at_{ring.length}_{-ref.shift}"

    def own_place(self, scratch: str, own: int) -> str:
        return f"{scratch} + {self.done.places + own} * LANES"
