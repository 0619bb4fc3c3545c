/* Selection networks made at run time: for any window, as a list of steps on rows of values.
 *
 * As networks/graph.py and plan.py do when fastmath is built: the columns of the window are sorted, then
 * merged across x by Batcher's odd-even merge; values that differ only by a shift are one node, so what
 * neighbouring windows share is computed once; elements that cannot have the rank any more are dropped.
 */
#include "program.h"

#include <stdlib.h>
#include <string.h>

enum { LOW = -1, HIGH = -2 }; /* nodes known to lie below or above the rank, whatever the data */

typedef struct {
    int32_t node, shift;
} ref;

typedef struct {
    ref a, b;
    int32_t which; /* 0 the smaller, 1 the larger, or LINE */
} node;

enum { LINE = 2 };

typedef struct {
    node *nodes;
    int32_t count, most;
    int32_t *table; /* of node numbers + 1, by hash; a power of two long */
    uint32_t mask;
    ref *arena; /* lists being made, as a stack */
    size_t used, room;
    ptrdiff_t elements, rank;
    int failed;
} graph;

static uint32_t hash(const node *n)
{
    uint32_t h = (uint32_t)n->which;
    const uint32_t parts[] = {(uint32_t)n->a.node, (uint32_t)n->a.shift, (uint32_t)n->b.node, (uint32_t)n->b.shift};
    for (int i = 0; i < 4; i++)
        h = (h ^ parts[i]) * 0x9e3779b1u ^ (h >> 15);
    return h;
}

static int32_t find_node(graph *g, node key)
{
    uint32_t at = hash(&key) & g->mask;
    for (; g->table[at]; at = (at + 1) & g->mask)
        if (!memcmp(&g->nodes[g->table[at] - 1], &key, sizeof key))
            return g->table[at] - 1;
    if (g->count == g->most) {
        g->failed = 1;
        return 0;
    }
    g->nodes[g->count] = key;
    g->table[at] = ++g->count;
    return g->count - 1;
}

/* The smaller (0) or larger (1) of two values; its position is that of its rightmost input. */
static ref operation(graph *g, int which, ref a, ref b)
{
    if (a.node < 0 || b.node < 0) {
        ref bound = a.node < 0 ? a : b, other = a.node < 0 ? b : a;
        return (bound.node == LOW) == which ? other : bound;
    }
    if (a.node == b.node && a.shift == b.shift)
        return a;
    int32_t at = a.shift > b.shift ? a.shift : b.shift;
    a.shift -= at;
    b.shift -= at;
    if (b.node < a.node || (b.node == a.node && b.shift < a.shift)) {
        ref swap = a;
        a = b;
        b = swap;
    }
    return (ref){find_node(g, (node){a, b, which}), at};
}

/* Room for a list on top of the arena; given back by setting `used` to what it was. */
static ref *take(graph *g, ptrdiff_t count)
{
    if (g->room - g->used < (size_t)count) {
        g->failed = 1;
        g->used = 0;
    }
    ref *list = g->arena + g->used;
    g->used += (size_t)count;
    return list;
}

/* Merges two sorted lists, whose elements lie `step` apart, into `out` (Batcher 1968). */
static void merge(graph *g, const ref *a, ptrdiff_t n, const ref *b, ptrdiff_t m, ptrdiff_t step, ref *out)
{
    if (n + m == 0 || g->failed)
        return;
    if (n == 0 || m == 0) {
        for (ptrdiff_t i = 0; i < n + m; i++)
            out[i] = n ? a[i * step] : b[i * step];
        return;
    }
    if (n == 1 && m == 1) {
        out[0] = operation(g, 0, *a, *b);
        out[1] = operation(g, 1, *a, *b);
        return;
    }
    size_t mark = g->used;
    ptrdiff_t evens = (n + 1) / 2 + (m + 1) / 2, odds = n / 2 + m / 2;
    ref *even = take(g, n + m), *odd = even + evens;
    if (g->failed)
        return;
    merge(g, a, (n + 1) / 2, b, (m + 1) / 2, 2 * step, even);
    merge(g, a + step, n / 2, b + step, m / 2, 2 * step, odd);
    ptrdiff_t used = 0, pairs = odds < evens - 1 ? odds : evens - 1;
    out[used++] = even[0];
    for (ptrdiff_t i = 0; i < pairs; i++) {
        out[used++] = operation(g, 0, odd[i], even[i + 1]);
        out[used++] = operation(g, 1, odd[i], even[i + 1]);
    }
    for (ptrdiff_t i = pairs; i < odds; i++)
        out[used++] = odd[i];
    for (ptrdiff_t i = pairs + 1; i < evens; i++)
        out[used++] = even[i];
    g->used = mark;
}

