"""Prints a network as C: one function for all stages that do the same, all straight-line code.

The text uses names that kernels/median/generated.h defines: K (an element), V (a vector of LANES elements),
LOAD, STORE, MIN, MAX, MAX_BESIDE (the same, where the smaller one is known), REGISTERS, HIDE (the compiler is not to
know what a pointer points to), APART (a function has code of its own), PITCH and PLANE (below), and NETWORK(name),
which adds the element type and the instruction set to a name.

A network runs down the array. What a plan calls a column is a row of the array, and a group is tile_columns of
them; the rows of a plan are neighbours along it. Windows of a single row have nothing in common with those below:
their networks run along the array, and groups are tiles as many as there are lanes. Lanes are neighbouring tiles. A row
of scratch memory holds first the first elements of all tiles, then their second ones and so on, PITCH elements for
each; PLANE elements hold the rows of a plane. Rows of outputs of one column a tile may be anywhere, "step" elements
apart.
"""

from collections.abc import Iterator

from graph import MIN, Leaf, Op, Ref
from plan import Plan
from stages import Load, Make, Save, Schedule, Shelf, Stage, Step, allocate, schedule

REGISTERS = 16, 32  # of vectors, that processors have
SPARE = 2  # of these, left to the compiler

Lent = tuple[Shelf, int]
"""A shelf that a stage uses, as it was so many groups before."""


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
    stages = [_Stage(done, stage) for stage in done.stages]
    functions: dict[str, str] = {}
    for stage in stages:
        if stage.text not in functions:
            functions[stage.text] = f"NETWORK(stage_{name}_{len(functions)})"
            apart = "APART " if len(stages) > 1 else ""
            yield f"static {apart}void {functions[stage.text]}{stage.text}"
    yield from _run(plan, stages, [functions[stage.text] for stage in stages])
    places = done.places + max(stage.own for stage in stages)
    yield (
        f"#define NETWORK_{name} {{NETWORK(run_{name}), {plan.planes}, {plan.columns}, {plan.rows}, {plan.rank}, "
        f"{plan.tile_columns}, {plan.tile_rows}, {plan.lead}, {plan.reach}, {plan.extra}, PITCH_{name}, "
        f"PLANE_{name}, \\\n    {places} * sizeof(V)}},\n"
    )


def _run(plan: Plan, stages: list["_Stage"], functions: list[str]) -> Iterator[str]:
    group = out_group = "LANES"
    if plan.columns > 1:
        group = f"{plan.tile_columns * plan.tile_rows} * PITCH_{plan.name}"
        out_group = f"{plan.tile_columns * plan.tile_rows} * {_out_step(plan)}"
    yield (
        f"static void NETWORK(run_{plan.name})(const void *input, void *output, void *places, size_t x, size_t end, "
        f"ptrdiff_t step)\n{{\n"
        f"    const K *in = input;\n"
        f"    K *out = output, *scratch = places;\n"
        f"    for (; x < end; x++, in += {group}, out += {out_group}) {{\n"
    )
    for shelf, before in dict.fromkeys(lent for stage in stages for lent in stage.lent):
        at = f" + (x + {shelf.length - before}) % {shelf.length} * ({shelf.count} * LANES)" if shelf.length > 1 else ""
        yield f"        K *{_name((shelf, before))} = scratch + {shelf.first} * LANES{at};\n"
    for function, stage in zip(functions, stages, strict=True):
        yield f"        {function}({stage.arguments()});\n"
    yield "    }\n}\n\n"


def _name(lent: Lent) -> str:
    shelf, before = lent
    return f"s{shelf.first}_{shelf.count}_{before}"


def _out_step(plan: Plan) -> str:
    """From one line of outputs to the next."""
    return "step" if plan.tile_rows == 1 else f"PITCH_{plan.name}"


