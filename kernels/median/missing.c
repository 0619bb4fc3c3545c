/* fm_rank_filter_missing and fm_mad_filter: windows from which elements are missing.
 *
 * The array is cut into blocks. A block is read as keys, with its border; keys of missing elements are replaced
 * by the lowest or the highest one, which sort before or after all others and do no harm where an element is
 * equal to them. Then fm_rank_filter finds the element of the usual rank. Counting the missing elements of each
 * window, and those among them that became the lowest key, tells which rank would have been right; where it is
 * another one, which is seldom and nearly always one of the next, the kernels of stepping.c go there. For large
 * windows each step is long: they are sought among numbered elements instead (counted.c).
 */
#include "missing.h"

#include "engine.h"
#include "mean.h"
#include "pool.h"
#include "window.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_PLACES = 1 << 16, /* with the border: what the second cache holds */
    LONGEST_LINE = 1 << 13,
    LONG_ENOUGH = 64,       /* for an axis to read along, if its elements lie closest */
    LARGEST_TABLE = 1 << 16,
    WIDEST_CELL_SHIFT = 3,
    SMALLEST_NUMBERED = 600, /* elements: a step looks at all of them */
    LONGEST_NUMBERED = 128,  /* side: of a tile with longer ones little is left */
    SMALLEST_MIXED = 26, /* elements */
    LOOK_EVERY = 1 << 18, /* elements of windows: well below a millisecond */
};

/* Keys as integers of their own: as wide as the type's, or as a count of the window's elements needs. */
static const fm_type key_types[FM_KEY_WIDTHS] = {FM_U8, FM_U16, FM_I32, FM_I64};

/* Dimensions of a block, the axes in the order in which it lies in memory. */
typedef struct {
    ptrdiff_t extent[FM_MAX_NDIM], padded[FM_MAX_NDIM]; /* of the array's axes, without and with the border */
    ptrdiff_t stride[FM_MAX_NDIM], out_stride[FM_MAX_NDIM]; /* in elements */
    ptrdiff_t line, out_line;                               /* elements from one line to the next */
    ptrdiff_t lines, out_lines;
} shape;

typedef struct {
    const fm_array *input, *output;
    const fm_array *median; /* where deviations are wanted, and medians besides */
    const fm_window *window;
    const fm_missing *missing;
    const fm_watch *watch;
    int deviates;
    int numbers, outer; /* whether counted.c is to do it, and along which axis besides the inner one */
    fm_source source, mask;
    int ndim, inner;
    ptrdiff_t lead[FM_MAX_NDIM];
    ptrdiff_t from[FM_MAX_NDIM], span[FM_MAX_NDIM]; /* the outputs that are to be made */
    int type_width, width, count_width; /* of keys, of keys that can count, of counts: 0 for 8 bits to 3 for 64 */
    const fm_missing_kernels *type_keys, *keys, *counts;
    fm_ranks ranks;
    fm_run *runs;
    ptrdiff_t run_count;
    int64_t empty, nan; /* keys */
    int omits, poisons; /* what NaNs do */
    shape largest;
    char *scratch;
    size_t scratch_bytes;
    atomic_int stopped, failed;
} job;

/* Scratch memory of a part. Counts are made where something is missing only. */
typedef struct {
    char *type_keys, *type_chosen, *type_lower; /* of the type's width */
    char *keys, *chosen, *lower;                /* of a width that can count, which may be the same */
    char *high, *low, *deviations;
    uint8_t *flags;
    char *missing_counts, *low_counts, *nan_counts; /* of the padded block */
    char *missing_sums, *low_sums, *nan_sums;       /* of a line */
    char *sliding;
    uint32_t *to, *to_lower;
    uint8_t *findings;
    struct fm_cell *cells;
    fm_tile tile;
    fm_places places;
    size_t bytes;
} room;

static ptrdiff_t round_up(ptrdiff_t n, ptrdiff_t multiple)
{
    return (n + multiple - 1) / multiple * multiple;
}

/* ---- Blocks ---- */

/* Along which axis to read: that whose elements lie closest, if it is long enough, or else the longest. */
static int choose_inner(const job *j)
{
    const ptrdiff_t *strides = j->input->strides;
    int inner = j->ndim - 1;
    for (int d = j->ndim - 1; d >= 0; d--) {
        ptrdiff_t here = j->span[d], best = j->span[inner];
        int closer = labs(strides[d]) < labs(strides[inner]);
        if (here >= LONG_ENOUGH ? best < LONG_ENOUGH || closer : here > best)
            inner = d;
    }
    return inner;
}

