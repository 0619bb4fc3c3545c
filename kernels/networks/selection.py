"""Selection networks for elements that no other window has, such as the deviations from its own median.

Elements are vectors that lie one after the other; lanes are windows. The text uses names that
kernels/median/selections.c defines: K, V, LANES, LOAD, STORE, MIN, MAX and NETWORK(name), see emit.py.
"""

from collections.abc import Iterator

from graph import HIGH, LOW, MIN, Bound, Graph, Leaf, Ref, Value

SIZES = 5, 9, 15, 25, 35, 49, 81
"""Of how many elements the middle one is selected; fewer are filled up to the next size."""


def selection(elements: int) -> tuple[Graph, Ref]:
    """The graph that selects the middle one of an odd number of elements, and where it is.

    Parts of powers of two are sorted and merged (Batcher, AFIPS 1968). An element that has too many others above or
    below it is dropped.
    """
    graph = Graph(1)
    most = elements // 2 + 1

    def ordered(first: int, last: int) -> list[Value]:
        count = last - first
        if count < 4:
            return graph.sort([graph.leaf(place, 0) for place in range(first, last)])
        middle = first + (1 << (count - 1).bit_length() - 1)
        return _drop(graph, ordered(first, middle), ordered(middle, last), most)

    chosen = ordered(0, elements)[elements // 2]
    assert isinstance(chosen, Ref)
    return graph, chosen


def _drop(graph: Graph, a: list[Value], b: list[Value], most: int) -> list[Value]:
    """Two sorted lists merged; those that cannot be among the `most` lowest, and highest, are known by their side."""
    low = a.count(LOW) + b.count(LOW)
    high = a.count(HIGH) + b.count(HIGH)
    left = ([value for value in values if not isinstance(value, Bound)] for values in (a, b))
    merged = [LOW] * low + graph.merge(*left) + [HIGH] * high
    return [
        HIGH if place >= most else LOW if len(merged) - place > most else value for place, value in enumerate(merged)
    ]


def emit() -> str:
    return "".join(_lines())


def _lines() -> Iterator[str]:
    for elements in SIZES:
        graph, chosen = selection(elements)
        needed = graph.needed_by([chosen])
        yield (
            f"/* {len(needed) - elements} operations. */\n"
            f"static void NETWORK(select_{elements})(const void *vectors, void *middle)\n{{\n"
            "    const K *in = vectors;\n"
        )
        for node in needed:
            key = graph.nodes[node]
            if isinstance(key, Leaf):
                yield f"    V n{node} = LOAD(in + {key.row} * LANES);\n"
            else:
                which = "MIN" if key.which == MIN else "MAX"
                yield f"    V n{node} = {which}(n{key.a.node}, n{key.b.node});\n"
        yield f"    STORE((K *)middle, n{chosen.node});\n}}\n\n"
    yield "#define SELECTIONS " + " ".join(f"{{{n}, NETWORK(select_{n})}}," for n in SIZES) + "\n"