class _Stage:
    """The function of a stage.

    Its text is the same for all stages that do the same: values are named by what they are to the stage, and elements
    and outputs are counted from the first of them.
    """

    def __init__(self, done: Schedule, stage: Stage) -> None:
        self.done = done
        self.stage = stage
        self.plan = done.network.plan
        self.nodes = done.network.graph.nodes
        self.stored = set(stage.stored)
        self.number = {node: number for number, node in enumerate(stage.nodes)}
        self.output_of = {ref.node: index for index, ref in enumerate(done.network.outputs)}
        self.lent: dict[Lent, int] = {}
        self.first_element: tuple[int, int, int] | None = None
        self.first_output: int | None = None
        self.find()
        self.last = self.pairs = 0  # the node that was made last; the pairs of minimum and maximum so far
        self.own = 0
        self.text = "".join(self.lines())

    def find(self) -> None:
        """Shelves, elements and outputs, in the order in which they are used."""
        for node in self.stage.nodes:
            key = self.nodes[node]
            assert isinstance(key, Op)
            for ref in (key.a, key.b):
                if isinstance(self.nodes[ref.node], Leaf):
                    self.first_element = self.first_element or self.element(ref)
                elif ref.shift or ref.node not in self.number:
                    self.lend(ref)
            if node in self.stored:
                self.lend(Ref(node, 0))
            if node in self.output_of and self.first_output is None:
                self.first_output = self.output(node)

    def lend(self, ref: Ref) -> tuple[int, int]:
        """The shelf of a value, by its number here, and which of its values it is."""
        shelf, index = self.done.shelves[ref.node]
        return self.lent.setdefault((shelf, -ref.shift), len(self.lent)), index

    def element(self, ref: Ref) -> tuple[int, int, int]:
        """The plane, line and column of an element of the image."""
        key = self.nodes[ref.node]
        assert isinstance(key, Leaf)
        slot, row = divmod(key.row, self.plan.tile_rows)
        column = ref.shift * self.plan.tile_columns + key.phase
        return key.plane, column * self.plan.tile_rows + row, slot

    def output(self, node: int) -> int:
        """The line of an output."""
        row, column = divmod(self.output_of[node], self.plan.tile_columns)
        return column * self.plan.tile_rows + row

    def arguments(self) -> str:
        first = self.element_at("in", self.first_element or (0, 0, 0))
        out = f"out + {self.first_output or 0} * {_out_step(self.plan)}"
        own = f"scratch + {self.done.places} * LANES"
        return ", ".join([first, out, "step", own, *map(_name, self.lent)])

    def element_at(self, first: str, element: tuple[int, int, int]) -> str:
        plane, line, slot = element
        return f"{first} + {plane} * PLANE_{self.plan.name} + {line} * PITCH_{self.plan.name} + {slot}"

    def lines(self) -> Iterator[str]:
        shelves = "".join(f", K *s{number}" for number in range(len(self.lent)))
        yield f"(const K *in, K *out, ptrdiff_t step, K *own{shelves})\n{{\n"
        for registers in REGISTERS:
            steps, own = allocate(self.done, self.stage, registers - SPARE)
            self.own = max(self.own, own)
            yield f"#if REGISTERS == {registers}\n"
            yield from (f"    {line}\n" for line in self.body(steps))
            yield "#endif\n"
        yield "}\n\n"

    def body(self, steps: list[Step]) -> Iterator[str]:
        """What is read is read by way of pointers that the compiler does not know, else it would keep in registers
        what it knows to be there."""
        names: dict[Ref, str] = {}
        self.last = self.pairs = 0
        for pointer in ("own", *(f"s{number}" for number in self.lent.values())):
            yield f"const K *{pointer}_read = {pointer};"
            yield f"HIDE({pointer}_read);"
        for step in steps:
            match step:
                case Load(ref, own, again):
                    names[ref] = f"{names[ref]}_again" if again else f"v{len(names)}"
                    place = self.place(ref) if own is None else f"own_read + {own} * LANES"
                    yield f"V {names[ref]} = LOAD({place});"
                case Save(node, own):
                    yield f"STORE(own + {own} * LANES, {names[Ref(node, 0)]});"
                case Make(node):
                    made = names[Ref(node, 0)] = f"n{self.number[node]}"
                    yield f"V {made} = {self.operation(node, names)};"
                    yield from (f"STORE({place}, {made});" for place in self.stores(node))

    def operation(self, node: int, names: dict[Ref, str]) -> str:
        """Every other maximum that comes after its minimum is made by way of that: where processors have fewer pipes
        for comparisons than for logic, both are then busy."""
        key = self.nodes[node]
        assert isinstance(key, Op)
        operands = ", ".join(sorted((names[key.a], names[key.b])))
        last, self.last = self.last, node
        if key.which == MIN:
            return f"MIN({operands})"
        if self.nodes[last] == Op(MIN, key.a, key.b):
            self.pairs += 1
            if self.pairs % 2:
                return f"MAX_BESIDE({names[Ref(last, 0)]}, {operands})"
        return f"MAX({operands})"

    def place(self, ref: Ref) -> str:
        """Where a value is read."""
        if isinstance(self.nodes[ref.node], Leaf):
            assert self.first_element is not None
            plane, line, slot = (at - first for at, first in zip(self.element(ref), self.first_element, strict=True))
            return self.element_at("in", (plane, line, slot))
        number, index = self.lend(ref)
        return f"s{number}_read + {index} * LANES"

    def stores(self, node: int) -> Iterator[str]:
        """Where a value is stored."""
        if node in self.stored:
            number, index = self.lend(Ref(node, 0))
            yield f"s{number} + {index} * LANES"
        if node in self.output_of:
            assert self.first_output is not None
            yield f"out + {self.output(node) - self.first_output} * {_out_step(self.plan)}"
