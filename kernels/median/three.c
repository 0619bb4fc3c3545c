/* The median of 3x3, which is asked for most often: no network could be as quick.
 *
 * Lanes are neighbouring x. The three elements of each row are sorted: the median of nine is the middle one of
 * the largest of the smallest, the middle of the middle and the smallest of the largest (Smith, Implementing
 * median filters in XC4000E FPGAs, 1996). Bands of some rows are made vector by vector from top to bottom, so that each
 * row of a band is sorted once and two and two share what their windows have in common: 17 to 18 comparisons an output,
 * all in registers. Elements are read and written in place and compared as they are; whether they sort like their keys
 * is seen meanwhile, and if they do not, the rest of a block is made of keys in scratch memory. Only the columns at the
 * sides of the array are copied. Doubles are compared as such, see doubles.c.
 * Compiled once per instruction set and key width.
 */
#include "bits.h"
#include "engine.h"
#include "rows.h"
#include "stream.h"
#include "vector.h"

#define THREE(name) FM_NAME(FM_JOIN(name, FM_KEYS))

enum {
    BAND = 6,                            /* rows of outputs made at a time: eight lines of input, as many as there are
                                            in the first cache at distances of a page */
    ROWS = 60,                           /* of a block, and its */
    LONGEST = 16384 / (int)sizeof(K),    /* columns */
    WIDTH = 2048 / (int)sizeof(K),       /* of what is read into scratch memory */
    NARROW = 3 * LANES,                  /* columns: fewer are copied there, */
    PITCH = 5 * LANES,                   /* to rows of so many elements, */
    SECOND = 2 * LANES,                  /* or those at both sides, to both ends of these */
    OUTSIDE = 2,                         /* elements of a row that windows reach outside, at most */
};