/* 0 if there are more elements than can be counted. */
static int measure(const job *j, const ptrdiff_t *extent, shape *s)
{
    ptrdiff_t places = 1;
    memcpy(s->extent, extent, (size_t)j->ndim * sizeof *extent);
    for (int d = 0; d < j->ndim; d++)
        s->padded[d] = extent[d] + j->window->size[d] - 1;
    s->line = round_up(s->padded[j->inner] + 1, 8); /* accumulated counts are one more */
    s->out_line = round_up(extent[j->inner], FM_CHUNK);
    s->lines = s->out_lines = 1;
    s->stride[j->inner] = s->out_stride[j->inner] = 1;
    for (int d = j->ndim - 1; d >= 0; d--)
        if (d != j->inner) {
            s->stride[d] = s->lines * s->line;
            s->out_stride[d] = s->out_lines * s->out_line;
            s->lines *= s->padded[d];
            s->out_lines *= extent[d];
            if (__builtin_mul_overflow(places, s->padded[d], &places))
                return 0;
        }
    return !__builtin_mul_overflow(places, 64 * (s->line + 64), &places);
}

/* Whether the window extends along two axes, and is of a size for which numbering pays. */
static int suits_numbers(job *j)
{
    const ptrdiff_t *size = j->window->size, *strides = j->input->strides;
    int long_axes = 0, axis[2] = {0};
    for (int d = 0; d < j->ndim; d++)
        if (size[d] > 1) {
            if (long_axes < 2)
                axis[long_axes] = d;
            long_axes++;
        }
    if (j->deviates || j->window->footprint || long_axes != 2 || j->ranks.elements < SMALLEST_NUMBERED ||
        size[axis[0]] > LONGEST_NUMBERED || size[axis[1]] > LONGEST_NUMBERED)
        return 0;
    int first = labs(strides[axis[0]]) < labs(strides[axis[1]]);
    j->inner = axis[!first];
    j->outer = axis[first];
    return 1;
}

static int choose_tiles(job *j)
{
    ptrdiff_t extent[FM_MAX_NDIM] = {0};
    for (int d = 0; d < j->ndim; d++) {
        ptrdiff_t most = d == j->inner || d == j->outer ? FM_TILE_SIDE - j->window->size[d] + 1 : 1;
        ptrdiff_t tiles = (j->span[d] + most - 1) / most;
        extent[d] = (j->span[d] + tiles - 1) / tiles;
    }
    return measure(j, extent, &j->largest);
}

/* Lines as long as possible, then axes that are filtered, then the others. Blocks of large windows are large,
 * or else most of them would be border. */
static int choose_blocks(job *j)
{
    ptrdiff_t extent[FM_MAX_NDIM], most = j->ranks.elements > PTRDIFF_MAX / 16 ? PTRDIFF_MAX : 16 * j->ranks.elements;
    const ptrdiff_t *whole = j->span;
    if (most < BLOCK_PLACES)
        most = BLOCK_PLACES;
    for (int d = 0; d < j->ndim; d++)
        extent[d] = 1;
    extent[j->inner] = whole[j->inner] < LONGEST_LINE ? whole[j->inner] : LONGEST_LINE;
    for (int filtered = 1; filtered >= 0; filtered--)
        for (int grown = 1; grown;) {
            grown = 0;
            for (int d = j->ndim - 1; d >= 0; d--) {
                ptrdiff_t before = extent[d];
                if ((j->window->size[d] > 1) != filtered || before == whole[d])
                    continue;
                extent[d] = 2 * before < whole[d] ? 2 * before : whole[d];
                if (measure(j, extent, &j->largest) && j->largest.lines * j->largest.line <= most)
                    grown = 1;
                else
                    extent[d] = before;
            }
        }
    for (int d = 0; d < j->ndim; d++) { /* of about equal size */
        ptrdiff_t blocks = (whole[d] + extent[d] - 1) / extent[d];
        extent[d] = (whole[d] + blocks - 1) / blocks;
    }
    return measure(j, extent, &j->largest);
}

static ptrdiff_t count_blocks(const job *j)
{
    ptrdiff_t blocks = 1;
    for (int d = 0; d < j->ndim; d++)
        blocks *= (j->span[d] + j->largest.extent[d] - 1) / j->largest.extent[d];
    return blocks;
}

static void block_at(const job *j, ptrdiff_t index, ptrdiff_t *start, shape *s)
{
    ptrdiff_t extent[FM_MAX_NDIM];
    for (int d = j->ndim - 1; d >= 0; d--) {
        ptrdiff_t most = j->largest.extent[d], blocks = (j->span[d] + most - 1) / most, at = index % blocks * most;
        index /= blocks;
        start[d] = j->from[d] + at;
        extent[d] = j->span[d] - at < most ? j->span[d] - at : most;
    }
    measure(j, extent, s);
}

static void *take(char **p, ptrdiff_t count, size_t size)
{
    return fm_take(p, (size_t)count * size);
}

