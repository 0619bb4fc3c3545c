/* Windows of more elements than there is memory to number, or more than the array has.
 *
 * The windows of neighbouring outputs differ in few elements. So the answers for a block of outputs lie among few: from
 * the wanted rank in what all of these windows hold together up to as many ranks further on as a window lacks of it.
 * The ends of this band are found by counting digits of keys, from the leading one on. Only values between them are
 * kept, sorted, with how often the window has each; of all other elements it is enough to know on which side they lie.
 * The rank is then followed from window to window as in ordinal.c. Keys of at most 16 bits need no band: every value
 * has its count.
 *
 * Nothing is kept of the window itself. A box is seen as boxes of the array, since beyond the border it holds the
 * same elements again, or one that stands for the outside: each has a weight. A footprint is read run by run.
 * Compiled once per instruction set and key width.
 */
#include "engine.h"
#include "vector.h"

#include "ordering.h"

#define BAND(name) FM_NAME(FM_JOIN(name, FM_KEY))

enum {
    CHUNK = 1024,             /* keys that are read together */
    VALUES = FM_KEY <= 16 ? 1 << FM_KEY : 3 << 16, /* of a band */
    CHANGES = 1 << 18,        /* elements that enter or leave, looked up together */
    LOOK_EVERY = 1 << 16,     /* elements, for whether to stop */
    MOST_PIECES = 6,
    SIGNED = FM_KEY >= 32,
};

/* A range of an axis of the array, and how often the window has it. */
typedef struct {
    ptrdiff_t begin, length;
    int64_t weight;
} piece;

typedef struct {
    piece piece[MOST_PIECES];
    int count;
    int64_t inside; /* positions of the window that are in the array, or copies of some that are */
} span;

static void add_piece(span *s, ptrdiff_t begin, ptrdiff_t length, int64_t weight)
{
    if (length > 0 && weight > 0)
        s->piece[s->count++] = (piece){begin, length, weight};
}

/* Positions from `first` on, `size` of them, fewer than a period of the border. */
static void add_rest(span *s, ptrdiff_t first, ptrdiff_t size, ptrdiff_t n, ptrdiff_t period)
{
    const ptrdiff_t back = period == 2 * n ? 2 * n - 1 : period; /* positions p and back - p are the same element */
    for (ptrdiff_t p = (first % period + period) % period, length; size > 0; p = (p + length) % period) {
        const ptrdiff_t left = (p < n ? n : period) - p;
        length = size < left ? size : left;
        add_piece(s, p < n ? p : back - p - length + 1, length, 1);
        size -= length;
    }
}

/* What positions from `first` on, `size` of them, are of an axis of length n. */
static void find_pieces(ptrdiff_t first, ptrdiff_t size, ptrdiff_t n, fm_mode mode, span *s)
{
    s->count = 0;
    s->inside = size;
    const ptrdiff_t end = first + size, from = first < 0 ? 0 : first > n ? n : first, to = end > n ? n : end < 0 ? 0 : end;
    if (mode == FM_REFLECT || mode == FM_WRAP || (mode == FM_MIRROR && n > 1)) {
        const ptrdiff_t period = mode == FM_REFLECT ? 2 * n : mode == FM_MIRROR ? 2 * n - 2 : n;
        const int64_t periods = size / period;
        add_piece(s, 0, mode == FM_MIRROR ? 1 : n, mode == FM_REFLECT ? 2 * periods : periods);
        if (mode == FM_MIRROR) {
            add_piece(s, 1, n - 2, 2 * periods);
            add_piece(s, n - 1, 1, periods);
        }
        add_rest(s, first, size % period, n, period);
        return;
    }
    add_piece(s, from, to - from, 1);
    if (mode == FM_CONSTANT) {
        s->inside = to - from;
        return;
    }
    add_piece(s, 0, 1, (first < 0 ? (end < 0 ? end : 0) - first : 0));
    add_piece(s, n - 1, 1, (end > n ? end - (first > n ? first : n) : 0));
}

