/* Selection networks made at run time: for any window, as a list of steps on rows of values.
 *
 * As networks/graph.py and plan.py do when fastmath is built: the columns of the window are sorted, then
 * merged across x by Batcher's odd-even merge; values that differ only by a shift are one node, so what
 * neighbouring windows share is computed once; elements that cannot have the rank any more are dropped. What
 * windows one below the other have in common is sorted once for all of them.
 *
 * The last programs are kept: to make one takes as long as to filter a small image.
 */
#include "program.h"

#include <pthread.h>
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

enum {
    LINE = 2,
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

static void want(planner *p, int32_t n, int32_t from)
{
    if (!p->uses[n]++ || from < p->first[n])
        p->first[n] = from;
}

/* Counts how often each node is used, and finds from which position on it is wanted. */
static void trace(planner *p)
{
    const graph *g = p->g;
    for (int32_t n = g->count - 1; n >= 0; n--) {
        if (!p->uses[n] || g->nodes[n].which == LINE)
            continue;
        want(p, g->nodes[n].a.node, p->first[n] + g->nodes[n].a.shift);
        want(p, g->nodes[n].b.node, p->first[n] + g->nodes[n].b.shift);
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

static fm_program *plan(graph *g, const ref *results, int rows)
{
    size_t count = (size_t)g->count;
    int32_t *memory = calloc(4 * count, sizeof *memory), reach = 0;
    fm_program *program = calloc(1, sizeof *program);
    fm_step *steps = malloc(count * sizeof *steps);
    if (!memory || !program || !steps) {
        free(memory);
        free(program);
        free(steps);
        return NULL;
    }
    for (int i = 0; i < rows; i++)
        reach = results[i].shift > reach ? results[i].shift : reach;
    program->steps = steps;
    program->rows = rows;
    program->reach = reach;
    planner p = {.g = g, .place = memory, .uses = memory + count, .first = memory + 2 * count,
                 .free_places = memory + 3 * count, .program = program};
    for (size_t i = 0; i < count; i++)
        p.place[i] = -1;
    for (int i = 0; i < rows; i++)
        want(&p, results[i].node, results[i].shift);
    trace(&p);
    add_steps(&p);
    for (int i = 0; i < rows; i++)
        program->result[i] = operand(&p, (ref){results[i].node, results[i].shift - reach});
    free(memory);
    return program;
}

/* ---- Windows one below the other ---- */

typedef struct {
    graph *g;
    const fm_selection *s;
    int rows;
    const unsigned char *counts; /* of each line of a plane and column of it, plane by plane */
    ptrdiff_t width;
    fm_point *points; /* room for those of a sort */
    ref results[FM_PROGRAM_ROWS];
} tower;

/* Whether the element is in the windows of all rows from `from` to `to`. */
static int in_all(const tower *t, ptrdiff_t plane, ptrdiff_t row, ptrdiff_t column, int from, int to)
{
    for (int i = from; i < to; i++)
        if (row < i || row - i >= t->s->depth || !t->counts[(plane * t->s->depth + row - i) * t->width + column])
            return 0;
    return 1;
}

/* The points that the windows of rows `from` to `to` have in common, but for those common to a wider range. */
static ptrdiff_t common_points(const tower *t, ptrdiff_t planes, int from, int to, int wide_from, int wide_to)
{
    const ptrdiff_t lines = t->s->depth + t->rows - 1;
    ptrdiff_t used = 0;
    for (ptrdiff_t column = 0; column < t->width; column++)
        for (ptrdiff_t plane = 0; plane < planes; plane++)
            for (ptrdiff_t row = from; row < from + t->s->depth; row++)
                if (in_all(t, plane, row, column, from, to) &&
                    (wide_to == 0 || !in_all(t, plane, row, column, wide_from, wide_to)))
                    t->points[used++] = (fm_point){(int32_t)(plane * lines + row), (int32_t)column};
    return used;
}

/* Selects for rows `from` to `to`, whose windows have `count` elements in common: `values`, sorted. */
static void descend(tower *t, ptrdiff_t planes, int from, int to, const ref *values, ptrdiff_t count)
{
    if (t->g->failed)
        return;
    if (to - from == 1) {
        t->results[from] = values[t->s->rank];
        return;
    }
    const int middle = (from + to) / 2, ends[3] = {from, middle, to};
    for (int i = 0; i < 2; i++) {
        size_t mark = t->g->used;
        ptrdiff_t more = common_points(t, planes, ends[i], ends[i + 1], from, to);
        ref *extra = take(t->g, more), *all = take(t->g, more + count);
        if (t->g->failed)
            return;
        if (more)
            sort(t->g, t->points, more, extra);
        merge_and_drop(t->g, values, count, extra, more, all);
        descend(t, planes, ends[i], ends[i + 1], all, more + count);
        t->g->used = mark;
    }
}

static void build(tower *t, ptrdiff_t planes)
{
    ptrdiff_t count = common_points(t, planes, 0, t->rows, 0, 0);
    ref *values = take(t->g, count);
    if (count && !t->g->failed)
        sort(t->g, t->points, count, values);
    descend(t, planes, 0, t->rows, values, count);
}

static fm_program *program_of_rows(const fm_selection *s, int rows)
{
    graph g = {.most = MOST_NODES, .elements = s->count, .rank = s->rank, .mask = TABLE - 1};
    ptrdiff_t planes = 1;
    tower t = {.g = &g, .s = s, .rows = rows};
    for (ptrdiff_t i = 0; i < s->count; i++) {
        planes = s->points[i].line / s->depth >= planes ? s->points[i].line / s->depth + 1 : planes;
        t.width = s->points[i].column >= t.width ? s->points[i].column + 1 : t.width;
    }
    /* the results of each halving of the rows; a list for each sort under way, of which the first two may be as
     * long, then halves; and so for merges */
    g.room = (size_t)(16 * s->count + 64);
    g.nodes = malloc(MOST_NODES * sizeof *g.nodes);
    g.table = calloc(TABLE, sizeof *g.table);
    g.arena = malloc(g.room * sizeof *g.arena);
    unsigned char *counts = calloc((size_t)(planes * s->depth), (size_t)t.width);
    t.points = malloc((size_t)s->count * sizeof *t.points);
    t.counts = counts;
    fm_program *program = NULL;
    if (g.nodes && g.table && g.arena && counts && t.points) {
        for (ptrdiff_t i = 0; i < s->count; i++)
            counts[s->points[i].line * t.width + s->points[i].column] = 1;
        build(&t, planes);
        if (!g.failed)
            program = plan(&g, t.results, rows);
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

/* That for as many rows as are worth it. */
static fm_program *new_program(const fm_selection *s)
{
    fm_program *best = NULL;
    for (int rows = 1; rows <= FM_PROGRAM_ROWS; rows *= 2) {
        fm_program *program = program_of_rows(s, rows);
        if (!program)
            break;
        if (best && program->operations * best->rows >= best->operations * rows) {
            free_program(program);
            break;
        }
        free_program(best);
        best = program;
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