static room lay_out(const job *j, const shape *s, void *scratch)
{
    size_t key = (size_t)1 << j->type_width, count = (size_t)1 << j->count_width;
    size_t wide = j->width > j->type_width ? (size_t)1 << j->width : 0;
    ptrdiff_t places = s->lines * s->line + FM_CHUNK; /* whole vectors are read from the last ones on */
    char *p = scratch;
    room r;
    r.type_keys = take(&p, places, key);
    r.type_chosen = take(&p, s->out_lines * s->out_line, key);
    r.type_lower = take(&p, s->out_lines * s->out_line, j->missing->mean ? key : 0);
    r.keys = wide ? take(&p, places, wide) : r.type_keys;
    r.chosen = wide ? take(&p, s->out_line, wide) : NULL;
    r.lower = wide ? take(&p, s->out_line, wide) : NULL;
    r.high = take(&p, places, j->deviates ? (size_t)1 << j->width : 0);
    r.low = take(&p, places, j->deviates ? (size_t)1 << j->width : 0);
    r.deviations = take(&p, s->out_line, j->deviates ? (size_t)1 << j->width : 0);
    r.flags = take(&p, places, 1);
    r.missing_counts = take(&p, places, count);
    r.low_counts = take(&p, places, count);
    r.nan_counts = take(&p, places, j->poisons ? count : 0);
    r.missing_sums = take(&p, s->out_line, count);
    r.low_sums = take(&p, s->out_line, count);
    r.nan_sums = take(&p, s->out_line, count);
    r.sliding = take(&p, places + 2 * s->line, count);
    r.to = take(&p, s->out_line, sizeof *r.to);
    r.to_lower = take(&p, s->out_line, sizeof *r.to_lower);
    r.findings = take(&p, s->out_line / FM_CHUNK, 1);
    r.cells = take(&p, s->line, sizeof *r.cells);
    r.tile.room = take(&p, 1, j->numbers ? j->type_keys->tile_bytes() : 0);
    r.places.start = take(&p, j->run_count, sizeof *r.places.start);
    r.places.length = take(&p, j->run_count, sizeof *r.places.length);
    r.bytes = (size_t)(p - (char *)scratch);
    return r;
}

static void find_places(const job *j, const shape *s, fm_places *places)
{
    places->runs = j->run_count;
    places->elements = j->ranks.elements;
    for (ptrdiff_t i = 0; i < j->run_count; i++) {
        places->start[i] = 0;
        for (int d = 0; d < j->ndim; d++)
            places->start[i] += j->runs[i].start[d] * s->stride[d];
        places->length[i] = j->runs[i].length;
    }
}

/* ---- Reading ---- */

/* Flags what lies beyond a border of mode FM_TRUNCATE. */
static void flag_outside(const job *j, const ptrdiff_t *from, ptrdiff_t count, uint8_t *flags)
{
    for (int d = 0; d < j->ndim; d++) {
        ptrdiff_t n = j->input->shape[d];
        if (j->window->mode[d] != FM_TRUNCATE)
            continue;
        if (d != j->inner) {
            if (from[d] < 0 || from[d] >= n)
                memset(flags, 1, (size_t)count);
            continue;
        }
        ptrdiff_t before = from[d] < 0 ? -from[d] : 0, inside = n - from[d] < 0 ? 0 : n - from[d];
        memset(flags, 1, (size_t)(before < count ? before : count));
        if (inside < count)
            memset(flags + inside, 1, (size_t)(count - inside));
    }
}

/* Reads the block's line at `from`. Returns whether something is missing; *nans, whether there is a NaN that
 * makes windows NaN. */
static int read_line(const job *j, const ptrdiff_t *from, ptrdiff_t count, const room *r, ptrdiff_t at, int *nans)
{
    char *keys = r->type_keys + (at << j->type_width);
    uint8_t *flags = r->flags + at;
    fm_read_keys(&j->source, from, j->inner, count, keys);
    if (j->mask.array)
        fm_read_keys(&j->mask, from, j->inner, count, flags);
    else
        memset(flags, 0, (size_t)count);
    flag_outside(j, from, count, flags);
    int missing = j->counts->normalize(flags, count);
    if (j->omits)
        missing |= j->type_keys->mark(keys, j->nan, count, FM_IS_MISSING, flags);
    if (j->poisons && j->type_keys->mark(keys, j->nan, count, FM_IS_NAN, flags)) {
        *nans = 1;
        for (ptrdiff_t i = 0; i < count; i++)
            if (flags[i] & 1 << FM_IS_MISSING)
                flags[i] = 1 << FM_IS_MISSING;
    }
    return missing;
}

/* What of a block's counts there is. */
typedef struct {
    int missing, lows, nans;
} presence;