/* Marks the elements of a sorted list that have too many others above or below them to be of the rank. */
static void drop(const graph *g, ref *list, ptrdiff_t count)
{
    ptrdiff_t above = g->elements - 1 - g->rank;
    for (ptrdiff_t i = 0; i < count; i++)
        if (i > g->rank)
            list[i].node = HIGH;
        else if (count - 1 - i > above)
            list[i].node = LOW;
}

/* Merges sorted lists of which the dropped elements are at the ends, and drops again. */
static void merge_and_drop(graph *g, const ref *a, ptrdiff_t n, const ref *b, ptrdiff_t m, ref *out)
{
    ptrdiff_t lows = 0, kept_a = 0, kept_b = 0, low_a = 0, low_b = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        low_a += a[i].node == LOW;
        kept_a += a[i].node >= 0;
    }
    for (ptrdiff_t i = 0; i < m; i++) {
        low_b += b[i].node == LOW;
        kept_b += b[i].node >= 0;
    }
    for (; lows < low_a + low_b; lows++)
        out[lows] = (ref){LOW, 0};
    merge(g, a + low_a, kept_a, b + low_b, kept_b, 1, out + lows);
    for (ptrdiff_t i = lows + kept_a + kept_b; i < n + m; i++)
        out[i] = (ref){HIGH, 0};
    drop(g, out, n + m);
}

/* Sorts the elements of `count` points into `out`, splitting them where a column begins if they are of
 * several, so that neighbouring windows have the parts in common. */
static void sort(graph *g, const fm_point *points, ptrdiff_t count, ref *out)
{
    if (g->failed)
        return;
    if (count == 1) {
        node line = {{points->line, 0}, {0, 0}, LINE};
        out[0] = (ref){find_node(g, line), points->column};
        return;
    }
    ptrdiff_t half = 1, width = points[count - 1].column - points->column + 1, left = 1;
    if (width > 1) {
        while (2 * left < width)
            left *= 2;
        while (points[half].column < points->column + left)
            half++;
    } else
        half = count / 2;
    size_t mark = g->used;
    ref *parts = take(g, count);
    if (g->failed)
        return;
    sort(g, points, half, parts);
    sort(g, points + half, count - half, parts + half);
    merge_and_drop(g, parts, half, parts + half, count - half, out);
    g->used = mark;
}

/* The steps that a result needs, with their places; see fm_step. */
typedef struct {
    graph *g;
    int32_t *place, *uses, *first; /* of each node */
    int32_t *free_places, free_count;
    fm_program *program;
} planner;

/* Counts how often each node is used, and finds from which position on it is wanted. */
static void trace(planner *p, ref result)
{
    const graph *g = p->g;
    p->uses[result.node] = 1;
    p->first[result.node] = result.shift;
    for (int32_t n = g->count - 1; n >= 0; n--) {
        if (!p->uses[n] || g->nodes[n].which == LINE)
            continue;
        const ref inputs[2] = {g->nodes[n].a, g->nodes[n].b};
        for (int i = 0; i < 2; i++) {
            int32_t wanted = p->first[n] + inputs[i].shift, *first = &p->first[inputs[i].node];
            if (!p->uses[inputs[i].node]++ || wanted < *first)
                *first = wanted;
        }
    }
}

static fm_operand operand(const planner *p, ref r)
{
    const node *n = &p->g->nodes[r.node];
    if (n->which == LINE)
        return (fm_operand){n->a.node, r.shift, 1};
    return (fm_operand){p->place[r.node], r.shift, 0};
}