/* Scratch memory of a part. */
typedef struct {
    uint64_t (*digits)[DIGITS]; /* for both ends of the band */
    K *row, *keys;              /* CHUNK keys, and those between the ends; in the memory of these: */
    int64_t *kept;              /* the counts of the first window of a row */
    K *value;                   /* the band in its order */
    int64_t *count;             /* of each number: below the band, of each value, above it; in its memory are before: */
    uint32_t *places, *other;
    uint32_t *number;           /* that change */
    int64_t *weight;            /* of each run of the window */
    size_t bytes;
} layout;

static layout lay_out(void *scratch)
{
    layout l;
    char *p = scratch;
    l.digits = fm_take(&p, 2 * sizeof *l.digits);
    l.row = fm_take(&p, CHUNK * sizeof(K));
    l.kept = fm_take(&p, (VALUES + 2) * sizeof(int64_t));
    l.keys = (K *)(void *)l.kept;
    l.value = fm_take(&p, VALUES * sizeof(K));
    l.count = fm_take(&p, (VALUES + 2) * sizeof(int64_t));
    l.places = (uint32_t *)(void *)l.count;
    l.other = l.places + VALUES;
    l.number = fm_take(&p, CHANGES * sizeof *l.number);
    l.weight = fm_take(&p, CHANGES / 2 * sizeof *l.weight);
    l.bytes = (size_t)(p - (char *)scratch);
    return l;
}

/* A block of outputs that is being made. */
typedef struct {
    fm_filter *filter;
    layout room;
    ptrdiff_t first[FM_MAX_NDIM]; /* where the window of the present output begins */
    span across[FM_MAX_NDIM];     /* of a box, along the other axes */
    int64_t per_row, per_column;  /* elements at a position along outer and inner, and at one along inner */
    ptrdiff_t lines;              /* of the array that a box holds at a position along outer */
    ptrdiff_t runs, most_steps;   /* that are looked at for a step; steps that are looked up together */
    uint64_t prefix[2];           /* digits that go on as an end of the band does are counted, */
    int shift;                    /* which are so many bits up */
    ptrdiff_t values, between;    /* of the band; keys that lie between its ends */
    K low, high;
    ptrdiff_t number;             /* the one looked at, and how many elements of the window come before it */
    int64_t before;
    ptrdiff_t seen;               /* elements since it was asked whether to stop */
    int lane;
} band;

/* Lines of the window, along inner: of a box each line of the array that it holds, with its weight. */
typedef struct {
    ptrdiff_t at[FM_MAX_NDIM];     /* in the array, or beside it */
    ptrdiff_t offset[FM_MAX_NDIM]; /* in a piece of a box; in a footprint; at inner, where the run begins */
    int piece[FM_MAX_NDIM];
    int64_t weight;
    ptrdiff_t length; /* of the run, of a footprint */
    int begun;
} walk;

static int has_stopped(band *b)
{
    if (b->seen < LOOK_EVERY)
        return atomic_load_explicit(&b->filter->stopped, memory_order_relaxed);
    b->seen = 0;
    return fm_should_stop(b->filter, b->lane);
}

/* The next line of a box. */
static int next_line(const band *b, walk *w)
{
    const fm_filter *f = b->filter;
    int d = f->output->ndim;
    while (w->begun && --d >= 0) {
        if (d == f->inner)
            continue;
        const span *s = &b->across[d];
        if (++w->offset[d] < s->piece[w->piece[d]].length)
            break;
        w->offset[d] = 0;
        if (++w->piece[d] < s->count)
            break;
        w->piece[d] = 0;
    }
    if (d < 0)
        return 0;
    w->begun = 1;
    w->weight = 1;
    for (d = 0; d < f->output->ndim; d++) {
        if (d == f->inner)
            continue;
        const span *s = &b->across[d];
        if (s->count == 0)
            return 0;
        w->at[d] = s->piece[w->piece[d]].begin + w->offset[d];
        w->weight *= s->piece[w->piece[d]].weight;
    }
    return 1;
}