static fm_mixture mix(const job *j, const shape *s, const room *r)
{
    fm_mixture m = {.reach = 1, .cells = r->cells};
    if (j->ranks.elements < SMALLEST_MIXED)
        m.share = j->missing->percent <= 50 ? 0 : FM_MIXTURE_ALL;
    else
        m.share = (int32_t)(j->missing->percent / 100 * FM_MIXTURE_ALL);
    while (m.cell_shift < WIDEST_CELL_SHIFT && 4 << m.cell_shift <= j->window->size[j->inner])
        m.cell_shift++;
    for (int d = 0; d < j->ndim; d++)
        if (d != j->inner && j->window->size[d] > m.reach)
            m.reach = j->window->size[d];
    while (m.reach == 1 && (ptrdiff_t)1 << m.cell_shift < j->window->size[j->inner])
        m.cell_shift++; /* along a line alone, a cell is as wide as a window */
    for (ptrdiff_t i = 0; i < s->line; i++)
        m.cells[i] = (struct fm_cell){-m.reach - 1, 0};
    return m;
}

static presence read_block(const job *j, const ptrdiff_t *start, const shape *s, const room *r)
{
    presence is = {0};
    fm_mixture mixture = mix(j, s, r);
    ptrdiff_t at[FM_MAX_NDIM] = {0}, from[FM_MAX_NDIM], line = 0;
    do {
        for (int d = 0; d < j->ndim; d++)
            from[d] = start[d] - j->lead[d] + at[d];
        ptrdiff_t place = line * s->line, count = s->padded[j->inner];
        memset(r->flags + place + count, 0, (size_t)(s->line - count));
        if (read_line(j, from, count, r, place, &is.nans)) {
            is.missing = 1;
            if (!j->numbers)
                is.lows |= j->type_keys->replace(r->type_keys + (place << j->type_width), r->flags + place, s->line,
                                             &mixture, line);
        }
        line++;
    } while (fm_advance(at, s->padded, j->ndim, j->inner));
    return is;
}

/* ---- The usual rank ---- */

typedef struct {
    job *job;
    int lane;
} part_watch;

static int should_stop(void *context)
{
    const part_watch *p = context;
    job *j = p->job;
    if (p->lane == 0 && !atomic_load(&j->stopped) && j->watch && j->watch->stop && j->watch->stop(j->watch->context))
        atomic_store(&j->stopped, 1);
    return atomic_load(&j->stopped);
}

/* Filters the block of keys. 0 if it could not. */
static int filter_block(part_watch *watch, const shape *s, const char *keys, ptrdiff_t rank, char *chosen)
{
    job *j = watch->job;
    static const ptrdiff_t origin[FM_MAX_NDIM];
    fm_mode mode[FM_MAX_NDIM];
    ptrdiff_t strides[FM_MAX_NDIM], out_strides[FM_MAX_NDIM];
    for (int d = 0; d < j->ndim; d++) {
        mode[d] = FM_VALID;
        strides[d] = s->stride[d] << j->type_width;
        out_strides[d] = s->out_stride[d] << j->type_width;
    }
    fm_array in = {.data = (void *)keys, .type = key_types[j->type_width], .ndim = j->ndim, .shape = s->padded,
                   .strides = strides};
    fm_array out = {.data = chosen, .type = in.type, .ndim = j->ndim, .shape = s->extent, .strides = out_strides};
    fm_window window = {.size = j->window->size, .origin = origin, .mode = mode,
                        .footprint = j->window->footprint, .rank = rank};
    fm_status status = fm_rank_filter(&in, &out, &window, 1, &(fm_watch){should_stop, watch});
    if (status != FM_OK && status != FM_STOPPED)
        atomic_store(&j->failed, (int)status);
    if (status != FM_OK)
        atomic_store(&j->stopped, 1);
    return status == FM_OK;
}

/* ---- Counting ---- */

/* Counts of flags, summed along all axes but the inner one; or accumulated, where the window is no box. */
static char *count_flags(const job *j, const shape *s, const room *r, int flag, char *counts)
{
    const fm_missing_kernels *k = j->counts;
    ptrdiff_t outer = 1, inner = s->lines * s->line;
    k->widen(r->flags, inner, flag, counts);
    for (ptrdiff_t line = 0; j->window->footprint && line < s->lines; line++)
        k->accumulate(counts + (line * s->line << j->count_width), s->padded[j->inner] + 1);
    for (int d = 0; !j->window->footprint && d < j->ndim; d++)
        if (d != j->inner) {
            inner /= s->padded[d];
            k->slide(counts, outer, s->padded[d], inner, j->window->size[d], r->sliding);
            outer *= s->padded[d];
        }
    return counts;
}

