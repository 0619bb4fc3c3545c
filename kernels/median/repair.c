/* Boxes of outputs from whose windows little is missing.
 *
 * A box is copied with its border, missing elements being replaced by the highest element or the lowest, and the
 * plain filter makes its outputs from the copy. The replacement is such that the usual rank is right for windows that
 * miss one element; the others, few, are found by counting what is missing from them, and corrected by the steps of
 * stepping.c. A box from which nothing is missing is filtered as it is.
 *
 * A box extends along two axes, and so do the windows: lines lie along the inner axis, one after the other along
 * the outer one.
 */
#include "missing_job.h"

#include "select.h"

#include <limits.h>
#include <math.h>

enum {
    MOST_ELEMENTS = UINT8_MAX, /* of windows: most of larger ones miss something. Counts are bytes */
    SMALLEST_BOX = 1 << 11,    /* outputs: smaller ones are better filtered together */
    NOWHERE = INT_MIN,
    LOOK_EVERY = 1 << 18,      /* elements of windows: well below a millisecond */
    FEW = 16,                  /* windows, for which vectors do not pay */
    DENSE = 32,                /* places for a hole in lines that are corrected whole */
};

/* An element of a box that is missing, or a NaN that makes windows NaN. */
typedef struct {
    int x;
    uint8_t low, nan; /* replaced by the lowest element; a NaN that is not missing */
} hole;

/* What is kept for a box. */
typedef struct {
    const fm_tract *box;
    int lines, columns;      /* outputs of the box, */
    int height, width;       /* and elements of the window */
    int padded;              /* columns with the border */
    fm_array bits;           /* the input, its elements taken for keys, */
    fm_source elements;      /* and its border */
    int begin, end;          /* columns inside of the array */
    int *mirrored;           /* for each other one the column that holds the same, or NOWHERE; */
    int is_quick;            /* whether all these are inside, and elements lie side by side */
    ptrdiff_t *rows;         /* of the array, for each line; -1 where that is constant */
    int most, count;
    hole *list;              /* line after line */
    int *first;              /* of each line with the border; one more for the end */
    fm_mixture mixture;
    int harmless, harmless_low; /* so many holes of one kind leave the usual rank right; whether that is low */
    char *copy;              /* of the elements; */
    int keyed;               /* the lines before this one, if they are needed still, are keys by now */
    char *line;
    uint8_t *flags;
    int *found;              /* places in a line */
    int entered, left;       /* the lines that columns count are those from `left` on before `entered` */
    uint8_t *gone, *low, *nan; /* holes of each column in these lines, and how many of them are such; */
    uint64_t *holed;         /* a bit for each column with a hole */
    uint8_t *gone_sums, *low_sums, *nan_sums, *sliding; /* of windows */
    uint32_t *to;
    uint8_t *findings;
    char *outputs;           /* if these are keys, where they are, */
    char *chosen;            /* and some of them as keys */
    fm_places places;
    size_t bytes;
} room;

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
    return n <= MOST_ELEMENTS && fm_count_places(j->window, j->ndim) == size[j->inner] * along(size, j->outer) &&
           j->region.span[j->inner] * along(j->region.span, j->outer) >= SMALLEST_BOX && j->ranks.rank > 0 &&
           j->ranks.rank < n - 1 && j->ranks.table && !j->deviates && !j->missing->mean;
}