/* The next run of the window: of a box, which has one in a line, all of its lines that are not outside. */
static int next_run(const band *b, walk *w)
{
    const fm_filter *f = b->filter;
    if (!f->footprint) {
        w->length = f->size[f->inner];
        w->at[f->inner] = b->first[f->inner];
        return next_line(b, w);
    }
    if (!fm_next_run(f->size, f->footprint, f->output->ndim, f->inner, w->offset, &w->length))
        return 0;
    w->weight = 1;
    for (int d = 0; d < f->output->ndim; d++)
        w->at[d] = b->first[d] + w->offset[d];
    return 1;
}

typedef void taker(band *b, const K *keys, ptrdiff_t count, int64_t weight);

/* Hands over keys along inner from `at` on. */
static void take_keys(band *b, ptrdiff_t *at, ptrdiff_t length, int64_t weight, taker *take)
{
    const int inner = b->filter->inner;
    for (ptrdiff_t done = 0, count; done < length && !has_stopped(b); done += count) {
        count = length - done < CHUNK ? length - done : CHUNK;
        fm_read_keys(&b->filter->source, at, inner, count, b->room.row);
        take(b, b->room.row, count, weight);
        at[inner] += count;
        b->seen += count + 16;
    }
}

/* Hands over the keys that the window and the next `more` windows hold; a run at least as often as one of them. */
static void take_all(band *b, ptrdiff_t more, taker *take)
{
    const fm_filter *f = b->filter;
    const ptrdiff_t size = f->size[f->inner] + more, first = b->first[f->inner];
    walk w = {.begun = 0};
    if (f->footprint) {
        while (next_run(b, &w) && !has_stopped(b))
            take_keys(b, w.at, w.length + more, 1, take);
        return;
    }
    span along;
    find_pieces(first, size, f->source.array->shape[f->inner], f->source.modes[f->inner], &along);
    uint64_t inside = 0;
    while (next_line(b, &w) && !has_stopped(b)) {
        inside += (uint64_t)(w.weight * along.inside);
        for (int i = 0; i < along.count; i++) {
            w.at[f->inner] = along.piece[i].begin;
            take_keys(b, w.at, along.piece[i].length, w.weight * along.piece[i].weight, take);
        }
    }
    K fill;
    memcpy(&fill, &f->source.fill, sizeof fill);
    const uint64_t all = (uint64_t)b->per_column * (uint64_t)size;
    if (all > inside)
        take(b, &fill, 1, (int64_t)(all - inside));
}

/* ---- The band ---- */

static const K lowest = SIGNED ? (K)((uint64_t)1 << (FM_KEY - 1)) : 0;

static void count_digits(band *b, const K *keys, ptrdiff_t count, int64_t weight)
{
    const uint64_t below = b->prefix[0], above = b->prefix[1];
    uint64_t (*digits)[DIGITS] = b->room.digits;
    for (ptrdiff_t i = 0; i < count; i++) {
        const uint64_t leading = key_distance(keys[i], lowest) >> b->shift, digit = leading & (DIGITS - 1);
        digits[0][digit] += leading >> DIGIT == below ? (uint64_t)weight : 0;
        digits[1][digit] += leading >> DIGIT == above ? (uint64_t)weight : 0;
    }
}

/* Finds the keys of the wanted rank and that which is so many further on in what windows hold together. */
static void find_ends(band *b, ptrdiff_t more, uint64_t further)
{
    uint64_t rank[2] = {(uint64_t)b->filter->rank, (uint64_t)b->filter->rank + further};
    b->prefix[0] = b->prefix[1] = 0;
    for (b->shift = (FM_KEY - 1) / DIGIT * DIGIT; b->shift >= 0; b->shift -= DIGIT) {
        memset(b->room.digits, 0, 2 * sizeof *b->room.digits);
        take_all(b, more, count_digits);
        for (int i = 0; i < 2; i++) {
            const uint64_t *digit = b->room.digits[i];
            while (digit < b->room.digits[i] + DIGITS - 1 && *digit <= rank[i])
                rank[i] -= *digit++;
            b->prefix[i] = b->prefix[i] << DIGIT | (uint64_t)(digit - b->room.digits[i]);
        }
    }
    b->low = (K)((uint64_t)lowest + b->prefix[0]);
    b->high = (K)((uint64_t)lowest + b->prefix[1]);
}