/* The sums over the windows of a line of outputs, the first of which begins at `place`; NULL without counts. */
static const void *sum_line(const job *j, const shape *s, const room *r, const char *counts, ptrdiff_t place,
                            char *sums)
{
    ptrdiff_t count = s->extent[j->inner];
    if (!counts)
        return NULL;
    const char *first = counts + (place << j->count_width);
    if (j->window->footprint)
        j->counts->run_sums(&r->places, first, count, sums);
    else
        j->counts->slide_row(first, count, j->window->size[j->inner], r->sliding, sums);
    memset(sums + (count << j->count_width), 0, (size_t)(s->out_line - count) << j->count_width);
    return sums;
}

/* ---- Parts ---- */

/* Keys of 8 or 16 bits as wider ones, and back. */
static void widen_keys(const job *j, const void *from, ptrdiff_t count, void *to)
{
    const uint8_t *bytes = from;
    const uint16_t *words = from;
    for (ptrdiff_t i = 0; i < count; i++)
        if (j->width == 2)
            ((int32_t *)to)[i] = j->type_width ? words[i] : bytes[i];
        else
            ((uint16_t *)to)[i] = bytes[i];
}

static void narrow_keys(const job *j, const void *from, ptrdiff_t count, void *to)
{
    const uint16_t *words = from;
    const int32_t *doubles = from;
    for (ptrdiff_t i = 0; i < count; i++)
        if (j->type_width)
            ((uint16_t *)to)[i] = (uint16_t)doubles[i];
        else
            ((uint8_t *)to)[i] = (uint8_t)(j->width == 2 ? (uint32_t)doubles[i] : words[i]);
}

/* Which ranks are wanted for a line of outputs whose first window begins at `place`. */
static int find_wanted(const job *j, const shape *s, const room *r, ptrdiff_t place)
{
    ptrdiff_t count = s->extent[j->inner];
    const void *missing = sum_line(j, s, r, r->missing_counts, place, r->missing_sums);
    const void *lows = sum_line(j, s, r, r->low_counts, place, r->low_sums);
    const void *nans = sum_line(j, s, r, r->nan_counts, place, r->nan_sums);
    return j->counts->wanted(&j->ranks, missing, lows, nans, count, r->to, j->missing->mean ? r->to_lower : NULL,
                             r->findings);
}

/* Steps from what the usual rank gave to what is wanted, and from there to the lower one of two middles. */
static void step_keys(const job *j, const shape *s, const room *r, ptrdiff_t place, int found, char *chosen,
                      char *lower)
{
    ptrdiff_t count = s->extent[j->inner];
    const char *first = r->keys + (place << j->width);
    if (found & FM_MOVED)
        j->keys->step(&r->places, first, j->ranks.rank, NULL, r->to, r->findings, FM_MOVED, count, chosen);
    if (found & FM_TWO) {
        memcpy(lower, chosen, (size_t)s->out_line << j->width);
        j->keys->step(&r->places, first, j->ranks.rank, r->to, r->to_lower, r->findings, FM_TWO, count, lower);
    }
}

/* The same for keys of the type's width. */
static void step_line(const job *j, const shape *s, const room *r, ptrdiff_t place, int found, char *chosen,
                      char *lower)
{
    ptrdiff_t count = s->extent[j->inner];
    if (j->width == j->type_width) {
        step_keys(j, s, r, place, found, chosen, lower);
        return;
    }
    widen_keys(j, chosen, count, r->chosen);
    step_keys(j, s, r, place, found, r->chosen, r->lower);
    narrow_keys(j, r->chosen, count, chosen);
    if (found & FM_TWO)
        narrow_keys(j, r->lower, count, lower);
}

/* Makes the line of outputs right, of which one window begins at `place` and which is the row-th of the block.
 * Returns whether there are two middles somewhere, of which the other is then in `lower`. */
static int correct_line(const job *j, const shape *s, room *r, ptrdiff_t place, ptrdiff_t row, char *chosen,
                        char *lower)
{
    ptrdiff_t count = s->extent[j->inner];
    int found = find_wanted(j, s, r, place);
    if (j->numbers)
        j->type_keys->filter_row(&r->tile, (int)j->window->size[j->inner], (int)j->window->size[j->outer], (int)row,
                                 j->ranks.rank, r->to, r->to_lower, r->findings, count, chosen, lower);
    else if (found & (FM_MOVED | FM_TWO))
        step_line(j, s, r, place, found, chosen, lower);
    if (found & FM_NONE)
        j->type_keys->settle(r->to, r->findings, count, j->empty, j->nan, chosen);
    if (found & FM_NONE && found & FM_TWO)
        j->type_keys->settle(r->to, r->findings, count, j->empty, j->nan, lower);
    return found & FM_TWO;
}

/* Makes ready for correct_line. What there is none of is not counted. */
static void prepare_counts(const job *j, const shape *s, presence is, room *r)
{
    r->missing_counts = is.missing ? count_flags(j, s, r, FM_IS_MISSING, r->missing_counts) : NULL;
    r->low_counts = is.lows ? count_flags(j, s, r, FM_IS_LOW, r->low_counts) : NULL;
    r->nan_counts = is.nans ? count_flags(j, s, r, FM_IS_NAN, r->nan_counts) : NULL;
}

