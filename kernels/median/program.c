/* Selection networks made at run time: for any window, as a list of steps on rows of values.
 *
 * As networks/graph.py and plan.py do when fastmath is built: the columns of the window are sorted, then
 * merged across x by Batcher's odd-even merge; values that differ only by a shift are one node, so what
 * neighbouring windows share is computed once; elements that cannot have the rank any more are dropped. What the
 * windows of a tile of outputs have in common is sorted once for all of them, then the tile is halved again and again
 * (Adams, Fast median filters using separable sorting networks, ACM TOG 2021); along a line of k elements that takes
 * some log k squared operations an output.
 *
 * The last programs are kept: to make one takes as long as to filter a small image.
 */
#include "program.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const double WORTH = 0.97; /* of the cost, for a tile twice as large */

enum { LOW = -1, HIGH = -2 }; /* nodes known to lie below or above the rank, whatever the data */

typedef struct {
    int32_t node, shift;
} ref;

typedef struct {
    ref a, b;
    int32_t which; /* 0 the smaller, 1 the larger, or LINE */
} node;

enum {
    LINE = 2,
    REORDERING = 14, /* operations an output: what it costs to lay rows out by their place in a tile; */
    FEW = 160,       /* places and lines for which the interpreter's tiles are long; */
    CROWDED = 600,   /* so many more double the time of an operation */
    MOST_NODES = 40000, /* of windows that need more, others engines make less work */
    TABLE = 1 << 17,
};

