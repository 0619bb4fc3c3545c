/* Boxes of outputs from whose windows little is missing.
 *
 * The plain filter makes the box with the missing elements as they are. An output whose window misses some is right
 * still if the rank that is wanted is the usual one and those missing are all larger, so that they might as well be
 * the largest there could be. The others, few, are sought again: from what is there, by the looks of stepping.c at
 * a copy of their windows in which the missing elements are that large.
 *
 * A box extends along two axes, and so do the windows: lines lie along the inner axis, one after the other along
 * the outer one.
 */
#include "missing_job.h"

#include "select.h"

enum {
    MOST_ELEMENTS = UINT8_MAX, /* of windows: most of larger ones miss something. Counts are bytes */
    SMALLEST_BOX = 1 << 11,    /* outputs: smaller ones are better filtered together */
    LOOK_EVERY = 1024,         /* holes */
};

/* An element of a box that is missing, or a NaN that makes windows NaN. */
typedef struct {
    int32_t line, x;
    int64_t key;
    int poisons;
} hole;

/* What is kept for a box. The outputs whose windows hold a hole are a patch; what these windows hold is copied, line
 * after line, so close that lanes may hold windows of several lines. */
typedef struct {
    const fm_tract *box;
    int plain;             /* whether keys can be copied from the array, and from the output */
    int lines, columns;    /* outputs of the box, */
    int height, width;     /* and elements of the window */
    int most, count;
    hole *list;
    int *first;            /* of each line with the border, in the list; one more for the end */
    int *from;             /* in the list, for each line of a patch's windows, the first hole that may be near */
    const hole **near;     /* which windows of a patch hold */
    int near_count;
    char *keys;            /* a line of the box, */
    uint8_t *flags;        /* and of the mask */
    int pitch;             /* of the lines of a copy */
    char *copy, *chosen;   /* chosen elements are where their windows begin in the copy */
    uint8_t *counts, *low; /* how many are missing from a window; whether some are not above its chosen element */
    fm_places places;
    int skips;             /* whether windows with one hole may be looked at in place */
    fm_places in_place;
    size_t bytes;
} room;

/* Outputs of a box. */
typedef struct {
    int line, x, lines, columns;
} patch;

static ptrdiff_t along(const ptrdiff_t *of, int axis)
{
    return axis < 0 ? 1 : of[axis];
}

int fm_suits_repair(fm_job *j)
{
    const ptrdiff_t n = j->ranks.elements, *size = j->window->size;
    j->outer = -1;
    for (int d = 0; d < j->ndim; d++) {
        if (j->window->mode[d] == FM_CONSTANT && (j->omits || j->poisons) && j->source.fill == j->nan)
            return 0;
        if (d != j->inner && (j->outer < 0 || size[d] > size[j->outer] ||
                              (size[d] == size[j->outer] && j->region.span[d] > j->region.span[j->outer])))
            j->outer = d;
    }
    return n <= MOST_ELEMENTS && size[j->inner] * along(size, j->outer) >= n &&
           fm_count_places(j->window, j->ndim) == size[j->inner] * along(size, j->outer) &&
           j->region.span[j->inner] * along(j->region.span, j->outer) >= SMALLEST_BOX && j->ranks.rank > 0 &&
           j->ranks.rank < n - 1 && !j->deviates && !j->missing->mean && !j->output->suboffsets;
}

