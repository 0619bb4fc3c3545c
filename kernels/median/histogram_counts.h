/* Histograms, for counts of one width: COLUMN for those of a column of the window, TOTAL for
 * those of the whole window. Included once for each width; COUNTS names what it defines. */

typedef COLUMN COUNTS(column) __attribute__((vector_size(BINS * sizeof(COLUMN))));

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
    ptrdiff_t columns;
    COUNTS(column) *coarse; /* of each column, how many elements have no higher upper half */
    COUNTS(column) *fine;   /* for each upper half and each column, of those that have it: the same of the lower */
    uint8_t *old_row, *new_row, *out;
    size_t bytes;
} COUNTS(layout);

static inline COUNTS(layout) COUNTS(lay_out)(ptrdiff_t columns, void *scratch)
{
    COUNTS(layout) l = {.columns = columns};
    char *p = scratch;
    l.coarse = fm_take(&p, (size_t)columns * sizeof *l.coarse);
    l.fine = fm_take(&p, (size_t)columns * BINS * sizeof *l.fine);
    l.old_row = fm_take(&p, (size_t)columns);
    l.new_row = fm_take(&p, (size_t)columns);
    l.out = fm_take(&p, (size_t)columns);
    l.bytes = (size_t)(p - (char *)scratch);
    return l;
}

/* ---- Columns ---- */

/* What an element of each half byte adds to a column. */
static const COUNTS(column) COUNTS(one)[BINS] = {
#define FROM(b) {0 >= b, 1 >= b, 2 >= b, 3 >= b, 4 >= b, 5 >= b, 6 >= b, 7 >= b, \
                 8 >= b, 9 >= b, 10 >= b, 11 >= b, 12 >= b, 13 >= b, 14 >= b, 15 >= b}
    FROM(0), FROM(1), FROM(2), FROM(3), FROM(4), FROM(5), FROM(6), FROM(7),
    FROM(8), FROM(9), FROM(10), FROM(11), FROM(12), FROM(13), FROM(14), FROM(15),
#undef FROM
};

/* So many times `count` histograms further as the upper half of a key is, which is not shifted down and up again. */
static inline const void *COUNTS(further)(const COUNTS(column) *c, ptrdiff_t count, unsigned key)
{
    const unsigned upper = key & ~(BINS - 1U);
    return (const char *)c + (ptrdiff_t)upper * (count * (ptrdiff_t)sizeof(COLUMN));
}

static inline const COUNTS(column) *COUNTS(upper)(unsigned key)
{
    return COUNTS(further)(COUNTS(one), 1, key);
}

static inline const COUNTS(column) *COUNTS(lower)(unsigned key)
{
    return COUNTS(one) + key % BINS;
}

static inline COUNTS(column) *COUNTS(fine_of)(const COUNTS(layout) *l, ptrdiff_t x, unsigned key)
{
    return (COUNTS(column) *)COUNTS(further)(l->fine + x, l->columns, key);
}

static inline void COUNTS(add_key)(const COUNTS(layout) *l, ptrdiff_t x, unsigned key)
{
    l->coarse[x] += *COUNTS(upper)(key);
    *COUNTS(fine_of)(l, x, key) += *COUNTS(lower)(key);
}

static inline void COUNTS(take_key)(const COUNTS(layout) *l, ptrdiff_t x, unsigned key)
{
    l->coarse[x] -= *COUNTS(upper)(key);
    *COUNTS(fine_of)(l, x, key) -= *COUNTS(lower)(key);
}

/* A key enters a column as another leaves it. */
static inline void COUNTS(change_key)(const COUNTS(layout) *l, ptrdiff_t x, unsigned entering, unsigned leaving)
{
    l->coarse[x] += *COUNTS(upper)(entering) - *COUNTS(upper)(leaving);
    *COUNTS(fine_of)(l, x, entering) += *COUNTS(lower)(entering);
    *COUNTS(fine_of)(l, x, leaving) -= *COUNTS(lower)(leaving);
}

/* ---- Windows ---- */

#if defined(WIDE)
static inline void COUNTS(add)(COUNTS(total) *t, const COUNTS(column) *c)
{
    for (int i = 0; i < COUNTS(PARTS); i++)
        t->part[i] += COUNTS(WIDEN)((const COLUMN *)c + i * COUNTS(LANES));
}

static inline void COUNTS(take)(COUNTS(total) *t, const COUNTS(column) *c)
{
    for (int i = 0; i < COUNTS(PARTS); i++)
        t->part[i] -= COUNTS(WIDEN)((const COLUMN *)c + i * COUNTS(LANES));
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
        t->bin[i] = (TOTAL)(t->bin[i] + (*c)[i]);
}

