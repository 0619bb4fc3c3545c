/* The histograms of histogram.c, for counts of one width: COLUMN for those of a column of the window, TOTAL for
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

static COUNTS(layout) COUNTS(lay_out)(ptrdiff_t columns, void *scratch)
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
    TOTAL bins = 0;
    for (int i = 0; i < BINS; i++)
        bins = (TOTAL)(bins + (t->bin[i] <= rank));
    return bins;
}
#endif

/* A row enters the histograms of the columns. */
static void COUNTS(add_row)(const COUNTS(layout) *l, ptrdiff_t columns)
{
    for (ptrdiff_t x = 0; x < columns; x++) {
        unsigned key = l->new_row[x];
        COUNTS(add_one)(l->coarse + x, key / BINS);
        COUNTS(add_one)(l->fine + key / BINS * columns + x, key % BINS);
    }
}

static void COUNTS(take_row)(const COUNTS(layout) *l, ptrdiff_t columns)
{
    for (ptrdiff_t x = 0; x < columns; x++) {
        unsigned key = l->old_row[x];
        COUNTS(take_one)(l->coarse + x, key / BINS);
        COUNTS(take_one)(l->fine + key / BINS * columns + x, key % BINS);
    }
}

/* Filters a row of outputs. Of the fine histograms of a window only that is brought up to date which is asked. */
static void COUNTS(filter_row)(const COUNTS(layout) *l, ptrdiff_t width, ptrdiff_t size, TOTAL rank)
{
    const ptrdiff_t columns = width + size - 1;
    COUNTS(total) coarse = {0}, fine[BINS];
    ptrdiff_t made[BINS]; /* for which window */
    for (int b = 0; b < BINS; b++)
        made[b] = -size;
    for (ptrdiff_t x = 0; x < size - 1; x++)
        COUNTS(add)(&coarse, l->coarse + x);
    for (ptrdiff_t x = 0; x < width; x++) {
        COUNTS(add)(&coarse, l->coarse + x + size - 1);
        const unsigned high = COUNTS(find)(&coarse, rank);
        const COUNTS(column) *column = l->fine + (ptrdiff_t)high * columns;
        COUNTS(total) here = fine[high];
        if (x - made[high] >= size / 2) {
            here = (COUNTS(total)){0};
            for (ptrdiff_t i = x; i < x + size; i++)
                COUNTS(add)(&here, column + i);
        } else
            for (ptrdiff_t i = made[high]; i < x; i++) {
                COUNTS(add)(&here, column + i + size);
                COUNTS(take)(&here, column + i);
            }
        fine[high] = here;
        made[high] = x;
        TOTAL below = high ? coarse.bin[high - 1] : 0;
        l->out[x] = (uint8_t)(high * BINS + COUNTS(find)(&here, (TOTAL)(rank - below)));
        COUNTS(take)(&coarse, l->coarse + x);
    }
}

static void COUNTS(filter)(fm_filter *f, const fm_block *block, void *scratch, int lane)
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
        COUNTS(add_row)(&l, columns);
        if (y >= rows) {
            fm_read_keys(&f->source, first, f->inner, columns, l.old_row);
            first[f->outer]++;
            COUNTS(take_row)(&l, columns);
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