static void collect(band *b, const K *keys, ptrdiff_t count, int64_t weight)
{
    (void)weight;
    for (ptrdiff_t i = 0; i < count; i++)
        if (keys[i] > b->low && keys[i] < b->high) {
            if (b->between < VALUES - 2)
                b->room.keys[b->between] = keys[i];
            b->between++;
        }
}

/* Sorts the values between the ends, each once, with these. */
static void sort_values(band *b)
{
    layout *l = &b->room;
    K *value = l->value + 1; /* after the low end */
    sort_all(&(fm_ordering){l->keys, l->places, value, l->other}, (size_t)b->between);
    l->value[0] = b->low;
    ptrdiff_t used = 1;
    for (ptrdiff_t i = 0; i < b->between; i++)
        if (value[i] != l->value[used - 1])
            l->value[used++] = value[i];
    if (b->high != l->value[used - 1])
        l->value[used++] = b->high;
    b->values = used;
}

static ptrdiff_t length_of(const span *s)
{
    ptrdiff_t length = 0;
    for (int i = 0; i < s->count; i++)
        length += s->piece[i].length;
    return length;
}

/* Makes the window so high along outer. */
static void set_rows(band *b, ptrdiff_t first, ptrdiff_t rows)
{
    const fm_filter *f = b->filter;
    if (f->outer < 0)
        return;
    span *s = &b->across[f->outer];
    find_pieces(first, rows, f->source.array->shape[f->outer], f->source.modes[f->outer], s);
    b->per_column = b->per_row * rows;
    b->runs = b->lines * length_of(s);
}

/* Finds the band of the windows of a block of outputs; 0 if it has too many values. */
static int find_band(band *b, ptrdiff_t rows, ptrdiff_t columns)
{
    const fm_filter *f = b->filter;
    if (FM_KEY <= 16) {
        b->low = lowest;
        b->high = (K)(VALUES - 1);
        b->values = VALUES;
        return 1;
    }
    const uint64_t window = (uint64_t)b->per_column * (uint64_t)f->size[f->inner];
    if (f->outer >= 0)
        set_rows(b, b->first[f->outer], f->size[f->outer] + rows - 1);
    find_ends(b, columns - 1, (uint64_t)b->per_column * (uint64_t)(f->size[f->inner] + columns - 1) - window);
    b->between = 0;
    take_all(b, columns - 1, collect);
    if (f->outer >= 0)
        set_rows(b, b->first[f->outer], f->size[f->outer]);
    if (b->between > VALUES - 2 || has_stopped(b))
        return 0;
    sort_values(b);
    return 1;
}

/* The number of a key: 0 below the band, then from 1 on those of its values, then one for all above. */
static inline uint32_t number_of(const band *b, K key)
{
    if (FM_KEY <= 16)
        return (uint32_t)key + 1;
    if (key < b->low)
        return 0;
    if (key > b->high)
        return (uint32_t)b->values + 1;
    const K *value = b->room.value;
    for (ptrdiff_t left = b->values; left > 1;) { /* the last that is not above the key */
        const ptrdiff_t half = left / 2;
        value += value[half] <= key ? half : 0;
        left -= half;
    }
    return (uint32_t)(value - b->room.value) + 1;
}

/* ---- Windows ---- */

static K seek(band *b)
{
    const int64_t *count = b->room.count;
    const int64_t rank = b->filter->rank;
    while (b->before > rank)
        b->before -= count[--b->number];
    while (b->before + count[b->number] <= rank)
        b->before += count[b->number++];
    return FM_KEY <= 16 ? (K)(b->number - 1) : b->room.value[b->number - 1];
}