static inline void COUNTS(take)(COUNTS(total) *t, const COUNTS(column) *c)
{
    for (int i = 0; i < BINS; i++)
        t->bin[i] = (TOTAL)(t->bin[i] - (*c)[i]);
}

static inline unsigned COUNTS(find)(const COUNTS(total) *t, TOTAL rank)
{
    unsigned bins = 0;
    for (int i = 0; i < BINS; i++)
        bins += t->bin[i] <= rank;
    return bins;
}
#endif

/* A histogram of a window, and of which. */
typedef struct {
    COUNTS(total) total;
    ptrdiff_t window;
} COUNTS(made);

/* The histograms of the windows of a row. Only that is brought up to date which is asked for. */
typedef struct {
    COUNTS(made) coarse, fine[BINS];
} COUNTS(row);

static inline void COUNTS(begin_row)(ptrdiff_t size, COUNTS(row) *r)
{
    r->coarse.window = -size;
    for (int b = 0; b < BINS; b++)
        r->fine[b].window = -size;
}

/* Brings a histogram up to window x, by those of the columns. */
static inline COUNTS(total) COUNTS(make)(const COUNTS(column) *columns, ptrdiff_t size, ptrdiff_t x, COUNTS(made) *m)
{
    COUNTS(total) here = m->total;
    if (x - m->window >= size / 2) {
        here = (COUNTS(total)){0};
        for (ptrdiff_t i = x; i < x + size; i++)
            COUNTS(add)(&here, columns + i);
    } else
        for (ptrdiff_t i = m->window; i < x; i++) {
            COUNTS(add)(&here, columns + i + size);
            COUNTS(take)(&here, columns + i);
        }
    *m = (COUNTS(made)){here, x};
    return here;
}

/* How many elements are in bins before one. */
static inline TOTAL COUNTS(before)(const COUNTS(total) *t, unsigned bin)
{
    TOTAL counts[2 * BINS]; /* no branch: often nothing foretells whether the bin is the first */
    counts[BINS - 1] = 0;
    memcpy(counts + BINS, t, sizeof *t);
    return counts[BINS + bin - 1];
}

/* The key of the given rank in window x, and its rank among equal ones if that is asked for. */
static inline uint8_t COUNTS(seek)(const COUNTS(layout) *l, ptrdiff_t size, COUNTS(row) *r, ptrdiff_t x, TOTAL rank,
                                   TOTAL *among)
{
    const COUNTS(total) coarse = COUNTS(make)(l->coarse, size, x, &r->coarse);
    const unsigned high = COUNTS(find)(&coarse, rank);
    const COUNTS(total) fine = COUNTS(make)(COUNTS(fine_of)(l, 0, high * BINS), size, x, r->fine + high);
    const TOTAL left = (TOTAL)(rank - (high ? r->coarse.total.bin[high - 1] : 0));
    const unsigned low = COUNTS(find)(&fine, left);
    if (among)
        *among = (TOTAL)(left - COUNTS(before)(&fine, low));
    return (uint8_t)(high * BINS + low);
}

/* The outputs after that of window x as far as they have its upper half, for which no coarse histogram is needed.
 * Returns the first window that it does not make. The ranks of all are `rank`, or have a list. */
static inline ptrdiff_t COUNTS(follow)(const COUNTS(layout) *l, ptrdiff_t width, ptrdiff_t size, COUNTS(row) *r, ptrdiff_t x,
                                       TOTAL rank, const TOTAL *ranks, TOTAL *among)
{
    static const COLUMN nothing;
    const unsigned high = l->out[x] / BINS;
    const COUNTS(column) *columns = COUNTS(fine_of)(l, 0, high * BINS);
    const COLUMN *lower = high ? (const COLUMN *)l->coarse + high - 1 : &nothing; /* elements of columns whose upper halves are lower */
    const ptrdiff_t step = high ? BINS : 0;
    COUNTS(total) here = r->fine[high].total;
    int64_t before = high ? r->coarse.total.bin[high - 1] : 0;
    while (++x < width) {
        before += lower[(x - 1 + size) * step] - lower[(x - 1) * step];
        COUNTS(add)(&here, columns + x - 1 + size);
        COUNTS(take)(&here, columns + x - 1);
        const int64_t left = (ranks ? ranks[x] : rank) - before;
        const unsigned low = left < 0 ? BINS : COUNTS(find)(&here, (TOTAL)left);
        if (low == BINS) {
            r->fine[high] = (COUNTS(made)){here, x};
            break;
        }
        l->out[x] = (uint8_t)(high * BINS + low);
        if (among)
            among[x] = (TOTAL)(left - COUNTS(before)(&here, low));
    }
    return x;
}