static room lay_out(const fm_job *j, const fm_tract *t, void *scratch)
{
    const size_t key = (size_t)1 << j->type_width;
    room r = {.box = t};
    r.lines = (int)along(t->extent, j->outer);
    r.columns = (int)t->extent[j->inner];
    r.height = (int)along(j->window->size, j->outer);
    r.width = (int)j->window->size[j->inner];
    r.most = fm_most_holes(j, t);
    r.pitch = 2 * r.width - 1;
    const size_t elements = (size_t)((2 * r.height - 1) * r.pitch + j->type_keys->lanes);
    char *p = scratch;
    r.list = fm_take(&p, (size_t)r.most * sizeof *r.list);
    r.first = fm_take(&p, (size_t)(r.lines + r.height) * sizeof *r.first);
    r.from = fm_take(&p, (size_t)(2 * r.height) * sizeof *r.from);
    r.near = fm_take(&p, elements * sizeof *r.near);
    r.keys = fm_take(&p, (size_t)t->line * key);
    r.flags = fm_take(&p, (size_t)t->line);
    r.copy = fm_take(&p, elements * key);
    r.chosen = fm_take(&p, elements * key);
    r.counts = fm_take(&p, elements);
    r.low = fm_take(&p, elements);
    r.places.start = fm_take(&p, (size_t)j->run_count * sizeof *r.places.start);
    r.places.length = fm_take(&p, (size_t)j->run_count * sizeof *r.places.length);
    r.in_place.start = fm_take(&p, (size_t)j->run_count * sizeof *r.in_place.start);
    r.in_place.length = fm_take(&p, (size_t)j->run_count * sizeof *r.in_place.length);
    r.bytes = (size_t)(p - (char *)scratch);
    return r;
}

size_t fm_repair_scratch(const fm_job *j)
{
    return lay_out(j, &j->box, NULL).bytes;
}

/* ---- Finding holes ---- */

/* Where in the array a place of the box is, and that of an output. */
static void input_at(const fm_job *j, const room *r, int line, int x, ptrdiff_t *at)
{
    for (int d = 0; d < j->ndim; d++)
        at[d] = r->box->start[d] - j->lead[d] + (d == j->inner ? x : d == j->outer ? line : 0);
}

static void output_at(const fm_job *j, const room *r, int line, int x, ptrdiff_t *at)
{
    for (int d = 0; d < j->ndim; d++)
        at[d] = r->box->start[d] + (d == j->inner ? x : d == j->outer ? line : 0);
}

/* Adds one, if there is room. */
static void add_hole(const fm_job *j, room *r, int line, int x, int poisons)
{
    if (r->count == r->most)
        return;
    ptrdiff_t at[FM_MAX_NDIM];
    hole *h = &r->list[r->count++];
    *h = (hole){line, x, 0, poisons};
    input_at(j, r, line, x, at);
    fm_read_keys(&j->source, at, j->inner, 1, &h->key);
}

/* Adds what is flagged of `count` neighbours from x on. */
static void add_flagged(const fm_job *j, room *r, const uint8_t *flags, int count, int line, int x)
{
    for (int i = 0; (i = (int)j->type_keys->find(flags, i, count)) < count; i++)
        add_hole(j, r, line, x + i, flags[i] == 1 << FM_IS_NAN);
}

/* Looks at what a mask says of columns outside of the array, from `x` up to `end`; column 0 is the first-th of `row`. */
static void scan_outside(const fm_job *j, room *r, const uint8_t *row, ptrdiff_t first, int line, int x, int end)
{
    for (; x < end; x++) {
        ptrdiff_t i = fm_border(first + x, j->input->shape[j->inner], j->window->mode[j->inner]);
        if (i >= 0 && row[i])
            add_hole(j, r, line, x, 0);
    }
}

/* Looks at a mask in place. */
static void scan_mask(const fm_job *j, room *r)
{
    ptrdiff_t at[FM_MAX_NDIM], n = along(j->input->shape, j->outer);
    input_at(j, r, 0, 0, at);
    const ptrdiff_t first = at[j->inner], left = j->input->shape[j->inner] - first, top = j->outer < 0 ? 0 : at[j->outer];
    const int count = r->columns + r->width - 1, begin = first < 0 ? (int)-first : 0, end = left < count ? (int)left : count;
    at[j->inner] = 0;
    if (j->outer >= 0)
        at[j->outer] = 0;
    const uint8_t *mask = (const uint8_t *)fm_address(j->mask.array, at);
    for (int line = 0; line < r->lines + r->height - 1 && r->count < r->most; line++) {
        ptrdiff_t y = j->outer < 0 ? 0 : fm_border(top + line, n, j->window->mode[j->outer]);
        r->first[line] = r->first[line + 1] = r->count;
        if (y < 0)
            continue;
        const uint8_t *row = mask + y * along(j->mask.array->strides, j->outer);
        scan_outside(j, r, row, first, line, 0, begin);
        add_flagged(j, r, row + first + begin, end - begin, line, begin);
        scan_outside(j, r, row, first, line, end, count);
        r->first[line + 1] = r->count;
    }
}

