/* Histograms, for counts of one width: COLUMN for those of a column of the window, TOTAL for
 * those of the whole window. Included once for each width; COUNTS names what it defines. */

typedef struct {
    COLUMN bin[BINS];
} COUNTS(column);

#if defined(WIDE)
typedef TOTAL COUNTS(wide) __attribute__((vector_size(WIDE)));
enum { COUNTS(LANES) = WIDE / sizeof(TOTAL), COUNTS(PARTS) = BINS / COUNTS(LANES) };
typedef union {
    COUNTS(wide) part[COUNTS(PARTS)];
    TOTAL bin[BINS];
} COUNTS(total);
#else
typedef struct {
    TOTAL bin[BINS];
} COUNTS(total);
#endif

/* Scratch memory of a part; `columns` are those of the windows of a row of outputs, all together. */
typedef struct {
    COUNTS(column) *coarse; /* of each column, how many elements have no higher upper half */
    COUNTS(column) *fine;   /* for each upper half and each column, of those that have it: the same of the lower */
    uint8_t *old_row, *new_row, *out;
    size_t bytes;
} COUNTS(layout);

static inline COUNTS(layout) COUNTS(lay_out)(ptrdiff_t columns, void *scratch)
{
    COUNTS(layout) l;
    char *p = scratch;
    l.coarse = fm_take(&p, (size_t)columns * sizeof *l.coarse);
    l.fine = fm_take(&p, (size_t)columns * BINS * sizeof *l.fine);
    l.old_row = fm_take(&p, (size_t)columns);
    l.new_row = fm_take(&p, (size_t)columns);
    l.out = fm_take(&p, (size_t)columns);
    l.bytes = (size_t)(p - (char *)scratch);
    return l;
}

/* What an element of each half byte adds to a column. */
static const COUNTS(column) COUNTS(one)[BINS] = {
#define FROM(b) {{0 >= b, 1 >= b, 2 >= b, 3 >= b, 4 >= b, 5 >= b, 6 >= b, 7 >= b, \
                  8 >= b, 9 >= b, 10 >= b, 11 >= b, 12 >= b, 13 >= b, 14 >= b, 15 >= b}}
    FROM(0), FROM(1), FROM(2), FROM(3), FROM(4), FROM(5), FROM(6), FROM(7),
    FROM(8), FROM(9), FROM(10), FROM(11), FROM(12), FROM(13), FROM(14), FROM(15),
#undef FROM
};

static inline void COUNTS(add_one)(COUNTS(column) *c, unsigned half)
{
    for (int i = 0; i < BINS; i++)
        c->bin[i] = (COLUMN)(c->bin[i] + COUNTS(one)[half].bin[i]);
}

static inline void COUNTS(take_one)(COUNTS(column) *c, unsigned half)
{
    for (int i = 0; i < BINS; i++)
        c->bin[i] = (COLUMN)(c->bin[i] - COUNTS(one)[half].bin[i]);
}

#if defined(WIDE)
static inline void COUNTS(add)(COUNTS(total) *t, const COUNTS(column) *c)
{
    for (int i = 0; i < COUNTS(PARTS); i++)
        t->part[i] += COUNTS(WIDEN)(c->bin + i * COUNTS(LANES));
}

static inline void COUNTS(take)(COUNTS(total) *t, const COUNTS(column) *c)
{
    for (int i = 0; i < COUNTS(PARTS); i++)
        t->part[i] -= COUNTS(WIDEN)(c->bin + i * COUNTS(LANES));
}

/* How many counts are not above `rank`: the first bin to hold the element of this rank. */
static inline unsigned COUNTS(find)(const COUNTS(total) *t, TOTAL rank)
{
    unsigned bytes = 0;
    for (int i = 0; i < COUNTS(PARTS); i++)
        bytes += SET_BYTES(t->part[i] <= rank);
    return bytes / sizeof(TOTAL);
}
#else /* the same in plain C, which compilers turn into vectors of other kinds */
static inline void COUNTS(add)(COUNTS(total) *t, const COUNTS(column) *c)
{
    for (int i = 0; i < BINS; i++)
        t->bin[i] = (TOTAL)(t->bin[i] + c->bin[i]);
}

static inline void COUNTS(take)(COUNTS(total) *t, const COUNTS(column) *c)
{
    for (int i = 0; i < BINS; i++)
        t->bin[i] = (TOTAL)(t->bin[i] - c->bin[i]);
}

static inline unsigned COUNTS(find)(const COUNTS(total) *t, TOTAL rank)
{
    unsigned bins = 0;
    for (int i = 0; i < BINS; i++)
        bins += t->bin[i] <= rank;
    return bins;
}
#endif

static inline void COUNTS(add_key)(const COUNTS(layout) *l, ptrdiff_t columns, ptrdiff_t x, unsigned key)
{
    COUNTS(add_one)(l->coarse + x, key / BINS);
    COUNTS(add_one)(l->fine + key / BINS * columns + x, key % BINS);
}

static inline void COUNTS(take_key)(const COUNTS(layout) *l, ptrdiff_t columns, ptrdiff_t x, unsigned key)
{
    COUNTS(take_one)(l->coarse + x, key / BINS);
    COUNTS(take_one)(l->fine + key / BINS * columns + x, key % BINS);
}

/* The histograms of the windows of a row. Of the fine ones only that is brought up to date which is asked. */
typedef struct {
    COUNTS(total) coarse, fine[BINS];
    ptrdiff_t made[BINS]; /* for which window */
} COUNTS(row);