static inline ptrdiff_t least(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

static inline ptrdiff_t most(ptrdiff_t a, ptrdiff_t b)
{
    return a > b ? a : b;
}

/* The parts of scratch memory. */
typedef struct {
    K *rows;    /* BAND + 2 of them, or copies of all that a block's windows reach */
    K *outputs; /* BAND of them */
    K *spare;   /* a row */
    K *fill;    /* a row outside of the array */
    ptrdiff_t room; /* elements of a row */
    size_t bytes;
} layout;

static layout lay_out(ptrdiff_t rows, ptrdiff_t columns, void *scratch)
{
    layout l = {.room = (columns < WIDTH ? columns + LANES - 1 : WIDTH) / LANES * LANES + 2 * LANES};
    K *p = scratch;
    l.rows = p;
    p += most((BAND + 2) * l.room, (rows + 2) * PITCH);
    l.outputs = p;
    p += BAND * l.room;
    l.spare = p;
    p += l.room;
    l.fill = p;
    p += columns + 2 * LANES;
    l.bytes = (size_t)((char *)p - (char *)scratch);
    return l;
}

static size_t three_scratch(const fm_filter *f, const fm_block *largest)
{
    return lay_out(largest->extent[f->outer], largest->extent[f->inner], NULL).bytes;
}

static void three_cut(const fm_filter *f, fm_block *largest)
{
    fm_cut_plane(f, ROWS, LONGEST, largest);
}

typedef struct {
    V low, middle, high;
} triple;

static inline V median_of(V a, V b, V c)
{
    const V low = MIN(a, b);
    return MAX(low, MIN(MAX_BESIDE(low, a, b), c));
}

static inline triple sorted(const K *p)
{
    V a = LOAD(p), b = LOAD(p + 1), c = LOAD(p + 2);
    V low = MIN(a, b), high = MAX_BESIDE(low, a, b), middle = MIN(high, c), lowest = MIN(low, middle);
    return (triple){lowest, MAX_BESIDE(lowest, low, middle), MAX_BESIDE(middle, high, c)};
}

/* What windows that have two rows in common make of these. */
typedef struct {
    V largest_low, lower_middle, upper_middle, smallest_high;
} shared;

static inline shared shared_of(triple a, triple b)
{
    const V lower = MIN(a.middle, b.middle);
    return (shared){MAX(a.low, b.low), lower, MAX_BESIDE(lower, a.middle, b.middle), MIN(a.high, b.high)};
}

static inline V median_with(shared s, triple other)
{
    return median_of(MAX(s.largest_low, other.low), MAX(s.lower_middle, MIN(s.upper_middle, other.middle)),
                     MIN(s.smallest_high, other.high));
}

/* What was seen of elements that may not sort like their keys: of bits that one had, and of the largest. */
typedef struct {
    V bits, largest;
} sight;

#if defined(FM_DOUBLES)

/* What doubles may not be: all bits are set of a NaN, a denormal or a negative zero. */
static inline V strange(V x)
{
    const __m256d size = _mm256_and_pd((__m256d)x, (__m256d)_mm256_set1_epi64x(INT64_MAX));
    const V odd = (V)_mm256_cmp_pd(size, _mm256_set1_pd(0x1p-1022), _CMP_NGE_UQ);
    return _mm256_andnot_si256(_mm256_cmpeq_epi64(x, _mm256_setzero_si256()), odd);
}

static inline triple sorted_in_sight(const K *p, sight *seen)
{
    if (seen)
        seen->bits = (V)(seen->bits | strange(LOAD(p)));
    return sorted(p);
}

/* The elements behind the first ones of windows. */
static inline void look_at_end(const K *const *rows, ptrdiff_t width, int count, sight *seen)
{
    for (int i = 0; i < count + 2; i++)
        seen->bits = (V)(seen->bits | strange(LOAD(rows[i] + (width < LANES ? 0 : width - LANES) + 2)));
}

static int sort_alike(const sight *seen, fm_type type)
{
    return _mm256_testz_si256(seen->bits, seen->bits);
}

#else

static inline triple sorted_in_sight(const K *p, sight *seen)
{
    triple t = sorted(p);
    if (seen) {
        seen->bits = (V)(seen->bits | t.low);
        seen->largest = MAX(seen->largest, t.high);
    }
    return t;
}

static inline void look_at_end(const K *const *rows, ptrdiff_t width, int count, sight *seen)
{
}

/* Whether elements of the type can be compared as if they were keys: if none is negative or NaN. */
static int sort_alike(const sight *seen, fm_type type)
{
    K bits[LANES], largest[LANES];
    STORE(bits, seen->bits);
    STORE(largest, seen->largest);
    int alike = sort_like_keys(largest, LANES, type);
    for (int i = 0; i < LANES; i++)
        alike &= !(bits[i] >> (FM_KEY - 1));
    return alike;
}

#endif

/* Makes LANES columns of `count` outputs; rows[i] + x is where the windows of row i begin. */
static inline __attribute__((always_inline)) void make_column(const K *const *rows, ptrdiff_t x, int count, char *out,
                                                              ptrdiff_t stride, sight *seen)
{
    triple a = sorted_in_sight(rows[0] + x, seen), b = sorted_in_sight(rows[1] + x, seen);
#pragma GCC unroll 4
    for (int y = 0; y + 1 < count; y += 2) {
        triple c = sorted_in_sight(rows[y + 2] + x, seen), d = sorted_in_sight(rows[y + 3] + x, seen);
        shared s = shared_of(b, c);
        STORE((K *)(void *)(out + y * stride), median_with(s, a));
        STORE((K *)(void *)(out + (y + 1) * stride), median_with(s, d));
        a = c;
        b = d;
    }
    if (count % 2) {
        triple c = sorted_in_sight(rows[count + 1] + x, seen);
        STORE((K *)(void *)(out + (count - 1) * stride), median_with(shared_of(b, c), a));
    }
}

static inline __attribute__((always_inline)) void make_columns(const K *const *rows, ptrdiff_t width, int count,
                                                               char *out, ptrdiff_t stride, sight *seen)
{
    for (ptrdiff_t x = 0; x < width; x += LANES) {
        ptrdiff_t at = x + LANES <= width || width < LANES ? x : width - LANES;
        make_column(rows, at, count, out + at * (ptrdiff_t)sizeof(K), stride, seen);
    }
}

/* Makes `count` rows, at most BAND; where there are LANES columns, no others are written. What is seen of the elements
 * is added to `seen`, unless that is NULL. */
static void make_band(const K *const *rows, ptrdiff_t width, int count, char *out, ptrdiff_t stride, sight *seen)
{
    if (!seen && count == BAND)
        make_columns(rows, width, BAND, out, stride, NULL);
    else if (!seen)
        make_columns(rows, width, count, out, stride, NULL);
    else {
        sight s = *seen;
        if (count == BAND)
            make_columns(rows, width, BAND, out, stride, &s);
        else
            make_columns(rows, width, count, out, stride, &s);
        look_at_end(rows, width, count, &s);
        *seen = s;
    }
}

/* ---- By way of scratch memory ---- */

/* Filters columns for which there is room there, band by band: what two bands have in common is read once. */
static void filter_panel(const fm_filter *f, const layout *l, const ptrdiff_t *start, ptrdiff_t rows,
                         ptrdiff_t columns)
{
    const int streamed = is_streamed(f->output, f->inner);
    K *row[BAND + 2];
    ptrdiff_t from[FM_MAX_NDIM], to[FM_MAX_NDIM];
    memcpy(to, start, (size_t)f->output->ndim * sizeof *to);
    for (int d = 0; d < f->output->ndim; d++)
        from[d] = start[d] - f->lead[d];
    for (int i = 0; i < BAND + 2; i++)
        row[i] = l->rows + i * l->room;
    for (ptrdiff_t y = 0; y < rows; y += BAND) {
        const int count = (int)least(rows - y, BAND);
        for (int i = y ? 2 : 0; i < count + 2; i++, from[f->outer]++)
            fm_read_keys(&f->source, from, f->inner, columns + 2, row[i]);
        make_band((const K *const *)row, columns, count, (char *)l->outputs, l->room * (ptrdiff_t)sizeof(K), NULL);
        for (int i = 0; i < count; i++, to[f->outer]++)
            write_row_of_keys(f->output, to, f->inner, columns, l->outputs + i * l->room, l->spare, streamed);
        for (int i = 0; i < 2; i++) {
            K *swap = row[i];
            row[i] = row[BAND + i];
            row[BAND + i] = swap;
        }
    }
}

static void by_way_of_scratch(const fm_filter *f, const layout *l, const ptrdiff_t *start, ptrdiff_t rows,
                              ptrdiff_t columns)
{
    ptrdiff_t at[FM_MAX_NDIM];
    memcpy(at, start, (size_t)f->output->ndim * sizeof *at);
    for (ptrdiff_t x = 0; x < columns; x += WIDTH) {
        at[f->inner] = start[f->inner] + x;
        filter_panel(f, l, at, rows, least(columns - x, WIDTH));
    }
}

/* ---- In place ---- */

/* A block of outputs of elements as they are. */
typedef struct {
    const layout *l;
    const K *row[ROWS + 2]; /* where in each the first window inside of the array begins, or the row `fill` */
    char *out;
    ptrdiff_t stride, columns;
    ptrdiff_t begin, end; /* columns that are made in place, */
    ptrdiff_t skipped;    /* of those whose windows lie inside of the array, the first that are not */
    ptrdiff_t copied[2];  /* columns at the sides that are not, or all, in the first: made of */
    const K *copy[2][ROWS + 2];
    int streamed;
    int aside; /* outputs are made in scratch memory first */
} strip;

/* Finds the rows that the windows reach: where each begins whose first element is at `first`. */
static void find_in_place(const fm_filter *f, strip *s, const ptrdiff_t *start, ptrdiff_t rows, ptrdiff_t first)
{
    ptrdiff_t at[FM_MAX_NDIM];
    for (int d = 0; d < f->output->ndim; d++)
        at[d] = start[d] - f->lead[d];
    const rows_of_plane all = find_rows(&f->source, at, f->inner, f->outer);
    int filled = 0;
    for (ptrdiff_t i = 0; i < rows + 2; i++) {
        const K *row = find_row(&all, at[f->outer] + i);
        s->row[i] = row ? row + first : s->l->fill;
        if (!row && !filled++)
            fill_row(constant_of(&f->source), s->columns + 2, s->l->fill);
    }
}

/* Copies what the windows of some columns reach, in rows from `to` on. */
static void copy_columns(const fm_filter *f, strip *s, int side, ptrdiff_t start, ptrdiff_t columns, ptrdiff_t rows,
                         ptrdiff_t first)
{
    copying c;
    find_copying(&f->source, f->inner, start - f->lead[f->inner], columns + 2, &c);
    K *to = s->l->rows + side * SECOND;
    s->copied[side] = columns;
    for (ptrdiff_t y = 0; y < rows + 2; y++, to += PITCH) {
        s->copy[side][y] = to;
        copy_row(s->row[y] == s->l->fill ? NULL : s->row[y] - first, &c, columns + 2, constant_of(&f->source), to);
    }
}

/* Whether outputs would push out of the first cache what is read: rows of both are pages apart, and begin at the same
 * place of a page. */
static int take_same_places(const strip *s, ptrdiff_t step)
{
    enum { PAGE = 4096, NEAR = 2 * FM_LINE };
    const uintptr_t apart = (uintptr_t)s->out - (uintptr_t)s->row[1];
    return step % PAGE == 0 && s->stride % PAGE == 0 && (apart + NEAR) % PAGE < 2 * NEAR;
}

/* Finds out what is to be done of a block, and copies what is; 0 if it cannot be done. Vectors in place begin where rows
 * of outputs have them. */
static int describe(const fm_filter *f, const layout *l, const ptrdiff_t *start, ptrdiff_t rows, ptrdiff_t columns,
                    strip *s)
{
    const ptrdiff_t lead = f->lead[f->inner], n = f->source.array->shape[f->inner], begin = start[f->inner];
    const ptrdiff_t left = most(begin, lead), right = least(begin + columns, n + lead - 2), first = left - lead;
    if (right <= left || columns - (right - left) > OUTSIDE)
        return 0;
    s->l = l;
    s->columns = columns;
    s->out = fm_address(f->output, start);
    s->stride = f->output->strides[f->outer];
    s->streamed = is_streamed(f->output, f->inner);
    s->begin = s->end = 0;
    s->copied[0] = s->copied[1] = 0;
    find_in_place(f, s, start, rows, first);
    s->aside = s->streamed || take_same_places(s, f->source.array->strides[f->outer]);
    if (right - left < NARROW) {
        copy_columns(f, s, 0, begin, columns, rows, first);
        return 1;
    }
    s->end = columns;
    if (left > begin) {
        s->begin = most(left - begin, LANES - (ptrdiff_t)((uintptr_t)s->out / sizeof(K) % LANES));
        copy_columns(f, s, 0, begin, LANES, rows, first);
    }
    if (right < begin + columns) {
        s->end = columns - LANES;
        copy_columns(f, s, 1, begin + s->end, LANES, rows, first);
    }
    s->skipped = begin + s->begin - left;
    return 1;
}

/* Makes a band of the columns that were copied. */
static void make_side(const strip *s, int side, ptrdiff_t y, int count, char *out, sight *seen)
{
    const layout *l = s->l;
    const K *const *row = s->copy[side] + y;
    const ptrdiff_t columns = s->copied[side];
    if (columns >= LANES) {
        make_band(row, columns, count, out, s->stride, seen);
        return;
    }
    make_band(row, columns, count, (char *)l->outputs, l->room * (ptrdiff_t)sizeof(K), seen);
    for (int i = 0; i < count; i++)
        memcpy(out + i * s->stride, l->outputs + i * l->room, (size_t)columns * sizeof(K));
}

/* Makes a band by way of a small part of scratch memory. */
static void make_aside(const strip *s, const K *const *row, ptrdiff_t width, int count, char *out, sight *seen)
{
    const layout *l = s->l;
    const ptrdiff_t size = sizeof(K);
    for (ptrdiff_t x = 0, some; x < width; x += some) {
        const ptrdiff_t skew = (ptrdiff_t)((uintptr_t)(out + x * size) % FM_LINE) / size, left = width - x;
        const K *from[BAND + 2];
        some = WIDTH - skew;
        if (left < some + LANES) /* what is left must not be less than LANES */
            some = left <= some ? left : left - LANES;
        for (int i = 0; i < count + 2; i++)
            from[i] = row[i] + x;
        make_band(from, some, count, (char *)l->outputs, l->room * size, seen);
        for (int i = 0; i < count; i++)
            if (s->streamed)
                stream(out + i * s->stride + x * size, (const char *)(l->outputs + i * l->room), some * size);
            else
                memcpy(out + i * s->stride + x * size, l->outputs + i * l->room, (size_t)(some * size));
    }
}

/* Makes a band from row y on. */
static void make_strip(const strip *s, ptrdiff_t y, int count, sight *seen)
{
    char *out = s->out + y * s->stride;
    const K *row[BAND + 2];
    const ptrdiff_t size = sizeof(K);
    if (s->copied[0])
        make_side(s, 0, y, count, out, seen);
    if (s->begin < s->end) {
        for (int i = 0; i < count + 2; i++)
            row[i] = s->row[y + i] + s->skipped;
        if (s->aside)
            make_aside(s, row, s->end - s->begin, count, out + s->begin * size, seen);
        else
            make_band(row, s->end - s->begin, count, out + s->begin * size, s->stride, seen);
    }
    if (s->copied[1])
        make_side(s, 1, y, count, out + s->end * size, seen);
}

/* Filters a block as its elements are. Returns how many of its rows could be: in the next are some that do not sort
 * like their keys. */
static ptrdiff_t in_place(const fm_filter *bits, fm_type type, const layout *l, const ptrdiff_t *start,
                          ptrdiff_t rows, ptrdiff_t columns)
{
    const int is_checked = fm_key_types[type].kind != KEY_SAME;
    strip s;
    sight seen = {(V){0}, (V){0}};
    if (!describe(bits, l, start, rows, columns, &s))
        return 0;
    for (ptrdiff_t y = 0; y < rows; y += BAND) {
        make_strip(&s, y, (int)least(rows - y, BAND), is_checked ? &seen : NULL);
        if (is_checked && !sort_alike(&seen, type))
            return y;
    }
    return rows;
}

/* Makes rows that could not be made in place. Doubles among which are strange ones are the work of another engine. */
static void make_rest(fm_filter *f, const layout *l, const ptrdiff_t *start, ptrdiff_t rows, ptrdiff_t columns, int lane)
{
#if defined(FM_DOUBLES)
    if (fm_key_types[f->output->type].kind != KEY_SAME) {
        fm_block rest = {.extent = {0}};
        for (int d = 0; d < f->output->ndim; d++) {
            rest.start[d] = start[d];
            rest.extent[d] = d == f->outer ? rows : d == f->inner ? columns : 1;
        }
        f->doubles->other->part(f, &rest, l->rows, lane);
        return;
    }
#endif
    by_way_of_scratch(f, l, start, rows, columns);
}

static void three_part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    const ptrdiff_t columns = block->extent[f->inner], rows = block->extent[f->outer];
    const layout l = lay_out(rows, columns, scratch);
    as_bits views;
    view_as_bits(f, &views);
    fm_filter bits = {.source = views.source, .output = &views.output, .inner = f->inner, .outer = f->outer};
    memcpy(bits.lead, f->lead, (size_t)f->output->ndim * sizeof *bits.lead);
    ptrdiff_t start[FM_MAX_NDIM], done = 0;
    memcpy(start, block->start, (size_t)f->output->ndim * sizeof *start);
    if (fm_is_plain(&views.input, f->inner) && fm_is_plain(&views.output, f->inner))
        done = in_place(&bits, f->output->type, &l, start, rows, columns);
    start[f->outer] += done;
    if (done < rows)
        make_rest(f, &l, start, rows - done, columns, lane);
    if (is_streamed(f->output, f->inner))
        end_streaming();
}

extern const fm_engine THREE(fm_three);
const fm_engine THREE(fm_three) = {three_cut, three_scratch, three_part};
