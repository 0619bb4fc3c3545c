/* Boxes about as large as the array and larger ones, from which elements are missing.
 *
 * As weighted.c, with the array's elements in order, each counted as often as a window has it; but only elements that
 * are there are in the order, and the wanted rank follows from the number that a window has of these. What is kept
 * grows with the array, not with the window.
 */
#include "missing_job.h"

#include "mean.h"

typedef int64_t K;
#include "ordering.h"

enum {
    SMALLEST_WEIGHED = 1000, /* elements */
    LEAST_SHARE = 8,         /* of the array that pays, if memory allows */
    PARTS = 8,               /* each sorts the array; for this many threads */
    LOOK_EVERY = 64,         /* steps along a row, for whether to stop */
};

static const uint32_t none = UINT32_MAX; /* the number of what is missing */

/* The array, and a window of it. */
typedef struct {
    const fm_job *job;
    ptrdiff_t columns, lines;
    size_t places;             /* of elements, along the inner axis last, and one for the outside */
    K *keys, *sorted;
    uint32_t *items, *other;   /* places in the order of their keys, and memory for as many; `count` takes both */
    uint32_t *number;          /* of each element in the order, a column's together, then of the outside */
    size_t first_nan;          /* the number from which on elements are NaNs that make windows NaN */
    int64_t *line, *weight;    /* how often each line is in the windows of a row, and each position along an axis */
    char *chosen, *lower;
    int64_t *count;            /* of each number in the window, */
    int64_t total, nans;       /* of all, and of such NaNs */
    ptrdiff_t at;              /* the number that is being looked at, */
    int64_t before;            /* and how many in the window are below it */
    int64_t outside;
    size_t bytes;
} weighing;

static weighing lay_out(const fm_job *j, void *scratch)
{
    const fm_array *a = j->input;
    weighing w = {.job = j, .columns = a->shape[j->inner], .lines = 1};
    ptrdiff_t longest = 0;
    for (int d = 0; d < a->ndim; d++) {
        w.lines *= d == j->inner ? 1 : a->shape[d];
        longest = a->shape[d] > longest ? a->shape[d] : longest;
    }
    w.places = (size_t)(w.columns * w.lines) + 1;
    char *p = scratch;
    w.keys = fm_take(&p, w.places * sizeof(K));
    w.sorted = fm_take(&p, w.places * sizeof(K));
    w.items = fm_take(&p, w.places * sizeof(int64_t));
    w.other = w.items + w.places;
    w.count = (int64_t *)(void *)w.items;
    w.number = fm_take(&p, w.places * sizeof(uint32_t));
    w.line = fm_take(&p, (size_t)w.lines * sizeof(int64_t));
    w.weight = fm_take(&p, (size_t)longest * sizeof(int64_t));
    w.chosen = fm_take(&p, (size_t)w.columns << j->type_width);
    w.lower = fm_take(&p, (size_t)w.columns << j->type_width);
    w.bytes = (size_t)(p - (char *)scratch);
    return w;
}

int fm_suits_weights(const fm_job *j)
{
    ptrdiff_t elements = 1;
    for (int d = 0; d < j->ndim; d++)
        if (j->window->mode[d] == FM_VALID || __builtin_mul_overflow(elements, j->input->shape[d], &elements))
            return 0;
    const ptrdiff_t n = j->ranks.elements;
    return !j->window->footprint && !j->deviates && !j->numbers && n >= SMALLEST_WEIGHED && elements < INT32_MAX &&
           (n >= elements ||
            (n >= elements / LEAST_SHARE && lay_out(j, NULL).bytes <= FM_MOST_SCRATCH && !fm_is_extreme(j)));
}

void fm_choose_weighed(fm_job *j)
{
    int longest = -1;
    for (int d = 0; d < j->ndim; d++) {
        j->block.extent[d] = j->region.span[d];
        if (d != j->inner && (longest < 0 || j->region.span[d] > j->region.span[longest]))
            longest = d;
    }
    if (longest >= 0)
        j->block.extent[longest] = (j->region.span[longest] + PARTS - 1) / PARTS;
}

size_t fm_weighed_scratch(const fm_job *j)
{
    return lay_out(j, NULL).bytes;
}

/* ---- The order ---- */