static void give_back(planner *p, ref r)
{
    if (p->g->nodes[r.node].which != LINE && --p->uses[r.node] == 0)
        p->free_places[p->free_count++] = p->place[r.node];
}

static int32_t take_place(planner *p)
{
    return p->free_count ? p->free_places[--p->free_count] : p->program->places++;
}

/* One step makes both results of a comparison where both are wanted. Its inputs' places may be taken for them
 * where they are read at the position itself, before it is written. */
static void add_step(planner *p, int32_t n, int32_t twin)
{
    const node *key = &p->g->nodes[n];
    fm_step step = {.a = operand(p, key->a), .b = operand(p, key->b), .smaller = -1, .larger = -1};
    int in_place = key->a.shift == 0 && key->b.shift == 0, results = twin < 0 ? 1 : 2;
    step.first = p->first[n];
    if (twin >= 0 && p->first[twin] < step.first)
        step.first = p->first[twin];
    for (int i = 0; in_place && i < results; i++) {
        give_back(p, key->a);
        give_back(p, key->b);
    }
    p->place[n] = take_place(p);
    *(key->which ? &step.larger : &step.smaller) = p->place[n];
    if (twin >= 0) {
        p->place[twin] = take_place(p);
        *(key->which ? &step.smaller : &step.larger) = p->place[twin];
    }
    for (int i = 0; !in_place && i < results; i++) {
        give_back(p, key->a);
        give_back(p, key->b);
    }
    p->program->steps[p->program->count++] = step;
    p->program->operations += results;
}

static void add_steps(planner *p)
{
    const graph *g = p->g;
    for (int32_t n = 0; n < g->count; n++) {
        const node *key = &g->nodes[n];
        if (!p->uses[n] || key->which == LINE || p->place[n] >= 0)
            continue;
        node other = {key->a, key->b, 1 - key->which};
        uint32_t at = hash(&other) & g->mask;
        while (g->table[at] && memcmp(&g->nodes[g->table[at] - 1], &other, sizeof other))
            at = (at + 1) & g->mask;
        int32_t twin = g->table[at] - 1;
        add_step(p, n, twin >= 0 && p->uses[twin] ? twin : -1);
    }
}

static fm_program *plan(graph *g, ref result)
{
    size_t count = (size_t)g->count;
    int32_t *memory = calloc(4 * count, sizeof *memory);
    fm_program *program = calloc(1, sizeof *program);
    fm_step *steps = malloc(count * sizeof *steps);
    if (!memory || !program || !steps) {
        free(memory);
        free(program);
        free(steps);
        return NULL;
    }
    program->steps = steps;
    planner p = {.g = g, .place = memory, .uses = memory + count, .first = memory + 2 * count,
                 .free_places = memory + 3 * count, .program = program};
    for (size_t i = 0; i < count; i++)
        p.place[i] = -1;
    trace(&p, result);
    add_steps(&p);
    program->result = operand(&p, (ref){result.node, 0});
    program->reach = result.shift;
    free(memory);
    return program;
}

fm_program *fm_program_new(const fm_point *points, ptrdiff_t count, ptrdiff_t rank, ptrdiff_t most)
{
    graph g = {.most = (int32_t)most, .elements = count, .rank = rank};
    g.mask = 1;
    while (g.mask < 2 * (uint32_t)most)
        g.mask = 2 * g.mask + 1;
    /* the result; a list for each sort under way, of which the first two may be as long, then halves; and
     * so for merges */
    g.room = (size_t)(8 * count + 64);
    g.nodes = malloc((size_t)most * sizeof *g.nodes);
    g.table = calloc((size_t)g.mask + 1, sizeof *g.table);
    g.arena = malloc(g.room * sizeof *g.arena);
    fm_program *program = NULL;
    if (g.nodes && g.table && g.arena) {
        ref *sorted = take(&g, count);
        sort(&g, points, count, sorted);
        if (!g.failed)
            program = plan(&g, sorted[rank]);
    }
    free(g.nodes);
    free(g.table);
    free(g.arena);
    return program;
}

void fm_program_free(fm_program *program)
{
    if (program)
        free(program->steps);
    free(program);
}