/* The deviations from a line of medians, which they take the place of. */
static void deviate_line(const job *j, const shape *s, const room *r, presence is, ptrdiff_t place, char *medians)
{
    ptrdiff_t count = s->extent[j->inner];
    int complete = !is.missing && !is.nans, wide = j->width != j->type_width;
    const uint8_t *findings = complete ? NULL : r->findings;
    if (wide)
        widen_keys(j, medians, count, r->chosen);
    char *to = wide ? r->deviations : medians;
    j->keys->deviate(&r->places, r->keys + (place << j->width), is.missing ? r->high + (place << j->width) : NULL,
                     r->low + (place << j->width), fm_key_types[j->input->type].kind == KEY_FLOAT, j->ranks.rank,
                     r->to, findings, count, wide ? r->chosen : medians, to);
    if (!complete)
        j->keys->settle(r->to, findings, count, j->empty, j->nan, to);
    if (wide)
        narrow_keys(j, to, count, medians);
}

static void run_part(void *context, ptrdiff_t index, int lane)
{
    job *j = context;
    part_watch watch = {j, lane};
    ptrdiff_t start[FM_MAX_NDIM], at[FM_MAX_NDIM] = {0}, to[FM_MAX_NDIM];
    shape s;
    if (atomic_load_explicit(&j->stopped, memory_order_relaxed))
        return;
    block_at(j, index, start, &s);
    room r = lay_out(j, &s, j->scratch + (size_t)lane * j->scratch_bytes);
    presence is = read_block(j, start, &s, &r);
    int complete = !is.missing && !is.nans, two = j->missing->mean && j->ranks.elements % 2 == 0;
    int numbers = j->numbers && !complete;
    if ((!numbers && !filter_block(&watch, &s, r.type_keys, j->ranks.rank, r.type_chosen)) ||
        (complete && two && !filter_block(&watch, &s, r.type_keys, j->ranks.rank - 1, r.type_lower)))
        return;
    if (numbers)
        j->type_keys->number_tile(r.type_keys, r.flags, s.line, (int)s.padded[j->inner], (int)s.padded[j->outer],
                                  &r.tile);
    else if (!complete || j->deviates) {
        find_places(j, &s, &r.places);
        if (j->width != j->type_width)
            widen_keys(j, r.type_keys, s.lines * s.line, r.keys);
    }
    prepare_counts(j, &s, is, &r);
    if (j->deviates && is.missing)
        j->keys->shut_out(r.flags, s.lines * s.line, r.high, r.low);
    ptrdiff_t line = 0, looked = 0, count = s.extent[j->inner];
    do {
        looked += count * j->ranks.elements;
        if (looked > LOOK_EVERY && should_stop(&watch))
            return;
        looked = looked > LOOK_EVERY ? 0 : looked;
        ptrdiff_t place = 0, out = line++ * s.out_line << j->type_width;
        for (int d = 0; d < j->ndim; d++) {
            place += at[d] * s.stride[d];
            to[d] = start[d] + at[d];
        }
        char *chosen = r.type_chosen + out, *lower = j->missing->mean ? r.type_lower + out : NULL;
        if (complete ? two : correct_line(j, &s, &r, place, line - 1, chosen, lower))
            fm_mean_keys(j->input->type, chosen, lower, count);
        if (j->median)
            fm_write_keys(j->median, to, j->inner, count, chosen);
        if (j->deviates)
            deviate_line(j, &s, &r, is, place, chosen);
        fm_write_keys(j->output, to, j->inner, count, chosen);
    } while (fm_advance(at, s.extent, j->ndim, j->inner));
}

/* ---- The call ---- */

/* The narrowest keys that can count the elements. */
static int width_of_count(ptrdiff_t elements)
{
    return elements <= UINT8_MAX ? 0 : elements <= UINT16_MAX ? 1 : elements <= INT32_MAX ? 2 : 3;
}

static int width_of_type(fm_type type)
{
    int width = 0;
    while (1 << width < fm_key_types[type].size)
        width++;
    return width;
}