/* Keys of the type's width as wide ones. */
static void widen(const char *keys, ptrdiff_t count, int width, K *to)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        uint8_t byte;
        uint16_t word;
        int32_t half;
        switch (width) {
        case 0: memcpy(&byte, keys + i, 1); to[i] = byte; break;
        case 1: memcpy(&word, keys + 2 * i, 2); to[i] = word; break;
        case 2: memcpy(&half, keys + 4 * i, 4); to[i] = half; break;
        case 3: memmove(&to[i], keys + 8 * i, 8); break;
        }
    }
}

/* Reads a line of elements, and adds those that are there to the items. Returns how many items there are then. The
 * keys' own memory, which they do not fill, is where they are read. */
static size_t read_line(weighing *w, const ptrdiff_t *at, ptrdiff_t line, size_t items)
{
    const fm_job *j = w->job;
    uint8_t *flags = (uint8_t *)w->chosen; /* as long as the line at least */
    K *keys = w->keys + line * w->columns;
    char *narrow = (char *)keys + w->columns * (ptrdiff_t)sizeof(K) - (w->columns << j->type_width);
    fm_read_line(j, at, w->columns, narrow, flags);
    widen(narrow, w->columns, j->type_width, keys);
    for (ptrdiff_t x = 0; x < w->columns; x++) {
        w->number[x * w->lines + line] = none;
        w->items[items] = (uint32_t)(line * w->columns + x);
        items += !(flags[x] & 1 << FM_IS_MISSING);
    }
    return items;
}

/* Puts what is there in order. */
static void number_all(weighing *w)
{
    const fm_job *j = w->job;
    ptrdiff_t at[FM_MAX_NDIM] = {0}, line = 0;
    size_t items = 0, outside = w->places - 1;
    do
        items = read_line(w, at, line++, items);
    while (fm_advance(at, j->input->shape, j->ndim, j->inner));
    widen((const char *)&j->source.fill, 1, j->type_width, w->keys + outside);
    w->number[outside] = none;
    w->items[items] = (uint32_t)outside;
    items += !(j->omits && j->source.fill == j->nan);
    sort_places(&(fm_ordering){w->keys, w->items, w->sorted, w->other}, items, w->places);
    w->first_nan = items;
    for (size_t i = 0; i < items; i++) {
        size_t place = w->items[i], columns = (size_t)w->columns;
        if (j->poisons && w->first_nan == items && w->sorted[i] == j->nan)
            w->first_nan = i;
        w->number[place == outside ? place : place % columns * (size_t)w->lines + place / columns] = (uint32_t)i;
    }
}

/* ---- Windows ---- */

static int64_t find_weights(const weighing *w, int axis, ptrdiff_t first)
{
    const fm_window *window = w->job->window;
    return fm_find_weights(first, window->size[axis], w->job->input->shape[axis], window->mode[axis], w->weight);
}

/* Elements of a window along an axis, of which so many are inside. */
static int64_t all_along(const weighing *w, int axis, int64_t inside)
{
    return w->job->window->mode[axis] == FM_TRUNCATE ? inside : w->job->window->size[axis];
}

/* The windows of a row, across it: how many lines' elements they have in a column, inside and in all. */
typedef struct {
    int64_t inside, all;
} across;

static across weigh_lines(const weighing *w, const ptrdiff_t *at)
{
    const fm_job *j = w->job;
    across sum = {1, 1};
    ptrdiff_t inner_lines = w->lines; /* that differ along the axes from d on */
    for (ptrdiff_t i = 0; i < w->lines; i++)
        w->line[i] = 1;
    for (int d = 0; d < j->ndim; d++) {
        if (d == j->inner)
            continue;
        int64_t inside = find_weights(w, d, at[d] - j->lead[d]);
        sum.inside *= inside;
        sum.all *= all_along(w, d, inside);
        inner_lines /= j->input->shape[d];
        for (ptrdiff_t i = 0; i < w->lines; i++)
            w->line[i] *= w->weight[i / inner_lines % j->input->shape[d]];
    }
    return sum;
}

static inline void change(weighing *w, uint32_t number, int64_t by)
{
    if (number == none)
        return;
    w->count[number] += by;
    w->total += by;
    w->nans += number >= w->first_nan ? by : 0;
    w->before += (ptrdiff_t)number < w->at ? by : 0;
}