/* Looks for NaNs, and at a mask of which neighbours lie apart. */
static void scan_keys(const fm_job *j, room *r)
{
    const int count = r->columns + r->width - 1;
    ptrdiff_t at[FM_MAX_NDIM];
    for (int line = 0; line < r->lines + r->height - 1 && r->count < r->most; line++) {
        input_at(j, r, line, 0, at);
        r->first[line] = r->count;
        if (fm_read_line(j, at, count, r->keys, r->flags))
            add_flagged(j, r, r->flags, count, line, 0);
        r->first[line + 1] = r->count;
    }
}

/* 0 if there are too many. */
static int find_holes(const fm_job *j, room *r)
{
    if (j->mask.array && fm_is_plain(j->mask.array, j->inner) && !j->omits && !j->poisons)
        scan_mask(j, r);
    else
        scan_keys(j, r);
    return r->count < r->most;
}

/* ---- Judging patches ---- */

/* The outputs whose windows hold a hole. 0 if none of the box do. */
static int find_patch(const room *r, const hole *h, patch *p)
{
    p->line = h->line < r->height ? 0 : h->line - r->height + 1;
    p->x = h->x < r->width ? 0 : h->x - r->width + 1;
    p->lines = (h->line < r->lines ? h->line + 1 : r->lines) - p->line;
    p->columns = (h->x < r->columns ? h->x + 1 : r->columns) - p->x;
    return p->lines > 0 && p->columns > 0;
}

