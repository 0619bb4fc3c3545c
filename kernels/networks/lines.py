"""Networks for windows of one line, each for its median.

Several windows that follow each other are made together, and what they have in common is sorted once, as in plan.py;
but nothing is kept for later ones. Each element and each output has a row of its own, wherever that is: a row of the
array for windows that stand, and for windows that lie the elements that have the same place in a tile. The text uses
names that kernels/median/generated.h defines: K, V, LANES, LOAD, STORE, MIN, MAX, REGISTERS and NETWORK(name).
"""

from collections.abc import Iterator

from emit import REGISTERS, SPARE
from graph import MIN, Leaf, Op, Ref
from plan import Network, Plan
from stages import Load, Make, Save, Schedule, Step, allocate, schedule

LENGTHS = *range(3, 17), *range(17, 32, 2)
SINGLE = range(3, 7)  # lengths for which there is a tile of one output as well: to deal rows out costs more
SHORT = 16  # lengths for which little is gained by tiles of 8
Line = tuple[int, int]
"""Length and outputs of a tile at most."""
LINES: list[Line] = [
    *((length, 4 if length <= SHORT else 8) for length in LENGTHS),
    *((length, 1) for length in SINGLE),
]


def line_of(line: Line) -> Plan:
    """The plan that makes the fewest operations for an output."""
    length, most = line
    tiles = [tile for tile in (2, 4, 8) if tile <= min(most, length)] or [1]
    plans = [Plan(length, 1, length // 2, tile, 1, split) for tile in tiles for split in ("power", "half")]
    return min(plans, key=lambda plan: plan.network.operations_per_pixel)


def emit() -> str:
    return "".join(_lines())


def _lines() -> Iterator[str]:
    entries = []
    for line in LINES:
        network = line_of(line).network
        length, tile = network.plan.rows, network.plan.tile_rows
        done = schedule(network)
        (stage,) = done.stages
        places = 0
        yield (
            f"/* {network.operations_per_pixel:.1f} operations an output. */\n"
            f"static void NETWORK(line_{length}_{tile})(const void *const *rows, void *const *outputs, void *scratch, ptrdiff_t count)\n"
            "{\n    for (ptrdiff_t x = 0; x < count; x += LANES) {\n"
            "        const ptrdiff_t at = x + LANES <= count || count < LANES ? x : count - LANES;\n"
        )
        for registers in REGISTERS:
            steps, own = allocate(done, stage, registers - SPARE)
            places = max(places, own)
            yield f"#if REGISTERS == {registers}\n"
            yield from (f"        {line}\n" for line in _body(done, steps))
            yield "#endif\n"
        yield "    }\n}\n\n"
        entries.append(f"{{NETWORK(line_{length}_{tile}), {length}, {tile}, {places} * sizeof(V)}},")
    yield "#define LINES " + " \\\n    ".join(entries) + "\n"


def _body(done: Schedule, steps: list[Step]) -> Iterator[str]:
    """What is read again is read by way of a pointer that the compiler does not know, see emit.py."""
    network: Network = done.network
    nodes = network.graph.nodes
    output_of = {ref.node: index for index, ref in enumerate(network.outputs)}
    names: dict[Ref, str] = {}
    yield "K *own = scratch;"
    yield "const K *again = own;"
    yield "HIDE(again);"
    for step in steps:
        match step:
            case Load(ref, own, again):
                names[ref] = f"n{ref.node}" if not again else f"{names[ref]}_again"
                key = nodes[ref.node]
                place = f"(const K *)rows[{key.row}] + at" if isinstance(key, Leaf) else f"again + {own} * LANES"
                yield f"V {names[ref]} = LOAD({place});"
            case Save(node, own):
                yield f"STORE(own + {own} * LANES, {names[Ref(node, 0)]});"
            case Make(node):
                key = nodes[node]
                assert isinstance(key, Op)
                which = "MIN" if key.which == MIN else "MAX"
                yield f"V n{node} = {which}({names[key.a]}, {names[key.b]});"
                names[Ref(node, 0)] = f"n{node}"
                if node in output_of:
                    yield f"STORE((K *)outputs[{output_of[node]}] + at, n{node});"