static void change_column(weighing *w, ptrdiff_t column, int64_t by)
{
    const uint32_t *number = w->number + column * w->lines;
    for (ptrdiff_t i = 0; i < w->lines; i++)
        change(w, number[i], by * w->line[i]);
}

/* Sets how often the window has the outside, from how many positions along the inner axis are inside. */
static void change_outside(weighing *w, across sum, int64_t inside)
{
    int64_t outside = sum.all * all_along(w, w->job->inner, inside) - sum.inside * inside;
    change(w, w->number[w->places - 1], outside - w->outside);
    w->outside = outside;
}

static K seek(weighing *w, int64_t rank)
{
    while (w->before > rank)
        w->before -= w->count[--w->at];
    while (w->before + w->count[w->at] <= rank)
        w->before += w->count[w->at++];
    return w->sorted[w->at];
}

static void put(char *keys, ptrdiff_t i, int width, K key)
{
    const uint8_t byte = (uint8_t)key;
    const uint16_t word = (uint16_t)key;
    const int32_t half = (int32_t)key;
    const void *from[] = {&byte, &word, &half, &key};
    memcpy(keys + (i << width), from[width], (size_t)1 << width);
}

/* The chosen key of the i-th output of a row, and the one below it if there are two middles. */
static void choose(weighing *w, ptrdiff_t i)
{
    const fm_job *j = w->job;
    K key = w->nans ? j->nan : j->empty, lower = key;
    if (w->total && !w->nans) {
        ptrdiff_t rank = fm_rank_among(j->missing->percent, j->missing->offset, (ptrdiff_t)w->total);
        key = lower = seek(w, rank);
        if (j->missing->mean && w->total % 2 == 0)
            lower = seek(w, rank - 1);
    }
    put(w->chosen, i, j->type_width, key);
    put(w->lower, i, j->type_width, lower);
}

/* A row of `count` outputs, the first of which is at `at`. 0 if it was stopped. */
static int filter_row(const fm_lane *lane, weighing *w, const ptrdiff_t *at, ptrdiff_t count)
{
    const fm_job *j = w->job;
    const fm_mode mode = j->window->mode[j->inner];
    const across sum = weigh_lines(w, at);
    ptrdiff_t first = at[j->inner] - j->lead[j->inner];
    int64_t inside = find_weights(w, j->inner, first);
    memset(w->count, 0, w->places * sizeof *w->count);
    w->total = w->nans = w->before = w->outside = w->at = 0;
    for (ptrdiff_t x = 0; x < w->columns; x++)
        if (w->weight[x])
            change_column(w, x, w->weight[x]);
    change_outside(w, sum, inside);
    for (ptrdiff_t i = 0;; first++) {
        choose(w, i);
        if (++i == count)
            return 1;
        if (i % LOOK_EVERY == 0 && fm_lane_stops((void *)lane))
            return 0;
        ptrdiff_t leaving = fm_border(first, w->columns, mode);
        ptrdiff_t entering = fm_border(first + j->window->size[j->inner], w->columns, mode);
        if (leaving == entering)
            continue;
        if (leaving >= 0)
            change_column(w, leaving, -1);
        if (entering >= 0)
            change_column(w, entering, 1);
        inside += (entering >= 0) - (leaving >= 0);
        change_outside(w, sum, inside);
    }
}

int fm_weigh_block(const fm_lane *lane, const fm_tract *t, void *scratch)
{
    const fm_job *j = lane->job;
    weighing w = lay_out(j, scratch);
    number_all(&w);
    ptrdiff_t at[FM_MAX_NDIM] = {0}, to[FM_MAX_NDIM];
    const ptrdiff_t count = t->extent[j->inner];
    do {
        for (int d = 0; d < j->ndim; d++)
            to[d] = t->start[d] + at[d];
        if (fm_lane_stops((void *)lane) || !filter_row(lane, &w, to, count))
            return 0;
        if (j->missing->mean)
            fm_mean_keys(j->input->type, w.chosen, w.lower, count);
        fm_write_keys(j->output, to, j->inner, count, w.chosen);
    } while (fm_advance(at, t->extent, j->ndim, j->inner));
    return 1;
}