static room lay_out(const fm_job *j, const fm_tract *t, void *scratch)
{
    const size_t key = (size_t)1 << j->type_width, line = (size_t)t->line, out_line = (size_t)t->out_line;
    room r = {.box = t};
    r.lines = (int)along(t->extent, j->outer);
    r.columns = (int)t->extent[j->inner];
    r.height = (int)along(j->window->size, j->outer);
    r.width = (int)j->window->size[j->inner];
    r.padded = r.columns + r.width - 1;
    r.most = fm_most_holes(j, t);
    char *p = scratch;
    r.mirrored = fm_take(&p, line * sizeof *r.mirrored);
    r.rows = fm_take(&p, (size_t)(r.lines + r.height) * sizeof *r.rows);
    r.list = fm_take(&p, (size_t)r.most * sizeof *r.list);
    r.first = fm_take(&p, (size_t)(r.lines + r.height) * sizeof *r.first);
    r.mixture.cells = fm_take(&p, line * sizeof *r.mixture.cells);
    r.copy = fm_take(&p, ((size_t)t->lines * line + FM_CHUNK) * key); /* whole vectors are read from the last ones on */
    r.line = fm_take(&p, line * key);
    r.flags = fm_take(&p, line);
    r.found = fm_take(&p, line * sizeof *r.found);
    r.holed = fm_take(&p, line / 64 * 8 + 8);
    r.gone = fm_take(&p, line);
    r.low = fm_take(&p, line);
    r.nan = fm_take(&p, line);
    r.gone_sums = fm_take(&p, out_line);
    r.low_sums = fm_take(&p, out_line);
    r.nan_sums = fm_take(&p, out_line);
    r.sliding = fm_take(&p, 2 * line);
    r.to = fm_take(&p, out_line * sizeof *r.to);
    r.findings = fm_take(&p, out_line / FM_CHUNK);
    r.chosen = fm_take(&p, out_line * key);
    r.places.start = fm_take(&p, (size_t)j->run_count * sizeof *r.places.start);
    r.places.length = fm_take(&p, (size_t)j->run_count * sizeof *r.places.length);
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

static char *copy_of(const fm_job *j, const room *r, int line, int x)
{
    return r->copy + ((line * r->box->line + x) << j->type_width);
}

/* Adds one, if there is room. */
static void add_hole(room *r, int x, int nan)
{
    if (r->count < r->most)
        r->list[r->count++] = (hole){x, 0, (uint8_t)nan};
}

/* Adds what is flagged of `count` neighbours from x on. */
static void add_flagged(const fm_job *j, room *r, const uint8_t *flags, int count, int x)
{
    const int found = j->type_keys->find(flags, count, r->most - r->count, r->found);
    for (int i = 0; i < found; i++)
        add_hole(r, x + r->found[i], flags[r->found[i]] == 1 << FM_IS_NAN);
}

/* Where in an array whose elements lie side by side the box has its first column inside, in row 0. */
static const char *plane_of(const fm_job *j, const room *r, const fm_array *array)
{
    ptrdiff_t at[FM_MAX_NDIM];
    input_at(j, r, 0, r->begin, at);
    if (j->outer >= 0)
        at[j->outer] = 0;
    return fm_address(array, at);
}

/* Looks at columns outside of the array; `row` is the first one inside. */
static void scan_outside(room *r, const char *row, int x, int end)
{
    for (; x < end; x++)
        if (r->mirrored[x] != NOWHERE && row[r->mirrored[x] - r->begin])
            add_hole(r, x, 0);
}

/* Looks at a mask in place. */
static void scan_mask(const fm_job *j, room *r)
{
    const char *plane = plane_of(j, r, j->mask.array);
    for (int line = 0; line < r->lines + r->height - 1 && r->count < r->most; line++) {
        const char *row = plane + r->rows[line] * along(j->mask.array->strides, j->outer);
        r->first[line] = r->count;
        if (r->rows[line] >= 0) {
            scan_outside(r, row, 0, r->begin);
            add_flagged(j, r, (const uint8_t *)row, r->end - r->begin, r->begin);
            scan_outside(r, row, r->end, r->padded);
        }
        r->first[line + 1] = r->count;
    }
}

/* Looks for NaNs in a line of the copy, and at a mask wherever it lies. */
static void scan_line(const fm_job *j, room *r, int line)
{
    const char *elements = copy_of(j, r, line, 0);
    int any = 0;
    memset(r->flags, 0, (size_t)r->padded);
    if (j->mask.array) {
        ptrdiff_t at[FM_MAX_NDIM];
        input_at(j, r, line, 0, at);
        fm_read_keys(&j->mask, at, j->inner, r->padded, r->flags);
        any = j->counts->normalize(r->flags, r->padded);
    }
    if (j->omits)
        any |= j->type_keys->mark_nans(elements, r->padded, FM_IS_MISSING, r->flags);
    if (j->poisons && j->type_keys->mark_nans(elements, r->padded, FM_IS_NAN, r->flags)) {
        any = 1;
        for (int x = 0; x < r->padded; x++)
            if (r->flags[x] & 1 << FM_IS_MISSING)
                r->flags[x] = 1 << FM_IS_MISSING;
    }
    if (any)
        add_flagged(j, r, r->flags, r->padded, 0);
}

static inline void copy_element(char *to, const char *from, int width)
{
    switch (width) {
    case 0: memcpy(to, from, 1); break;
    case 1: memcpy(to, from, 2); break;
    case 2: memcpy(to, from, 4); break;
    case 3: memcpy(to, from, 8); break;
    }
}

/* Copies the columns from `x` up to `end` from those inside. */
static void mirror(const fm_job *j, const room *r, char *line, int x, int end)
{
    for (; x < end; x++)
        copy_element(line + ((ptrdiff_t)x << j->type_width), line + ((ptrdiff_t)r->mirrored[x] << j->type_width),
                     j->type_width);
}

/* `plane` is where to read in place, or NULL. */
static void copy_line(const fm_job *j, const room *r, const char *plane, int line)
{
    char *to = copy_of(j, r, line, 0);
    if (plane && r->rows[line] >= 0) {
        memcpy(to + ((ptrdiff_t)r->begin << j->type_width), plane + r->rows[line] * along(j->input->strides, j->outer),
               (size_t)(r->end - r->begin) << j->type_width);
        mirror(j, r, to, 0, r->begin);
        mirror(j, r, to, r->end, r->padded);
        return;
    }
    ptrdiff_t at[FM_MAX_NDIM];
    input_at(j, r, line, 0, at);
    fm_read_keys(&r->elements, at, j->inner, r->padded, to);
}

/* Copies the box with its border, and looks for holes in the copy if they are not known. */
static void copy_box(const fm_job *j, room *r, int looks)
{
    const char *plane = r->is_quick ? plane_of(j, r, j->input) : NULL;
    for (int line = 0; line < r->lines + r->height - 1 && r->count < r->most; line++) {
        copy_line(j, r, plane, line);
        if (!looks)
            continue;
        r->first[line] = r->count;
        scan_line(j, r, line);
        r->first[line + 1] = r->count;
    }
}

/* 0 if there are too many. What holds some is copied. */
static int find_holes(const fm_job *j, room *r)
{
    const int mask_alone = j->mask.array && fm_is_plain(j->mask.array, j->inner) && !j->omits && !j->poisons;
    if (mask_alone)
        scan_mask(j, r);
    if (!mask_alone || r->count)
        copy_box(j, r, !mask_alone);
    return r->count < r->most;
}

/* ---- The copy ---- */

/* The element that sorts before all others or, with NaNs after infinity, after all of them. */
static int64_t extreme_of(const fm_job *j, int low, int has_nans)
{
    static const int64_t lowest[] = {0, 0, INT32_MIN, INT64_MIN}, highest[] = {UINT8_MAX, UINT16_MAX, INT32_MAX, INT64_MAX};
    const fm_key_type k = fm_key_types[j->input->type];
    int64_t key = (low ? lowest : highest)[j->type_width], element = 0;
    if (k.kind == KEY_FLOAT)
        key = low || !has_nans ? fm_float_key(j->input->type, low ? -INFINITY : INFINITY) : j->nan;
    fm_active->write_keys((char *)&element, k.size, 1, k, 0, &key);
    return element;
}

/* Whether there are NaNs that are elements like others. */
static int has_nans(const fm_job *j, const room *r)
{
    if (fm_key_types[j->input->type].kind != KEY_FLOAT || j->omits || j->poisons)
        return 0;
    for (int line = 0; line < r->lines + r->height - 1; line++)
        if (j->type_keys->mark_nans(copy_of(j, r, line, 0), r->padded, 0, NULL))
            return 1;
    return 0;
}

/* Infinity is enough where no NaN counts; the plain filter is quicker without NaNs. */
static void replace_holes(const fm_job *j, room *r)
{
    const int64_t low = extreme_of(j, 1, 0), high = extreme_of(j, 0, has_nans(j, r));
    for (int line = 0; line < r->lines + r->height - 1; line++) {
        char *elements = copy_of(j, r, line, 0);
        for (hole *h = r->list + r->first[line]; h < r->list + r->first[line + 1]; h++) {
            h->low = (uint8_t)fm_is_low(&r->mixture, line, h->x);
            copy_element(elements + ((ptrdiff_t)h->x << j->type_width), (const char *)(h->low ? &low : &high), j->type_width);
        }
    }
}

static int filter_copy(const fm_lane *lane, const room *r)
{
    const fm_job *j = lane->job;
    static const ptrdiff_t origin[FM_MAX_NDIM];
    const fm_tract *t = r->box;
    fm_mode mode[FM_MAX_NDIM];
    ptrdiff_t strides[FM_MAX_NDIM];
    for (int d = 0; d < j->ndim; d++) {
        mode[d] = FM_VALID;
        strides[d] = t->stride[d] << j->type_width;
    }
    const fm_array in = {.data = r->copy, .type = j->input->type, .ndim = j->ndim, .shape = t->padded, .strides = strides};
    fm_array out = *j->output;
    out.data = fm_address(j->output, t->start);
    out.shape = t->extent;
    const fm_window window = {.size = j->window->size, .origin = origin, .mode = mode,
                              .footprint = j->window->footprint, .rank = j->ranks.rank};
    return fm_lane_goes_on(lane, fm_rank_filter(&in, &out, &window, 1, &(fm_watch){fm_lane_stops, (void *)lane}));
}

/* Filters a box from which nothing is missing. */
static int filter_as_it_is(const fm_lane *lane, const fm_tract *box)
{
    const fm_job *j = lane->job;
    fm_array output = *j->output;
    fm_window window = *j->window;
    output.data = fm_address(j->output, box->start);
    output.shape = box->extent;
    window.rank = j->ranks.rank;
    return fm_lane_goes_on(lane, fm_rank_filter_box(j->input, &output, &window, box->start, 1,
                                                    &(fm_watch){fm_lane_stops, (void *)lane}));
}

/* ---- Correcting ---- */

/* Counts the holes of a line in their columns, or no longer. */
static void count_line(room *r, int line, int by)
{
    for (const hole *h = r->list + r->first[line]; h < r->list + r->first[line + 1]; h++) {
        r->gone[h->x] = (uint8_t)(r->gone[h->x] + by);
        r->low[h->x] = (uint8_t)(r->low[h->x] + by * h->low);
        r->nan[h->x] = (uint8_t)(r->nan[h->x] + by * h->nan);
        const uint64_t bit = (uint64_t)1 << h->x % 64;
        r->holed[h->x / 64] = r->gone[h->x] ? r->holed[h->x / 64] | bit : r->holed[h->x / 64] & ~bit;
    }
}

/* The next column with a hole from x on, or the number of columns. */
static int next_holed(const room *r, int x)
{
    if (x >= r->padded)
        return r->padded;
    uint64_t bits = r->holed[x / 64] & ~(uint64_t)0 << x % 64;
    for (x = x / 64 * 64; !bits; bits = r->holed[x / 64])
        if ((x += 64) >= r->padded)
            return r->padded;
    return x + __builtin_ctzll(bits);
}

/* Makes keys of the lines that the windows of a row hold. */
static void make_keys(const fm_job *j, room *r, int y)
{
    const fm_key_type k = fm_key_types[j->input->type];
    for (int line = r->keyed > y ? r->keyed : y; line < y + r->height && k.kind != KEY_SAME; line++) {
        char *elements = copy_of(j, r, line, 0);
        fm_active->read_keys(elements, k.size, r->padded, k, 0, r->line);
        memcpy(elements, r->line, (size_t)r->padded << j->type_width);
    }
    r->keyed = y + r->height;
}

/* Adds a hole to the sums of the windows that hold it in a run of elements, which of the first one begins at `start`. */
static void add_to_sums(const room *r, const hole *h, int start, int length, int count)
{
    const int end = h->x - start < count - 1 ? h->x - start : count - 1;
    for (int i = h->x - start - length + 1 > 0 ? h->x - start - length + 1 : 0; i <= end; i++) {
        r->gone_sums[i]++;
        r->low_sums[i] = (uint8_t)(r->low_sums[i] + h->low);
        r->nan_sums[i] = (uint8_t)(r->nan_sums[i] + h->nan);
    }
}

/* Counts holes of windows, the first of which begins in column x. */
static void count_holes(const fm_job *j, const room *r, int y, int x, int count)
{
    const size_t bytes = (size_t)(count + FM_CHUNK - 1) / FM_CHUNK * FM_CHUNK;
    memset(r->gone_sums, 0, bytes);
    memset(r->low_sums, 0, bytes);
    memset(r->nan_sums, 0, bytes);
    if (!j->window->footprint) {
        j->counts->slide_row(r->gone + x, count, r->width, r->sliding, r->gone_sums);
        if (r->mixture.share)
            j->counts->slide_row(r->low + x, count, r->width, r->sliding, r->low_sums);
        if (j->poisons)
            j->counts->slide_row(r->nan + x, count, r->width, r->sliding, r->nan_sums);
        return;
    }
    for (const fm_run *run = j->runs; run < j->runs + j->run_count; run++) {
        const int line = y + (j->outer < 0 ? 0 : (int)run->start[j->outer]);
        for (const hole *h = r->list + r->first[line]; h < r->list + r->first[line + 1]; h++)
            add_to_sums(r, h, x + (int)run->start[j->inner], (int)run->length, count);
    }
}

/* The wanted ranks of few windows; says what there is. */
static int find_few(const fm_job *j, const room *r, int count)
{
    const uint32_t usual = (uint32_t)j->ranks.rank;
    uint32_t moved = 0, none = 0;
    for (int i = 0; i < FM_CHUNK; i++)
        r->to[i] = usual;
    for (int i = 0; i < count; i++) {
        uint32_t to = j->ranks.table[r->gone_sums[i]];
        to = r->nan_sums[i] ? FM_POISONED : to + (to == FM_EMPTY ? 0 : r->low_sums[i]);
        moved |= to ^ usual;
        none |= to >= FM_POISONED;
        r->to[i] = to;
    }
    return r->findings[0] = (uint8_t)((moved ? FM_MOVED : 0) | (none ? FM_NONE : 0));
}

/* The same of any number. */
static int find_wanted(const fm_job *j, const room *r, int count)
{
    if (count <= FEW)
        return find_few(j, r, count);
    return j->counts->wanted(&j->ranks, r->gone_sums, r->mixture.share ? r->low_sums : NULL, j->poisons ? r->nan_sums : NULL,
                             count, r->to, NULL, r->findings);
}

/* Reads or writes what was chosen for outputs from row y, column x on. */
static void move_chosen(const fm_job *j, const room *r, int y, int x, int count, int writes)
{
    const size_t bytes = (size_t)count << j->type_width;
    ptrdiff_t at[FM_MAX_NDIM];
    if (r->outputs) {
        char *outputs = r->outputs + y * along(j->output->strides, j->outer) + ((ptrdiff_t)x << j->type_width);
        memcpy(writes ? outputs : r->chosen, writes ? r->chosen : outputs, bytes);
        return;
    }
    output_at(j, r, y, x, at);
    if (writes)
        fm_write_keys(j->output, at, j->inner, count, r->chosen);
    else
        fm_read_keys(&(fm_source){j->output, j->window->mode, 0}, at, j->inner, count, r->chosen);
}

/* Corrects the outputs of row y from column x up to `end`. */
static void correct(const fm_job *j, room *r, int y, int x, int end)
{
    const int count = end - x;
    count_holes(j, r, y, x, count);
    const int found = find_wanted(j, r, count);
    if (!found)
        return;
    make_keys(j, r, y);
    move_chosen(j, r, y, x, count, 0);
    if (found & FM_MOVED)
        j->type_keys->step(&r->places, copy_of(j, r, y, x), j->ranks.rank, NULL, r->to, r->findings, FM_MOVED, count,
                           r->chosen);
    if (found & FM_NONE)
        j->type_keys->settle(r->to, r->findings, count, j->empty, j->nan, r->chosen);
    move_chosen(j, r, y, x, count, 1);
}

/* Corrects the outputs of row y whose windows hold holes of the columns from x on that no window holds together with
 * holes further on. Returns the next column with one. */
static int correct_from(const fm_job *j, room *r, int y, int x)
{
    int holes = 0, lows = 0, nans = 0, last, next = x;
    do {
        last = next;
        holes += r->gone[last];
        lows += r->low[last];
        nans += r->nan[last];
        next = next_holed(r, last + 1);
    } while (next < r->padded && next - last < r->width);
    if (nans || holes > r->harmless || lows != (r->harmless_low ? holes : 0))
        correct(j, r, y, x < r->width ? 0 : x - r->width + 1, last < r->columns ? last + 1 : r->columns);
    return next;
}

static void correct_row(const fm_job *j, room *r, int y)
{
    const int holes = r->first[y + r->height] - r->first[y];
    if (!holes)
        return;
    while (r->entered < y + r->height)
        count_line(r, r->entered++, 1);
    while (r->left < y)
        count_line(r, r->left++, -1);
    if (holes > r->padded / DENSE)
        correct(j, r, y, 0, r->columns);
    else
        for (int x = next_holed(r, 0); x < r->padded;)
            x = correct_from(j, r, y, x);
}

/* ---- Boxes ---- */

/* Finds out which columns are inside of the array, and where the others and the lines are read. */
static void find_inside(const fm_job *j, room *r)
{
    const ptrdiff_t n = j->input->shape[j->inner], first = r->box->start[j->inner] - j->lead[j->inner];
    r->begin = first < 0 ? (int)-first : 0;
    r->end = n - first < r->padded ? (int)(n - first) : r->padded;
    r->is_quick = fm_is_plain(&r->bits, j->inner);
    for (int x = r->begin ? 0 : r->end; x < r->padded; x = x + 1 == r->begin ? r->end : x + 1) {
        const ptrdiff_t from = fm_border(first + x, n, j->window->mode[j->inner]);
        r->mirrored[x] = from < 0 ? NOWHERE : (int)(from - first);
        r->is_quick &= from - first >= r->begin && from - first < r->end;
    }
    for (int line = 0; line < r->lines + r->height - 1; line++)
        r->rows[line] = j->outer < 0 ? 0 : fm_border(r->box->start[j->outer] - j->lead[j->outer] + line,
                                                     j->input->shape[j->outer], j->window->mode[j->outer]);
}

/* Makes ready for a box. */
static void begin(const fm_job *j, room *r)
{
    const size_t line = (size_t)r->box->line;
    r->bits = fm_as_bits(j->input);
    r->elements = (fm_source){&r->bits, j->window->mode, 0};
    const fm_key_type k = fm_key_types[j->input->type];
    fm_active->write_keys((char *)&r->elements.fill, k.size, 1, k, 0, &j->source.fill);
    find_inside(j, r);
    r->outputs = fm_is_plain(j->output, j->inner) ? fm_address(j->output, r->box->start) : NULL;
    fm_find_places(j, r->box->stride, &r->places);
    fm_mix(j, r->box->line, &r->mixture);
    r->harmless = r->mixture.share ? 1 : (int)j->ranks.still;
    r->harmless_low = r->mixture.fresh + r->mixture.share >= FM_MIXTURE_ALL;
    memset(r->holed, 0, line / 64 * 8 + 8);
    memset(r->gone, 0, line);
    memset(r->low, 0, line);
    memset(r->nan, 0, line);
    memset(r->chosen, 0, (size_t)r->box->out_line << j->type_width);
}

/* Makes outputs of a box from its copy. 0 if it was stopped or failed. */
static int filter_box(const fm_lane *lane, room *r)
{
    const fm_job *j = lane->job;
    replace_holes(j, r);
    if (!filter_copy(lane, r))
        return 0;
    ptrdiff_t looked = 0;
    for (int y = 0; y < r->lines; y++) {
        looked += r->columns * j->ranks.elements;
        if (looked > LOOK_EVERY && fm_lane_stops((void *)lane))
            return 0;
        looked = looked > LOOK_EVERY ? 0 : looked;
        correct_row(j, r, y);
    }
    return 1;
}

int fm_repair_box(const fm_lane *lane, const fm_tract *box, void *scratch)
{
    room r = lay_out(lane->job, box, scratch);
    begin(lane->job, &r);
    if (!find_holes(lane->job, &r))
        return 0;
    return r.count ? filter_box(lane, &r) : filter_as_it_is(lane, box);
}