/* Looks up what leaves and enters the window in the next steps; the numbers of a step lie together. */
static void look_up(band *b, ptrdiff_t steps)
{
    const int inner = b->filter->inner;
    walk w = {.begun = 0};
    for (ptrdiff_t r = 0; next_run(b, &w) && !has_stopped(b); r++) {
        b->room.weight[r] = w.weight;
        for (int enters = 0; enters < 2; enters++) {
            uint32_t *number = b->room.number + 2 * r + enters;
            fm_read_keys(&b->filter->source, w.at, inner, steps, b->room.row);
            for (ptrdiff_t i = 0; i < steps; i++)
                number[i * 2 * b->runs] = number_of(b, b->room.row[i]);
            w.at[inner] += w.length;
        }
        b->seen += 4 * steps + 32;
    }
}

static inline void change(band *b, uint32_t number, int64_t by)
{
    b->room.count[number] += by;
    b->before += (ptrdiff_t)number < b->number ? by : 0;
}

static void count_keys(band *b, const K *keys, ptrdiff_t count, int64_t weight)
{
    for (ptrdiff_t i = 0; i < count; i++)
        change(b, number_of(b, keys[i]), weight);
}

static void discount_keys(band *b, const K *keys, ptrdiff_t count, int64_t weight)
{
    count_keys(b, keys, count, -weight);
}

/* Moves the window, in which a row of outputs begins, on to the next row. */
static void move_down(band *b)
{
    const fm_filter *f = b->filter;
    ptrdiff_t *first = &b->first[f->outer];
    set_rows(b, *first, 1);
    take_all(b, 0, discount_keys);
    set_rows(b, *first + f->size[f->outer], 1);
    take_all(b, 0, count_keys);
    ++*first;
    set_rows(b, *first, f->size[f->outer]);
}

static void write_next(band *b, ptrdiff_t *at)
{
    const K key = seek(b);
    fm_write_keys(b->filter->output, at, b->filter->inner, 1, &key);
    at[b->filter->inner]++;
}

/* Makes the output at `at` and the next `more`. */
static void slide(band *b, ptrdiff_t more, ptrdiff_t *at)
{
    write_next(b, at);
    for (ptrdiff_t steps; more > 0; more -= steps) {
        steps = more < b->most_steps ? more : b->most_steps;
        look_up(b, steps);
        if (has_stopped(b))
            return;
        const uint32_t *number = b->room.number;
        for (ptrdiff_t i = 0; i < steps; i++, number += 2 * b->runs) {
            for (ptrdiff_t r = 0; r < b->runs; r++) {
                change(b, number[2 * r], -b->room.weight[r]);
                change(b, number[2 * r + 1], b->room.weight[r]);
            }
            write_next(b, at);
        }
        b->first[b->filter->inner] += steps;
    }
}

/* Makes outputs that have a band together. */
static void slide_rows(band *b, const ptrdiff_t *start, ptrdiff_t rows, ptrdiff_t columns)
{
    const int inner = b->filter->inner, outer = b->filter->outer;
    const size_t bytes = (size_t)(b->values + 2) * sizeof *b->room.count;
    memset(b->room.count, 0, bytes);
    b->number = 1;
    b->before = 0;
    take_all(b, 0, count_keys);
    ptrdiff_t at[FM_MAX_NDIM];
    memcpy(at, start, sizeof at);
    for (ptrdiff_t y = 0; !has_stopped(b); y++) {
        const ptrdiff_t first = b->first[inner], number = b->number;
        const int64_t before = b->before;
        if (y + 1 < rows)
            memcpy(b->room.kept, b->room.count, bytes);
        slide(b, columns - 1, at);
        if (y + 1 == rows || has_stopped(b))
            return;
        memcpy(b->room.count, b->room.kept, bytes);
        b->first[inner] = first;
        b->number = number;
        b->before = before;
        move_down(b);
        at[inner] = start[inner];
        at[outer]++;
    }
}