/* Begins a row of windows, all but the last column of the first. */
static inline void COUNTS(begin_row)(const COUNTS(layout) *l, ptrdiff_t size, COUNTS(row) *r)
{
    r->coarse = (COUNTS(total)){0};
    for (int b = 0; b < BINS; b++)
        r->made[b] = -size;
    for (ptrdiff_t x = 0; x < size - 1; x++)
        COUNTS(add)(&r->coarse, l->coarse + x);
}

/* The key of the given rank in window x, of which the coarse histogram is at hand. */
static inline uint8_t COUNTS(seek)(const COUNTS(layout) *l, ptrdiff_t columns, ptrdiff_t size, COUNTS(row) *r, ptrdiff_t x,
                                   TOTAL rank)
{
    const unsigned high = COUNTS(find)(&r->coarse, rank);
    const COUNTS(column) *column = l->fine + (ptrdiff_t)high * columns;
    COUNTS(total) here = r->fine[high];
    if (x - r->made[high] >= size / 2) {
        here = (COUNTS(total)){0};
        for (ptrdiff_t i = x; i < x + size; i++)
            COUNTS(add)(&here, column + i);
    } else
        for (ptrdiff_t i = r->made[high]; i < x; i++) {
            COUNTS(add)(&here, column + i + size);
            COUNTS(take)(&here, column + i);
        }
    r->fine[high] = here;
    r->made[high] = x;
    TOTAL below = high ? r->coarse.bin[high - 1] : 0;
    return (uint8_t)(high * BINS + COUNTS(find)(&here, (TOTAL)(rank - below)));
}

/* Filters a row of outputs. */
static inline void COUNTS(filter_row)(const COUNTS(layout) *l, ptrdiff_t width, ptrdiff_t size, TOTAL rank)
{
    const ptrdiff_t columns = width + size - 1;
    COUNTS(row) r;
    COUNTS(begin_row)(l, size, &r);
    for (ptrdiff_t x = 0; x < width; x++) {
        COUNTS(add)(&r.coarse, l->coarse + x + size - 1);
        l->out[x] = COUNTS(seek)(l, columns, size, &r, x, rank);
        COUNTS(take)(&r.coarse, l->coarse + x);
    }
}

static inline void COUNTS(filter)(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    const ptrdiff_t width = block->extent[f->inner], height = block->extent[f->outer];
    const ptrdiff_t size = f->size[f->inner], rows = f->size[f->outer], columns = width + size - 1;
    COUNTS(layout) l = COUNTS(lay_out)(columns, scratch);
    memset(scratch, 0, (size_t)((char *)l.old_row - (char *)scratch));
    ptrdiff_t at[FM_MAX_NDIM], first[FM_MAX_NDIM], last[FM_MAX_NDIM];
    memcpy(at, block->start, sizeof at);
    for (int d = 0; d < f->output->ndim; d++)
        first[d] = last[d] = at[d] - f->lead[d];
    for (ptrdiff_t y = 0; y < height + rows - 1; y++, last[f->outer]++) {
        fm_read_keys(&f->source, last, f->inner, columns, l.new_row);
        for (ptrdiff_t x = 0; x < columns; x++)
            COUNTS(add_key)(&l, columns, x, l.new_row[x]);
        if (y >= rows) {
            fm_read_keys(&f->source, first, f->inner, columns, l.old_row);
            first[f->outer]++;
            for (ptrdiff_t x = 0; x < columns; x++)
                COUNTS(take_key)(&l, columns, x, l.old_row[x]);
        }
        if (y >= rows - 1) {
            COUNTS(filter_row)(&l, width, size, (TOTAL)f->rank);
            fm_write_keys(f->output, at, f->inner, width, l.out);
            at[f->outer]++;
        }
        if (y % LOOK_EVERY == 0 && fm_should_stop(f, lane))
            return;
    }
}

/* The windows of a row of a tile, which columns have to be moved down to. */
static inline void COUNTS(filter_tile_row)(fm_tile *t, ptrdiff_t size, ptrdiff_t rows, ptrdiff_t top, const fm_wanted *w,
                                           ptrdiff_t count, uint8_t *chosen, uint8_t *lower)
{
    const ptrdiff_t columns = t->columns;
    const COUNTS(layout) l = COUNTS(lay_out)(columns, t->room);
    for (; t->entered < top + rows; t->entered++) {
        const uint8_t *keys = t->keys + t->entered * t->line, *flags = t->flags + t->entered * t->line;
        for (ptrdiff_t x = 0; x < columns; x++)
            if (!(flags[x] & 1 << FM_IS_MISSING))
                COUNTS(add_key)(&l, columns, x, keys[x]);
    }
    for (; t->left < top; t->left++) {
        const uint8_t *keys = t->keys + t->left * t->line, *flags = t->flags + t->left * t->line;
        for (ptrdiff_t x = 0; x < columns; x++)
            if (!(flags[x] & 1 << FM_IS_MISSING))
                COUNTS(take_key)(&l, columns, x, keys[x]);
    }
    COUNTS(row) r;
    COUNTS(begin_row)(&l, size, &r);
    for (ptrdiff_t x = 0; x < count; x++) {
        COUNTS(add)(&r.coarse, l.coarse + x + size - 1);
        const int finding = w->findings[x / FM_CHUNK];
        const ptrdiff_t wanted = finding ? (ptrdiff_t)w->to[x] : w->rank;
        if (wanted < FM_POISONED) {
            chosen[x] = COUNTS(seek)(&l, columns, size, &r, x, (TOTAL)wanted);
            if (lower)
                lower[x] = finding & FM_TWO ? COUNTS(seek)(&l, columns, size, &r, x, (TOTAL)w->to_lower[x]) : chosen[x];
        }
        COUNTS(take)(&r.coarse, l.coarse + x);
    }
}