/* Filters a row of outputs. */
static inline void COUNTS(filter_row)(const COUNTS(layout) *l, ptrdiff_t width, ptrdiff_t size, TOTAL rank)
{
    COUNTS(row) r;
    COUNTS(begin_row)(size, &r);
    for (ptrdiff_t x = 0; x < width;) {
        l->out[x] = COUNTS(seek)(l, size, &r, x, rank, NULL);
        x = COUNTS(follow)(l, width, size, &r, x, rank, NULL, NULL);
    }
}

/* The same, where windows want ranks of their own. The rank of each answer among equal elements goes to `among`. 0 if a
 * window has too few elements. */
static inline int COUNTS(filter_ranks)(const COUNTS(layout) *l, ptrdiff_t width, ptrdiff_t size, const TOTAL *ranks,
                                       TOTAL *among)
{
    COUNTS(row) r;
    COUNTS(begin_row)(size, &r);
    for (ptrdiff_t x = 0; x < width;) {
        const COUNTS(total) coarse = COUNTS(make)(l->coarse, size, x, &r.coarse);
        if (coarse.bin[BINS - 1] <= ranks[x])
            return 0;
        l->out[x] = COUNTS(seek)(l, size, &r, x, ranks[x], among + x);
        x = COUNTS(follow)(l, width, size, &r, x, 0, ranks, among);
    }
    return 1;
}

static inline void COUNTS(filter)(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    const ptrdiff_t width = block->extent[f->inner], height = block->extent[f->outer];
    const ptrdiff_t size = f->size[f->inner], rows = f->size[f->outer], columns = width + size - 1;
    const COUNTS(layout) l = COUNTS(lay_out)(columns, scratch);
    memset(scratch, 0, (size_t)((char *)l.old_row - (char *)scratch));
    ptrdiff_t at[FM_MAX_NDIM], first[FM_MAX_NDIM], last[FM_MAX_NDIM];
    memcpy(at, block->start, sizeof at);
    for (int d = 0; d < f->output->ndim; d++)
        first[d] = last[d] = at[d] - f->lead[d];
    for (ptrdiff_t y = 0; y < height + rows - 1; y++, last[f->outer]++) {
        fm_read_keys(&f->source, last, f->inner, columns, l.new_row);
        if (y < rows)
            for (ptrdiff_t x = 0; x < columns; x++)
                COUNTS(add_key)(&l, x, l.new_row[x]);
        else {
            fm_read_keys(&f->source, first, f->inner, columns, l.old_row);
            first[f->outer]++;
            for (ptrdiff_t x = 0; x < columns; x++)
                COUNTS(change_key)(&l, x, l.new_row[x], l.old_row[x]);
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
    const COUNTS(layout) l = COUNTS(lay_out)(t->columns, t->room);
    for (; t->entered < top + rows; t->entered++) {
        const uint8_t *keys = t->keys + t->entered * t->line, *flags = t->flags + t->entered * t->line;
        for (ptrdiff_t x = 0; x < l.columns; x++)
            if (!(flags[x] & 1 << FM_IS_MISSING))
                COUNTS(add_key)(&l, x, keys[x]);
    }
    for (; t->left < top; t->left++) {
        const uint8_t *keys = t->keys + t->left * t->line, *flags = t->flags + t->left * t->line;
        for (ptrdiff_t x = 0; x < l.columns; x++)
            if (!(flags[x] & 1 << FM_IS_MISSING))
                COUNTS(take_key)(&l, x, keys[x]);
    }
    COUNTS(row) r;
    COUNTS(begin_row)(size, &r);
    for (ptrdiff_t x = 0; x < count; x++) {
        const int finding = w->findings[x / FM_CHUNK];
        const ptrdiff_t wanted = finding ? (ptrdiff_t)w->to[x] : w->rank;
        if (wanted < FM_POISONED) {
            chosen[x] = COUNTS(seek)(&l, size, &r, x, (TOTAL)wanted, NULL);
            if (lower)
                lower[x] = finding & FM_TWO ? COUNTS(seek)(&l, size, &r, x, (TOTAL)w->to_lower[x], NULL) : chosen[x];
        }
    }
}