/* Puts the window where that of the output at `at` is. */
static void set_window(band *b, const ptrdiff_t *at)
{
    const fm_filter *f = b->filter;
    b->per_row = b->lines = 1;
    for (int d = 0; d < f->output->ndim; d++) {
        b->first[d] = at[d] - f->lead[d];
        if (d == f->inner || d == f->outer)
            continue;
        find_pieces(b->first[d], f->size[d], f->source.array->shape[d], f->source.modes[d], &b->across[d]);
        b->lines *= length_of(&b->across[d]);
        b->per_row *= f->size[d];
    }
    b->per_column = f->footprint ? f->run_count : b->per_row;
    b->runs = f->footprint ? f->run_count : b->lines;
    ptrdiff_t most = b->runs; /* that a row of windows may have */
    if (f->outer >= 0) {
        const ptrdiff_t size = f->size[f->outer], n = f->source.array->shape[f->outer];
        set_rows(b, b->first[f->outer], size);
        most = b->lines * (size < 3 * n + 2 ? size : 3 * n + 2);
    }
    b->most_steps = most ? CHANGES / 2 / most : CHUNK;
    b->most_steps = b->most_steps < CHUNK ? b->most_steps : CHUNK;
}

/* How many more elements the windows of a block have together than the first of them, as far as those of the array
 * count once; where a window steps down a row, and where it steps along. */
typedef struct {
    double down, along;
} growth;

static growth grow(const band *b, ptrdiff_t rows, ptrdiff_t columns)
{
    const fm_filter *f = b->filter;
    const ptrdiff_t size = f->size[f->inner], n = f->source.array->shape[f->inner];
    growth g = {0, (double)b->runs * (double)(columns - 1)};
    if (rows > 1)
        g.down = (double)(rows - 1) * (double)b->runs / (double)f->size[f->outer] * (double)((size < n ? size : n) + columns);
    return g;
}

/* Makes a block of outputs, in parts if the band of all would be too large. Lines of a window, which all change in a
 * step along it, may be too many to be looked up; then each output is a part. */
static void make(band *b, const ptrdiff_t *start, ptrdiff_t rows, ptrdiff_t columns)
{
    const int outer = b->filter->outer, inner = b->filter->inner;
    if (has_stopped(b))
        return;
    set_window(b, start);
    const growth g = grow(b, rows, columns);
    const int is_small = (columns == 1 || b->most_steps > 0) && (FM_KEY <= 16 || g.down + g.along < VALUES);
    if ((is_small || (rows == 1 && columns == 1)) && find_band(b, rows, columns)) {
        slide_rows(b, start, rows, columns);
        return;
    }
    const int is_lower = rows > 1 && (g.down > g.along || columns == 1);
    const ptrdiff_t upper = is_lower ? rows / 2 : rows, left = is_lower ? columns : columns / 2;
    ptrdiff_t then[FM_MAX_NDIM];
    memcpy(then, start, sizeof then);
    make(b, start, upper, left);
    if (is_lower) {
        then[outer] += upper;
        make(b, then, rows - upper, columns);
    } else {
        then[inner] += left;
        make(b, then, rows, columns - left);
    }
}

static void part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    band b = {.filter = f, .room = lay_out(scratch), .lane = lane};
    make(&b, block->start, f->outer < 0 ? 1 : block->extent[f->outer], block->extent[f->inner]);
}

static void cut(const fm_filter *f, fm_block *largest)
{
    enum { ROWS = 16 };
    for (int d = 0; d < f->output->ndim; d++)
        largest->extent[d] = 1;
    const ptrdiff_t columns = 4 * f->size[f->inner];
    largest->extent[f->inner] = fm_part_of(f->output->shape[f->inner], columns > CHUNK ? columns : CHUNK);
    if (f->outer >= 0) {
        const ptrdiff_t rows = f->size[f->outer] / 4;
        largest->extent[f->outer] = fm_part_of(f->output->shape[f->outer], rows > ROWS ? rows : ROWS);
    }
}

static size_t scratch_bytes(const fm_filter *f, const fm_block *largest)
{
    return lay_out(NULL).bytes;
}

extern const fm_engine BAND(fm_band);
const fm_engine BAND(fm_band) = {cut, scratch_bytes, part};