static fm_status check(const fm_array *input, const fm_array *output, fm_type type, const fm_window *w,
                       const fm_missing *m)
{
    if (input->ndim < 1 || input->ndim > FM_MAX_NDIM || output->ndim != input->ndim || output->type != type ||
        (unsigned)input->type >= FM_TYPE_COUNT || !m->empty ||
        (unsigned)m->nan_policy > FM_NAN_PROPAGATE || !(m->percent >= 0 && m->percent <= 100) ||
        (m->mask && (m->mask->ndim != input->ndim || m->mask->type != FM_BOOL)))
        return FM_INVALID;
    for (int d = 0; d < input->ndim; d++) {
        ptrdiff_t first;
        if (input->shape[d] < 0 || w->size[d] < 1 || (unsigned)w->mode[d] >= FM_MODE_COUNT ||
            output->shape[d] != fm_windows(input->shape[d], w->size[d], w->mode[d]) ||
            (m->mask && m->mask->shape[d] != input->shape[d]) || (w->mode[d] == FM_CONSTANT && !w->fill))
            return FM_INVALID;
        if (w->mode[d] != FM_VALID && (__builtin_add_overflow(w->size[d] / 2, w->origin[d], &first) || first < 0 ||
                                       first >= w->size[d]))
            return FM_INVALID;
        if (w->size[d] > PTRDIFF_MAX / 8 || input->shape[d] > PTRDIFF_MAX / 8)
            return FM_NO_MEMORY;
    }
    return FM_OK;
}

static ptrdiff_t rank_without(const fm_ranks *ranks, ptrdiff_t missing)
{
    return fm_rank_among(ranks->percent, ranks->offset, ranks->elements - missing);
}

static int32_t find_halves(const fm_ranks *ranks)
{
    int32_t halves = (int32_t)(ranks->percent / 50);
    int small = ranks->elements < INT32_MAX / 4 && ranks->offset < INT32_MAX / 4 && ranks->offset > INT32_MIN / 4;
    return small && halves * 50 == ranks->percent ? halves : -1;
}

/* The wanted rank by the number of missing elements. NULL where that would be long, or without memory. */
static uint32_t *make_table(const fm_ranks *ranks)
{
    ptrdiff_t n = ranks->elements;
    uint32_t *table = ranks->halves < 0 && n < LARGEST_TABLE ? malloc((size_t)(n + 1) * sizeof *table) : NULL;
    for (ptrdiff_t missing = 0; table && missing <= n; missing++)
        table[missing] = missing == n ? FM_EMPTY : (uint32_t)rank_without(ranks, missing);
    return table;
}

static fm_status run_blocks(job *j, int workers)
{
    if (!(j->numbers ? choose_tiles(j) : choose_blocks(j)))
        return FM_NO_MEMORY;
    ptrdiff_t parts = count_blocks(j);
    workers = fm_workers(workers, parts);
    j->scratch_bytes = lay_out(j, &j->largest, NULL).bytes;
    void *memory = j->scratch_bytes > (SIZE_MAX - 64) / (size_t)workers
                       ? NULL
                       : malloc((size_t)workers * j->scratch_bytes + 64);
    if (!memory)
        return FM_NO_MEMORY;
    j->scratch = (char *)memory + (64 - (uintptr_t)memory % 64);
    part_watch watch = {j, 0};
    fm_status status = fm_parallel(parts, workers, run_part, j, &(fm_watch){should_stop, &watch});
    free(memory);
    int failed = atomic_load(&j->failed);
    return failed ? (fm_status)failed : status;
}

/* Makes the outputs from `from` on, as many as `span`. */
static fm_status run(job *j, int workers)
{
    for (int d = 0; d < j->ndim; d++)
        if (j->span[d] <= 0)
            return FM_OK;
    j->inner = choose_inner(j);
    j->numbers = suits_numbers(j);
    j->width = j->type_width > j->count_width || j->numbers ? j->type_width : j->count_width;
    j->keys = fm_active->missing[j->width];
    j->runs = fm_find_runs(j->window, j->ndim, j->inner, &j->run_count);
    fm_status status = j->runs ? run_blocks(j, workers) : FM_NO_MEMORY;
    free(j->runs);
    return status;
}

/* ---- Borders that end windows ---- */

/* Outputs along an axis, and those among them from which windows reach beyond a truncating border. */
static void find_edges(const job *j, int axis, ptrdiff_t *low, ptrdiff_t *high)
{
    ptrdiff_t n = j->output->shape[axis], after = j->window->size[axis] - 1 - j->lead[axis];
    int truncates = j->window->mode[axis] == FM_TRUNCATE;
    *low = !truncates ? 0 : j->lead[axis] < n ? j->lead[axis] : n;
    *high = !truncates ? n : n - after > *low ? n - after : *low;
}

/* Whether something can be missing at the border only, and not from most windows. */
static int is_about_edges(const job *j)
{
    double inside = 1;
    for (int d = 0; d < j->ndim; d++) {
        ptrdiff_t low, high;
        find_edges(j, d, &low, &high);
        inside *= (double)(high - low) / (double)j->output->shape[d];
    }
    return !j->mask.array && !j->omits && !j->poisons && !j->deviates && !j->missing->mean && inside > 0.5;
}