/* Reads what the plain filter, or a repair, chose. */
static void read_chosen(const fm_job *j, const room *r, const patch *p)
{
    const fm_source output = {j->output, j->window->mode, 0};
    const size_t bytes = (size_t)p->columns << j->type_width;
    ptrdiff_t at[FM_MAX_NDIM], step = along(j->output->strides, j->outer);
    output_at(j, r, p->line, p->x, at);
    const char *from = r->plain ? fm_address(j->output, at) : NULL;
    for (int i = 0; i < p->lines; i++) {
        char *keys = r->chosen + ((ptrdiff_t)i * r->pitch << j->type_width);
        if (r->plain)
            memcpy(keys, from + i * step, bytes);
        else {
            fm_read_keys(&output, at, j->inner, p->columns, keys);
            at[j->outer < 0 ? 0 : j->outer]++;
        }
    }
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int most(int a, int b)
{
    return a > b ? a : b;
}

/* Counts a hole for the windows of a patch that hold it in the elements from `start` on, `lines` of `columns`. Returns
 * whether it is not above the chosen element of one. */
static int count_part(const fm_job *j, const room *r, const patch *p, const hole *h, int lines, int columns, int line, int x)
{
    int end = h->line - p->line - line + 1, right = h->x - p->x - x + 1;
    line = most(end - lines, 0);
    x = most(right - columns, 0);
    lines = least(end, p->lines) - line;
    columns = least(right, p->columns) - x;
    ptrdiff_t place = (ptrdiff_t)line * r->pitch + x;
    return lines > 0 && columns > 0 &&
           j->type_keys->touch(r->chosen + (place << j->type_width), r->pitch, lines, columns, h->key, r->counts + place,
                               r->low + place);
}

static int count_hole(const fm_job *j, const room *r, const patch *p, const hole *h)
{
    int low = 0;
    if (!j->window->footprint)
        return count_part(j, r, p, h, r->height, r->width, 0, 0);
    for (const fm_run *run = j->runs; run < j->runs + j->run_count; run++)
        low |= count_part(j, r, p, h, 1, (int)run->length, j->outer < 0 ? 0 : (int)run->start[j->outer],
                          (int)run->start[j->inner]);
    return low;
}

/* Collects the holes that windows of the patch of the i-th hole hold. Patches of one line move on along it, and so
 * do the places in the list at which the holes of each line are looked for. */
static void find_near(const fm_job *j, room *r, const patch *p, int i)
{
    const int line = r->list[i].line, right = p->x + p->columns + r->width - 1;
    const int end = p->line + p->lines + r->height - 1;
    r->near_count = 0;
    for (int l = p->line; l < end; l++) {
        int *from = &r->from[l - p->line];
        if (i == r->first[line])
            *from = r->first[l];
        while (*from < r->first[l + 1] && r->list[*from].x < p->x)
            ++*from;
        for (int k = *from; k < r->first[l + 1] && r->list[k].x < right; k++)
            if (!r->list[k].poisons)
                r->near[r->near_count++] = &r->list[k];
    }
}

/* Counts what is missing from the windows of a patch. Returns whether some have to be sought again. */
static int count_holes(const fm_job *j, const room *r, const patch *p)
{
    const ptrdiff_t elements = (ptrdiff_t)p->lines * r->pitch;
    memset(r->counts, 0, (size_t)elements);
    memset(r->low, 0, (size_t)elements);
    int needs = j->wanted[1] != j->wanted[0];
    for (int i = 0; i < r->near_count; i++)
        needs |= count_hole(j, r, p, r->near[i]);
    for (ptrdiff_t i = 0; i < elements && r->near_count > 1 && !needs; i++)
        needs = j->wanted[r->counts[i]] != j->wanted[0];
    return needs;
}

/* ---- Seeking again ---- */

/* Whether the elements from `at` on, `lines` of `columns`, lie inside of the array. */
static int is_inside(const fm_job *j, const ptrdiff_t *at, int lines, int columns)
{
    for (int d = 0; d < j->ndim; d++)
        if (at[d] < 0 || at[d] + (d == j->inner ? columns : d == j->outer ? lines : 1) > j->input->shape[d])
            return 0;
    return 1;
}

/* Repairs a patch in place, if it has one hole that makes no other rank right, and if there is room for lanes. */
static int repair_in_place(const fm_job *j, const room *r, const patch *p)
{
    const int lanes = j->type_keys->lanes, columns = (p->columns + lanes - 1) / lanes * lanes;
    ptrdiff_t at[FM_MAX_NDIM], to[FM_MAX_NDIM];
    input_at(j, r, p->line, p->x, at);
    if (!r->skips || r->near_count != 1 || p->x + columns > r->columns ||
        !is_inside(j, at, p->lines + r->height - 1, columns + r->width - 1))
        return 0;
    output_at(j, r, p->line, p->x, to);
    j->type_keys->skip(&r->in_place, fm_address(j->input, at), along(j->input->strides, j->outer) >> j->type_width,
                       fm_address(j->output, to), along(j->output->strides, j->outer) >> j->type_width, p->lines,
                       p->columns, r->near[0]->key, j->ranks.rank);
    return 1;
}

static void copy_windows(const fm_job *j, const room *r, const patch *p)
{
    const int lines = p->lines + r->height - 1, columns = p->columns + r->width - 1;
    ptrdiff_t at[FM_MAX_NDIM], step = along(j->input->strides, j->outer);
    input_at(j, r, p->line, p->x, at);
    const int in_place = r->plain && is_inside(j, at, lines, columns);
    const char *from = in_place ? fm_address(j->input, at) : NULL;
    for (int i = 0; i < lines; i++) {
        char *to = r->copy + ((ptrdiff_t)i * r->pitch << j->type_width);
        if (in_place)
            memcpy(to, from + i * step, (size_t)columns << j->type_width);
        else {
            fm_read_keys(&j->source, at, j->inner, columns, to);
            at[j->outer < 0 ? 0 : j->outer]++;
        }
    }
    for (int i = 0; i < r->near_count; i++)
        j->type_keys->lift(r->copy, (ptrdiff_t)(r->near[i]->line - p->line) * r->pitch + r->near[i]->x - p->x);
}

static void write_chosen(const fm_job *j, const room *r, const patch *p)
{
    ptrdiff_t at[FM_MAX_NDIM], step = along(j->output->strides, j->outer);
    output_at(j, r, p->line, p->x, at);
    char *to = fm_address(j->output, at);
    for (int i = 0; i < p->lines; i++) {
        const char *keys = r->chosen + ((ptrdiff_t)i * r->pitch << j->type_width);
        if (r->plain)
            memcpy(to + i * step, keys, (size_t)p->columns << j->type_width);
        else {
            fm_write_keys(j->output, at, j->inner, p->columns, keys);
            at[j->outer < 0 ? 0 : j->outer]++;
        }
    }
}

/* Makes the outputs right whose windows hold the i-th hole. */
static void repair_hole(const fm_job *j, room *r, int i)
{
    patch p;
    if (!find_patch(r, &r->list[i], &p))
        return;
    find_near(j, r, &p, i);
    if (r->near_count == 0 || repair_in_place(j, r, &p))
        return;
    read_chosen(j, r, &p);
    if (!count_holes(j, r, &p))
        return;
    copy_windows(j, r, &p);
    const int end = p.lines * r->pitch, lanes = j->type_keys->lanes;
    for (int line = 0, seen = 0; line < end; line += r->pitch) /* lanes begin with one, and may hold some of the next */
        for (int at = most(line, seen); at < line + p.columns; at = seen) {
            seen = least(at + lanes, end);
            j->type_keys->seek(&r->places, r->copy + ((size_t)at << j->type_width), j->wanted, seen - at, r->counts + at,
                               r->low + at, j->empty, r->chosen + ((size_t)at << j->type_width));
        }
    write_chosen(j, r, &p);
}

static void poison(const fm_job *j, const room *r, const hole *h)
{
    patch p;
    if (!h->poisons || !find_patch(r, h, &p))
        return;
    ptrdiff_t at[FM_MAX_NDIM];
    for (ptrdiff_t i = 0; i < j->run_count; i++) {
        const fm_run *run = &j->runs[i];
        int line = h->line - (int)along(run->start, j->outer), end = h->x - (int)run->start[j->inner] + 1;
        if (line < 0 || line >= r->lines)
            continue;
        for (int x = end - (int)run->length < 0 ? 0 : end - (int)run->length; x < end && x < r->columns; x++) {
            output_at(j, r, line, x, at);
            fm_write_keys(j->output, at, j->inner, 1, &j->nan);
        }
    }
}

/* ---- Boxes ---- */

static void place_windows(const fm_job *j, room *r)
{
    ptrdiff_t stride[FM_MAX_NDIM] = {0};
    if (j->outer >= 0)
        stride[j->outer] = r->pitch;
    stride[j->inner] = 1;
    fm_find_places(j, stride, &r->places);
    r->plain = fm_is_plain(j->input, j->inner) && fm_is_plain(j->output, j->inner);
    r->skips = r->plain && !j->window->footprint && j->wanted[1] == j->wanted[0];
    for (int d = 0; d < j->ndim; d++)
        stride[d] = j->input->strides[d] >> j->type_width;
    if (r->skips)
        fm_find_places(j, stride, &r->in_place);
}

static fm_status filter_box(const fm_lane *lane, const fm_tract *box)
{
    const fm_job *j = lane->job;
    fm_array output = *j->output;
    fm_window window = *j->window;
    output.data = fm_address(j->output, box->start);
    output.shape = box->extent;
    window.rank = j->ranks.rank;
    return fm_rank_filter_box(j->input, &output, &window, box->start, 1, &(fm_watch){fm_lane_stops, (void *)lane});
}

int fm_repair_box(const fm_lane *lane, const fm_tract *box, void *scratch)
{
    const fm_job *j = lane->job;
    room r = lay_out(j, box, scratch);
    if (!find_holes(j, &r) || !fm_lane_goes_on(lane, filter_box(lane, box)))
        return 0;
    place_windows(j, &r);
    for (int i = 0; i < r.count; i++) {
        if (i % LOOK_EVERY == LOOK_EVERY - 1 && fm_lane_stops((void *)lane))
            return 0;
        repair_hole(j, &r, i);
    }
    for (int i = 0; i < r.count; i++)
        poison(j, &r, &r.list[i]);
    return 1;
}