typedef struct {
    node *nodes;
    int32_t count, most;
    int32_t *table; /* of node numbers + 1, by hash; a power of two long */
    uint32_t mask;
    ref *arena; /* lists being made, as a stack */
    size_t used, room;
    ptrdiff_t elements, rank;
    int32_t columns; /* of a tile: positions are tiles */
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
        node line = {{points->line * g->columns + points->column % g->columns, 0}, {0, 0}, LINE};
        out[0] = (ref){find_node(g, line), points->column / g->columns};
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

/* The steps that a result needs, with their places; see fm_step. A comparison is known by the first of its nodes. */
typedef struct {
    graph *g;
    int32_t *place, *uses, *first; /* of each node */
    int32_t *twin;                 /* the node of the other result where that is wanted, too, or -1 */
    int32_t *user;                 /* the first comparison that takes a result of this one */
    int32_t *before, *after;       /* that whose result this one takes as it is made, or that takes this one's; or -1 */
    int32_t *free_places, free_count;
    fm_program *program;
} planner;

enum { PLANNER_ARRAYS = 8 };

static void want(planner *p, int32_t n, int32_t from)
{
    if (!p->uses[n]++ || from < p->first[n])
        p->first[n] = from;
}

static int is_line(const planner *p, int32_t n)
{
    return p->g->nodes[n].which == LINE;
}

/* Counts how often each node is used, and finds from which position on it is wanted. */
static void trace(planner *p)
{
    const graph *g = p->g;
    for (int32_t n = g->count - 1; n >= 0; n--) {
        if (!p->uses[n] || is_line(p, n))
            continue;
        want(p, g->nodes[n].a.node, p->first[n] + g->nodes[n].a.shift);
        want(p, g->nodes[n].b.node, p->first[n] + g->nodes[n].b.shift);
    }
}

static int32_t comparison_of(const planner *p, int32_t n)
{
    return p->twin[n] >= 0 && p->twin[n] < n ? p->twin[n] : n;
}

static int is_comparison(const planner *p, int32_t n)
{
    return p->uses[n] && !is_line(p, n) && comparison_of(p, n) == n;
}

static void find_twins(planner *p)
{
    const graph *g = p->g;
    for (int32_t n = 0; n < g->count; n++) {
        const node *key = &g->nodes[n];
        node other = {key->a, key->b, 1 - key->which};
        p->twin[n] = -1;
        if (!p->uses[n] || key->which == LINE)
            continue;
        uint32_t at = hash(&other) & g->mask;
        while (g->table[at] && memcmp(&g->nodes[g->table[at] - 1], &other, sizeof other))
            at = (at + 1) & g->mask;
        if (g->table[at] && p->uses[g->table[at] - 1])
            p->twin[n] = g->table[at] - 1;
    }
}

static void find_users(planner *p)
{
    for (int32_t n = 0; n < p->g->count; n++)
        p->user[n] = p->before[n] = p->after[n] = -1;
    for (int32_t n = p->g->count - 1; n >= 0; n--)
        if (is_comparison(p, n)) {
            p->user[comparison_of(p, p->g->nodes[n].a.node)] = n;
            p->user[comparison_of(p, p->g->nodes[n].b.node)] = n;
        }
}

/* Joins two comparisons if the second is the first to take a result of the first, and takes it where it is made. */
static int join(planner *p, ref result, ref other, int32_t second)
{
    const int32_t first = comparison_of(p, result.node);
    if (result.shift || is_line(p, first) || p->user[first] != second || p->before[first] >= 0 ||
        comparison_of(p, other.node) == first)
        return 0;
    p->after[first] = second;
    p->before[second] = first;
    return 1;
}

static fm_operand operand(const planner *p, ref r)
{
    const node *n = &p->g->nodes[r.node];
    if (n->which == LINE)
        return (fm_operand){n->a.node, r.shift, 1};
    return (fm_operand){p->place[r.node], r.shift, 0};
}

static void give_back(planner *p, ref r, int times)
{
    if (is_line(p, r.node))
        return;
    p->uses[r.node] -= times;
    if (p->uses[r.node] == 0 && p->place[r.node] >= 0)
        p->free_places[p->free_count++] = p->place[r.node];
}

static int32_t take_place(planner *p)
{
    return p->free_count ? p->free_places[--p->free_count] : p->program->places++;
}

static int results_of(const planner *p, int32_t n)
{
    return p->twin[n] >= 0 ? 2 : 1;
}

/* Gives places to the results of a comparison that are still used. */
static void place_results(planner *p, int32_t n, int32_t *smaller, int32_t *larger)
{
    const int32_t nodes[2] = {n, p->twin[n]};
    *smaller = *larger = -1;
    for (int i = 0; i < 2; i++)
        if (nodes[i] >= 0 && p->uses[nodes[i]]) {
            p->place[nodes[i]] = take_place(p);
            *(p->g->nodes[nodes[i]].which ? larger : smaller) = p->place[nodes[i]];
        }
    p->program->operations += results_of(p, n);
}

static int32_t first_wanted(const planner *p, int32_t n)
{
    return p->twin[n] >= 0 && p->first[p->twin[n]] < p->first[n] ? p->first[p->twin[n]] : p->first[n];
}

/* Makes a step of a comparison, and of that before it that it is joined with. The places of inputs may be taken for
 * results where they are read at the position itself, before it is written. */
static void add_step(planner *p, int32_t n)
{
    const int32_t before = p->before[n], head = before < 0 ? n : before;
    const node *key = &p->g->nodes[head], *next = &p->g->nodes[n];
    ref inputs[3] = {key->a, key->b};
    int times[3] = {results_of(p, head), results_of(p, head)}, count = 2;
    fm_step step = {.a = operand(p, key->a), .b = operand(p, key->b), .first = first_wanted(p, head), .next = FM_ALONE,
                    .low = -1, .high = -1};
    if (before >= 0) {
        int joined_b = comparison_of(p, next->b.node) == before;
        ref joined = joined_b ? next->b : next->a;
        inputs[count] = joined_b ? next->a : next->b;
        step.next = p->g->nodes[joined.node].which ? FM_LARGER : FM_SMALLER;
        step.c = operand(p, inputs[count]);
        step.first = first_wanted(p, n) < step.first ? first_wanted(p, n) : step.first;
        times[count++] = results_of(p, n);
        give_back(p, joined, results_of(p, n));
    }
    for (int i = 0; i < count; i++)
        if (inputs[i].shift == 0)
            give_back(p, inputs[i], times[i]);
    place_results(p, head, &step.smaller, &step.larger);
    if (before >= 0)
        place_results(p, n, &step.low, &step.high);
    for (int i = 0; i < count; i++)
        if (inputs[i].shift != 0)
            give_back(p, inputs[i], times[i]);
    p->program->steps[p->program->count++] = step;
}

static void add_steps(planner *p)
{
    const graph *g = p->g;
    for (int32_t n = 0; n < g->count; n++)
        if (is_comparison(p, n) && !join(p, g->nodes[n].a, g->nodes[n].b, n))
            join(p, g->nodes[n].b, g->nodes[n].a, n);
    for (int32_t n = 0; n < g->count; n++)
        if (is_comparison(p, n) && p->after[n] < 0)
            add_step(p, n);
}

static fm_program *plan(graph *g, const ref *results, fm_program_tile tile)
{
    const int outputs = tile.rows * tile.columns;
    size_t count = (size_t)g->count;
    int32_t *memory = calloc(PLANNER_ARRAYS * count, sizeof *memory), reach = 0;
    fm_program *program = calloc(1, sizeof *program);
    fm_step *steps = malloc(count * sizeof *steps);
    if (!memory || !program || !steps) {
        free(memory);
        free(program);
        free(steps);
        return NULL;
    }
    for (int i = 0; i < outputs; i++)
        reach = results[i].shift > reach ? results[i].shift : reach;
    program->steps = steps;
    program->tile = tile;
    program->reach = reach;
    planner p = {.g = g, .place = memory, .uses = memory + count, .first = memory + 2 * count,
                 .twin = memory + 3 * count, .user = memory + 4 * count, .before = memory + 5 * count,
                 .after = memory + 6 * count, .free_places = memory + 7 * count, .program = program};
    for (size_t i = 0; i < count; i++)
        p.place[i] = -1;
    for (int i = 0; i < outputs; i++)
        want(&p, results[i].node, results[i].shift);
    trace(&p);
    find_twins(&p);
    find_users(&p);
    add_steps(&p);
    for (int i = 0; i < outputs; i++)
        program->result[i] = operand(&p, (ref){results[i].node, results[i].shift - reach});
    free(memory);
    return program;
}

/* ---- The windows of a tile ---- */

typedef struct {
    int top, bottom, left, right;
} outputs;

typedef struct {
    graph *g;
    const fm_selection *s;
    fm_program_tile tile;
    const unsigned char *counts; /* of each line of a plane and column of it, plane by plane */
    ptrdiff_t planes, width;
    fm_point *points; /* room for those of a sort */
    ref results[FM_PROGRAM_OUTPUTS];
} tower;

/* Whether the element is in the windows of all these outputs. */
static int in_all(const tower *t, ptrdiff_t plane, ptrdiff_t row, ptrdiff_t column, outputs o)
{
    for (int y = o.top; y < o.bottom; y++)
        for (int x = o.left; x < o.right; x++)
            if (row < y || row - y >= t->s->depth || column < x || column - x >= t->width ||
                !t->counts[(plane * t->s->depth + row - y) * t->width + column - x])
                return 0;
    return 1;
}

/* The points that the windows of these outputs have in common, but for those common to more of them. */
static ptrdiff_t common_points(const tower *t, outputs o, const outputs *more)
{
    const ptrdiff_t lines = t->s->depth + t->tile.rows - 1;
    ptrdiff_t used = 0;
    for (ptrdiff_t column = o.left; column < o.left + t->width; column++)
        for (ptrdiff_t plane = 0; plane < t->planes; plane++)
            for (ptrdiff_t row = o.top; row < o.top + t->s->depth; row++)
                if (in_all(t, plane, row, column, o) && !(more && in_all(t, plane, row, column, *more)))
                    t->points[used++] = (fm_point){(int32_t)(plane * lines + row), (int32_t)column};
    return used;
}

/* Selects for these outputs, whose windows have `count` elements in common: `values`, sorted. */
static void descend(tower *t, outputs o, const ref *values, ptrdiff_t count)
{
    if (t->g->failed)
        return;
    const int height = o.bottom - o.top, width = o.right - o.left;
    if (height == 1 && width == 1) {
        t->results[o.top * t->tile.columns + o.left] = values[t->s->rank];
        return;
    }
    outputs half[2] = {o, o};
    if (width > 1)
        half[0].right = half[1].left = o.left + width / 2;
    else
        half[0].bottom = half[1].top = o.top + height / 2;
    for (int i = 0; i < 2; i++) {
        size_t mark = t->g->used;
        ptrdiff_t more = common_points(t, half[i], &o);
        ref *extra = take(t->g, more), *all = take(t->g, more + count);
        if (t->g->failed)
            return;
        if (more)
            sort(t->g, t->points, more, extra);
        merge_and_drop(t->g, values, count, extra, more, all);
        descend(t, half[i], all, more + count);
        t->g->used = mark;
    }
}

static void build(tower *t)
{
    const outputs all = {0, t->tile.rows, 0, t->tile.columns};
    ptrdiff_t count = common_points(t, all, NULL);
    ref *values = take(t->g, count);
    if (count && !t->g->failed)
        sort(t->g, t->points, count, values);
    descend(t, all, values, count);
}

static fm_program *program_of_tile(const fm_selection *s, fm_program_tile tile)
{
    graph g = {.most = MOST_NODES, .elements = s->count, .rank = s->rank, .columns = tile.columns, .mask = TABLE - 1};
    tower t = {.g = &g, .s = s, .tile = tile, .planes = 1};
    for (ptrdiff_t i = 0; i < s->count; i++) {
        t.planes = s->points[i].line / s->depth >= t.planes ? s->points[i].line / s->depth + 1 : t.planes;
        t.width = s->points[i].column >= t.width ? s->points[i].column + 1 : t.width;
    }
    /* the results of each halving of the tile; a list for each sort under way, of which the first two may be as
     * long, then halves; and so for merges */
    g.room = (size_t)(32 * s->count + 64);
    g.nodes = malloc(MOST_NODES * sizeof *g.nodes);
    g.table = calloc(TABLE, sizeof *g.table);
    g.arena = malloc(g.room * sizeof *g.arena);
    unsigned char *counts = calloc((size_t)(t.planes * s->depth), (size_t)t.width);
    t.points = malloc((size_t)s->count * sizeof *t.points);
    t.counts = counts;
    fm_program *program = NULL;
    if (g.nodes && g.table && g.arena && counts && t.points) {
        for (ptrdiff_t i = 0; i < s->count; i++)
            counts[s->points[i].line * t.width + s->points[i].column] = 1;
        build(&t);
        if (!g.failed)
            program = plan(&g, t.results, tile);
        if (program)
            program->lines = (int32_t)(t.planes * (s->depth + tile.rows - 1) * tile.columns);
    }
    free(g.nodes);
    free(g.table);
    free(g.arena);
    free(counts);
    free(t.points);
    return program;
}

static void free_program(fm_program *program)
{
    if (program)
        free(program->steps);
    free(program);
}

double fm_program_cost(const fm_program *p)
{
    const double operations = (double)p->operations / (p->tile.rows * p->tile.columns);
    const int32_t rows = p->places + p->lines, more = rows > FEW ? rows - FEW : 0;
    return operations * (1 + (double)more / CROWDED) + (p->tile.columns > 1 ? REORDERING : 0);
}

/* Makes the program for the tile, too, and keeps the one that costs less. */
static int improve(fm_program **best, const fm_selection *s, fm_program_tile tile)
{
    fm_program *program = tile.rows * tile.columns <= FM_PROGRAM_OUTPUTS ? program_of_tile(s, tile) : NULL;
    if (!program || (*best && fm_program_cost(program) >= WORTH * fm_program_cost(*best))) {
        free_program(program);
        return 0;
    }
    free_program(*best);
    *best = program;
    return 1;
}

/* That of a tile that no doubling makes cheaper. */
static fm_program *new_program(const fm_selection *s)
{
    fm_program *best = NULL;
    const ptrdiff_t width = s->points[s->count - 1].column + 1;
    fm_program_tile tile = {1, 1};
    for (int better = improve(&best, s, tile); better; tile = best->tile) {
        fm_program_tile higher = {2 * tile.rows, tile.columns}, wider = {tile.rows, 2 * tile.columns};
        better = tile.rows < s->depth && improve(&best, s, higher);
        better |= tile.columns < width && improve(&best, s, wider);
    }
    return best;
}

/* ---- The programs that are kept ---- */

typedef struct {
    fm_program *program;
    fm_point *points; /* a copy, with the rest of the selection */
    fm_selection selection;
    int users;
    unsigned long used; /* when it was last */
} entry;

enum { ENTRIES = 16 };
static entry entries[ENTRIES];
static unsigned long uses;
static pthread_mutex_t entries_lock = PTHREAD_MUTEX_INITIALIZER;

static int same_selection(const fm_selection *a, const fm_selection *b)
{
    return a->count == b->count && a->depth == b->depth && a->rank == b->rank &&
           !memcmp(a->points, b->points, (size_t)a->count * sizeof *a->points);
}

/* With the lock held. */
static const fm_program *find_entry(const fm_selection *s)
{
    for (int i = 0; i < ENTRIES; i++)
        if (entries[i].program && same_selection(&entries[i].selection, s)) {
            entries[i].users++;
            entries[i].used = ++uses;
            return entries[i].program;
        }
    return NULL;
}

/* With the lock held. Where all entries are in use the program is its only user's. */
static void add_entry(const fm_selection *s, fm_program *program)
{
    entry *oldest = NULL;
    for (int i = 0; i < ENTRIES; i++)
        if (!entries[i].users && (!oldest || entries[i].used < oldest->used))
            oldest = &entries[i];
    fm_point *points = oldest ? malloc((size_t)s->count * sizeof *points) : NULL;
    if (!points)
        return;
    free_program(oldest->program);
    free(oldest->points);
    memcpy(points, s->points, (size_t)s->count * sizeof *points);
    *oldest = (entry){program, points, *s, 1, ++uses};
    oldest->selection.points = points;
}

const fm_program *fm_program_find(const fm_selection *s)
{
    pthread_mutex_lock(&entries_lock);
    const fm_program *found = find_entry(s);
    pthread_mutex_unlock(&entries_lock);
    if (found)
        return found;
    fm_program *program = new_program(s);
    pthread_mutex_lock(&entries_lock);
    if (program)
        add_entry(s, program);
    pthread_mutex_unlock(&entries_lock);
    return program;
}

void fm_program_release(const fm_program *program)
{
    pthread_mutex_lock(&entries_lock);
    int is_kept = 0;
    for (int i = 0; program && i < ENTRIES; i++)
        if (entries[i].program == program) {
            entries[i].users--;
            is_kept = 1;
        }
    pthread_mutex_unlock(&entries_lock);
    if (!is_kept)
        free_program((fm_program *)program);
}

static void before_fork(void)
{
    pthread_mutex_lock(&entries_lock);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&entries_lock);
}

__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork, after_fork);
}

__attribute__((destructor)) static void free_entries(void)
{
    pthread_mutex_lock(&entries_lock);
    for (int i = 0; i < ENTRIES; i++)
        if (!entries[i].users) {
            free_program(entries[i].program);
            free(entries[i].points);
            entries[i] = (entry){0};
        }
    pthread_mutex_unlock(&entries_lock);
}