/* The plain filter, and then the edges again. */
static fm_status run_edges(job *j, int workers)
{
    fm_mode mode[FM_MAX_NDIM];
    for (int d = 0; d < j->ndim; d++) {
        mode[d] = j->window->mode[d] == FM_TRUNCATE ? FM_NEAREST : j->window->mode[d];
        j->from[d] = 0;
        j->span[d] = j->output->shape[d];
    }
    fm_window window = *j->window;
    window.mode = mode;
    window.rank = j->ranks.rank;
    fm_status status = fm_rank_filter(j->input, j->output, &window, workers, j->watch);
    for (int d = 0; d < j->ndim && status == FM_OK; d++) {
        ptrdiff_t low, high, n = j->output->shape[d];
        find_edges(j, d, &low, &high);
        j->span[d] = low;
        status = run(j, workers);
        j->from[d] = high;
        j->span[d] = n - high;
        if (status == FM_OK)
            status = run(j, workers);
        j->from[d] = low; /* what is left to do lies in between */
        j->span[d] = high - low;
    }
    return status;
}

static int64_t nan_key(fm_type type)
{
    static const uint16_t half = 0x7e00;
    static const float single = (float)NAN;
    static const double number = NAN;
    return fm_key_of(type == FM_F16 ? (const void *)&half : type == FM_F32 ? (const void *)&single : &number, type);
}

/* Both filters: whether deviations are wanted is in the job. */
static fm_status filter(job *j, int workers)
{
    const fm_array *input = j->input, *output = j->output;
    const fm_window *window = j->window;
    const fm_missing *missing = j->missing;
    ptrdiff_t elements = fm_count_elements(window, input->ndim);
    if (elements < 1)
        return elements < 0 ? FM_NO_MEMORY : FM_INVALID;
    for (int d = 0; d < input->ndim; d++)
        if (output->shape[d] == 0)
            return FM_OK;
    int is_float = fm_key_types[input->type].kind == KEY_FLOAT;
    j->source = (fm_source){input, window->mode, window->fill ? fm_key_of(window->fill, input->type) : 0};
    j->mask = (fm_source){missing->mask, window->mode, 0};
    j->ndim = input->ndim;
    j->type_width = width_of_type(input->type);
    j->count_width = width_of_count(elements);
    j->type_keys = fm_active->missing[j->type_width];
    j->counts = fm_active->missing[j->count_width];
    j->empty = fm_key_of(missing->empty, output->type);
    j->nan = is_float ? nan_key(input->type) : 0;
    j->omits = is_float && missing->nan_policy == FM_NAN_OMIT;
    j->poisons = is_float && missing->nan_policy == FM_NAN_PROPAGATE;
    for (int d = 0; d < input->ndim; d++)
        j->lead[d] = window->mode[d] == FM_VALID ? 0 : window->size[d] / 2 + window->origin[d];

    fm_ranks *ranks = &j->ranks;
    *ranks = (fm_ranks){.elements = elements, .percent = missing->percent, .offset = missing->offset};
    ranks->rank = rank_without(ranks, 0);
    ranks->halves = find_halves(ranks);
    /* as many as may be missing without a difference, or so many that windows seldom have more */
    while (ranks->still < elements - 1 && ranks->still < LARGEST_TABLE &&
           rank_without(ranks, ranks->still + 1) == ranks->rank)
        ranks->still++;
    uint32_t *table = make_table(ranks);
    ranks->table = table;
    memcpy(j->span, output->shape, (size_t)j->ndim * sizeof *j->span);
    fm_status status = is_about_edges(j) ? run_edges(j, workers) : run(j, workers);
    free(table);
    return status;
}

fm_status fm_rank_filter_missing(const fm_array *input, const fm_array *output, const fm_window *window,
                                 const fm_missing *missing, int workers, const fm_watch *watch)
{
    job j = {.input = input, .output = output, .window = window, .missing = missing, .watch = watch};
    fm_status status = check(input, output, input->type, window, missing);
    return status == FM_OK ? filter(&j, workers) : status;
}

static fm_type deviation_type(fm_type type)
{
    switch (type) {
    case FM_I8: return FM_U8;
    case FM_I16: return FM_U16;
    case FM_I32: return FM_U32;
    case FM_I64: return FM_U64;
    case FM_F16: return FM_TYPE_COUNT; /* none */
    default: return type;
    }
}

fm_status fm_mad_filter(const fm_array *input, const fm_array *output, const fm_array *median,
                        const fm_window *window, const fm_missing *missing, int workers, const fm_watch *watch)
{
    fm_missing middle = *missing;
    middle.percent = 50;
    middle.offset = middle.mean = 0;
    job j = {.input = input, .output = output, .median = median, .window = window, .missing = &middle,
             .watch = watch, .deviates = 1};
    fm_status status = check(input, output, deviation_type(input->type), window, &middle);
    if (status == FM_OK && median)
        status = check(input, median, input->type, window, &middle);
    return status == FM_OK ? filter(&j, workers) : status;
}
