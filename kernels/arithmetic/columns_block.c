/* Adding rows to columns, and rounding the sums: columns.h. */
#include "columns.h"
#include "elements.h"
#include "environment.h"
#include "level.h"

enum {
    TOGETHER = 2, /* vectors, so that their additions overlap */
    ROWS = 8,     /* that are added at a time: the sums are read and written less often than the elements */
    WIDTH = TOGETHER * FM_LANES
};

/* Up to TOGETHER vectors of columns; what troubles one troubles all. */
typedef struct {
    fm_vf64 sum[2][TOGETHER];
    fm_vu64 any, outside;
} group;

/* A vector of columns. */
typedef struct {
    fm_vf64 sum[2], sigma[2];
    fm_vu64 any, outside;
} column;

/* Multiplying by 1 and adding is an addition that a processor with units for each can do on the others. */
FM_INLINE fm_vf64 step(fm_vf64 *sum, fm_vf64 v)
{
    fm_vf64 t = *sum + v, moved = t - *sum;
    *sum = t;
    return fm_fma_f64(v, fm_splat_f64(1), -moved);
}

FM_INLINE void add(group *x, int w, fm_vf64 v, fm_vf64 sigma, int levels)
{
    v = step(x->sum[0] + w, v);
    x->outside |= (fm_vu64)x->sum[0][w] ^ (fm_vu64)sigma;
    if (levels == 1)
        x->sum[1][w] = fm_fma_f64(v, fm_splat_f64(1), x->sum[1][w]);
    else
        x->any |= (fm_vu64)step(x->sum[1] + w, v);
}

/* *high + *low is a + b, and *high is that rounded (D. E. Knuth, "The Art of Computer Programming", volume 2,
 * section 4.2.2, theorem B). */
FM_INLINE void two_sum(fm_vf64 a, fm_vf64 b, fm_vf64 *high, fm_vf64 *low)
{
    fm_vf64 sum = a + b, part = sum - a;
    *low = (a - (sum - part)) + (b - part);
    *high = sum;
}

static __attribute__((noinline)) void note_doubts(fm_columns *s, size_t c, size_t columns, const column *x,
                                                  const fm_vi64 *certain)
{
    for (size_t l = 0; l < FM_LANES && c + l < columns; l++) {
        int outside = (x->outside[l] & FM_SIGN_AND_EXPONENT) != 0, zero = s->result[c + l] == 0 && x->any[l];
        if (!outside && (*certain)[l] && !zero)
            continue;
        s->doubtful[s->doubts] = (uint16_t)(c + l);
        s->why[s->doubts++] = outside ? FM_OUTSIDE : (*certain)[l] ? FM_ZERO : FM_OPEN;
    }
}

/* The sum is high + low, give or take one smaller unit for each row where something is left, or the error of the
 * sum of rests; `result` is that rounded. As rounding is monotonic, it is right if both ends of what lies around
 * it round to it. The factor of two in the error and the share of low pay for rounding the ends. */
FM_INLINE void round_column(fm_columns *s, size_t c, size_t columns, const column *x, double rows, int levels)
{
    fm_vf64 result, low, unit = x->sigma[levels - 1] * (0x1p-52 / 1.5);
    two_sum(x->sum[0] - x->sigma[0], levels == 1 ? x->sum[1] : x->sum[1] - x->sigma[1], &result, &low);
    fm_vf64 around = fm_abs_f64(low) * 0x1p-51 + unit * (levels == 1 ? rows * rows * 0x1p-53 : rows);
    fm_vi64 certain = (result + (low + around) == result) & (result + (low - around) == result);
    fm_vu64 trouble = x->outside & FM_SIGN_AND_EXPONENT;
    if (levels == 2) {
        certain |= (x->any << 1) == 0;
        trouble |= x->any & (fm_vu64)(result == 0);
    } else {
        certain &= result != 0; /* the sign is not known */
    }
    memcpy(s->result + c, &result, sizeof result);
    if (fm_any_bits(trouble | (fm_vu64)~certain))
        note_doubts(s, c, columns, x, &certain);
}

/* Where `rows` rows of some columns lie as vectors. */
typedef struct {
    const char *data;
    ptrdiff_t stride;
} block;

FM_INLINE fm_vf64 element(block b, size_t row, int w)
{
    return fm_load_f64(b.data + (ptrdiff_t)row * b.stride + w * FM_VEC_BYTES);
}

FM_INLINE void add_row(group *x, const char *row, const fm_vf64 *sigma, int width, int levels)
{
    for (int w = 0; w < width; w++)
        add(x, w, fm_load_f64(row + w * FM_VEC_BYTES), sigma[w], levels);
}

/* Adds to sums that began at sigma, vectors of which lie `pitch` apart. */
FM_INLINE void add_rows(group *x, block b, size_t rows, const double *sigma, ptrdiff_t pitch, int width, int levels)
{
    enum { UNROLLED = 2 };
    const char *row = b.data;
    size_t r = 0;
    fm_vf64 start[TOGETHER];
    for (int w = 0; w < width; w++)
        start[w] = fm_load_f64(sigma + w * pitch);
    for (; r + UNROLLED <= rows; r += UNROLLED)
        for (int k = 0; k < UNROLLED; k++, row += b.stride)
            add_row(x, row, start, width, levels);
    if (r < rows)
        add_row(x, row, start, width, levels);
}

/* Finite numbers leave their signs only. */
FM_INLINE void look(fm_columns *s, size_t c, block b, size_t rows, int width)
{
    for (int w = 0; w < width; w++, c += FM_LANES) {
        fm_vf64 sum = fm_load_f64(s->special + c), infinity = fm_splat_f64(__builtin_inf());
        fm_vf64 largest = fm_load_f64(s->largest + c);
        for (size_t r = 0; r < rows; r++) {
            fm_vf64 v = element(b, r, w), magnitude = fm_abs_f64(v);
            fm_vi64 finite = magnitude < infinity;
            sum += fm_select_f64(finite, v * 0, v);
            largest = fm_max_f64((fm_vf64)((fm_vi64)magnitude & finite), largest);
        }
        memcpy(s->special + c, &sum, sizeof sum);
        memcpy(s->largest + c, &largest, sizeof largest);
    }
}

FM_INLINE void or_into(uint64_t *to, fm_vu64 bits)
{
    bits |= (fm_vu64)fm_load_f64(to);
    memcpy(to, &bits, sizeof bits);
}

FM_INLINE void add_block(fm_columns *s, size_t c, block b, size_t rows, ptrdiff_t pitch, int width, int levels)
{
    group x;
    x.any = x.outside = (fm_vu64){0};
    for (int l = 0; l < 2; l++)
        for (int w = 0; w < width; w++)
            x.sum[l][w] = fm_load_f64(s->sum[l] + c + w * FM_LANES);
    add_rows(&x, b, rows, s->sigma[0] + c, pitch, width, levels);
    for (int l = 0; l < 2; l++)
        for (int w = 0; w < width; w++)
            memcpy(s->sum[l] + c + w * FM_LANES, x.sum[l] + w, sizeof x.sum[l][w]);
    if (!fm_any_bits(x.any | (x.outside & FM_SIGN_AND_EXPONENT)))
        return;
    for (int w = 0; w < width; w++, c += FM_LANES) {
        or_into(s->any + c, x.any);
        or_into(s->outside + c, x.outside & FM_SIGN_AND_EXPONENT);
    }
}

/* What all columns start at; it is raised when numbers are too large for it. */
typedef struct {
    double sigma[2];
    fm_vf64 vector[2];
} common;

FM_INLINE void set_common(common *sigma, double largest, const fm_columns *s, int room)
{
    fm_column_sigma(largest, s->k, room, sigma->sigma);
    for (int l = 0; l < 2; l++)
        sigma->vector[l] = fm_splat_f64(sigma->sigma[l]);
}

/* 1, or 0 if the trouble is something else than numbers too large for it. */
FM_INLINE int raise(common *sigma, const fm_columns *s, fm_vf64 largest)
{
    enum { ROOM = 4 };
    double most = 0, before = sigma->sigma[0];
    for (int l = 0; l < FM_LANES; l++)
        most = largest[l] > most ? largest[l] : most;
    common higher;
    set_common(&higher, most, s, ROOM);
    if (!(higher.sigma[0] > before))
        return 0;
    *sigma = higher;
    return 1;
}

static __attribute__((noinline)) int raise_for_block(common *sigma, const fm_columns *s, const block *b, size_t rows,
                                                     int width)
{
    fm_vf64 largest = {0}, infinity = fm_splat_f64(__builtin_inf());
    for (size_t r = 0; r < rows; r++)
        for (int w = 0; w < width; w++) {
            fm_vf64 magnitude = fm_abs_f64(element(*b, r, w));
            largest = fm_max_f64((fm_vf64)((fm_vi64)magnitude & (magnitude < infinity)), largest);
        }
    return raise(sigma, s, largest);
}

FM_INLINE void begin(group *x, const common *sigma, int width)
{
    x->any = x->outside = (fm_vu64){0};
    for (int l = 0; l < 2; l++)
        for (int w = 0; w < width; w++)
            x->sum[l][w] = sigma->vector[l];
}

/* The results, if they are exact and rounded once: nothing is left, not even the sign of a zero. */
FM_INLINE int store_exact(fm_columns *s, size_t c, const group *x, const common *sigma, int width)
{
    if (fm_any_bits(x->any | (x->outside & FM_SIGN_AND_EXPONENT)))
        return 0;
    for (int w = 0; w < width; w++, c += FM_LANES) {
        fm_vf64 result = (x->sum[0][w] - sigma->vector[0]) + (x->sum[1][w] - sigma->vector[1]);
        memcpy(s->result + c, &result, sizeof result);
    }
    return 1;
}

FM_INLINE int any_outside(const group *x)
{
    return fm_any_bits(x->outside & FM_SIGN_AND_EXPONENT);
}

static __attribute__((noinline)) void round_group(fm_columns *s, size_t c, size_t columns, const group *x,
                                                  const common *sigma, double rows, int width)
{
    for (int w = 0; w < width; w++, c += FM_LANES) {
        column one = {.any = x->any, .outside = x->outside};
        for (int l = 0; l < 2; l++) {
            one.sum[l] = x->sum[l][w];
            one.sigma[l] = sigma->vector[l];
        }
        round_column(s, c, columns, &one, rows, 2);
    }
}

FM_INLINE void sum_whole(fm_columns *s, common *sigma, size_t c, size_t columns, block b, size_t rows, int width)
{
    group x;
    do {
        begin(&x, sigma, width);
        add_rows(&x, b, rows, (const double *)sigma->vector, 0, width, 2);
        if (store_exact(s, c, &x, sigma, width))
            return;
    } while (any_outside(&x) && raise_for_block(sigma, s, &b, rows, width));
    round_group(s, c, columns, &x, sigma, (double)rows, width);
}

/* The addition of two numbers is rounded correctly as it is. */
FM_INLINE void add_two(fm_columns *s, size_t c, block b, size_t rows, int width)
{
    for (int w = 0; w < width; w++, c += FM_LANES) {
        fm_vf64 sum = rows == 2 ? element(b, 0, w) + element(b, 1, w) : element(b, 0, w);
        memcpy(s->result + c, &sum, sizeof sum);
    }
}

FM_INLINE void do_block(fm_columns *s, common *sigma, size_t c, size_t columns, block b, size_t rows, int width)
{
    if (s->task == FM_LOOK)
        look(s, c, b, rows, width);
    else if (s->task == FM_ADD_TO_ONE && s->levels == 1)
        add_block(s, c, b, rows, 0, width, 1);
    else if (s->task == FM_ADD_TO_ONE)
        add_block(s, c, b, rows, 0, width, 2);
    else if (s->task == FM_ADD)
        add_block(s, c, b, rows, FM_LANES, width, 2);
    else if (rows <= 2)
        add_two(s, c, b, rows, width);
    else
        sum_whole(s, sigma, c, columns, b, rows, width);
}

/* A vector of a line's elements, in any order; the last ones of n, and zeros. */
FM_INLINE fm_vf64 line_element(const char *p, ptrdiff_t stride, size_t n, size_t i, fm_type type, int swapped)
{
    const char *at[FM_LANES];
    p += (ptrdiff_t)i * stride;
    if (i + FM_LANES <= n && stride == fm_float_size(type))
        return fm_load_elements(p, type, swapped);
    if (i + FM_LANES < n && stride == 2 * fm_float_size(type) && type == FM_F64 && !swapped)
        return fm_evens_f64(fm_load_f64(p), fm_load_f64(p + FM_VEC_BYTES));
    for (size_t l = 0; l < FM_LANES; l++)
        at[l] = p + (ptrdiff_t)(i + l < n ? l : 0) * stride;
    fm_vf64 v = fm_gather_elements(at, 0, type, swapped);
    for (size_t l = 0; l < FM_LANES; l++)
        v[l] = i + l < n ? v[l] : 0;
    return v;
}

/* Lines side by side, each with a vector of sums, which are numbers of units above sigma: they are brought together as
 * integers. */
FM_INLINE void add_lines(group *x, const common *sigma, const char *const at[FM_LANES], ptrdiff_t stride, size_t n,
                         fm_type type, int swapped)
{
    fm_vf64 first[FM_LANES], second[FM_LANES];
    fm_vu64 any = {0}, outside = {0};
    for (int l = 0; l < FM_LANES; l++) {
        first[l] = sigma->vector[0];
        second[l] = sigma->vector[1];
    }
    for (size_t i = 0; i < n; i += FM_LANES)
        for (int l = 0; l < FM_LANES; l++) {
            fm_vf64 rest = step(first + l, line_element(at[l], stride, n, i, type, swapped));
            outside |= (fm_vu64)first[l] ^ (fm_vu64)sigma->vector[0];
            any |= (fm_vu64)step(second + l, rest);
        }
    fm_transpose(first);
    fm_transpose(second);
    fm_vu64 sums[] = {(fm_vu64)first[0], (fm_vu64)second[0]};
    for (int l = 1; l < FM_LANES; l++) {
        sums[0] += (fm_vu64)first[l] - (fm_vu64)sigma->vector[0];
        sums[1] += (fm_vu64)second[l] - (fm_vu64)sigma->vector[1];
    }
    x->sum[0][0] = (fm_vf64)sums[0];
    x->sum[1][0] = (fm_vf64)sums[1];
    x->any = fm_splat_u64(fm_or_lanes(any));
    x->outside = fm_splat_u64(fm_or_lanes(outside)) | (sums[0] ^ (fm_vu64)sigma->vector[0]);
}

FM_INLINE int raise_for_lines(common *sigma, const fm_columns *s, const char *const at[FM_LANES], ptrdiff_t stride,
                              size_t n, fm_type type, int swapped)
{
    fm_vf64 largest = {0}, infinity = fm_splat_f64(__builtin_inf());
    for (size_t i = 0; i < n; i += FM_LANES)
        for (int l = 0; l < FM_LANES; l++) {
            fm_vf64 magnitude = fm_abs_f64(line_element(at[l], stride, n, i, type, swapped));
            largest = fm_max_f64((fm_vf64)((fm_vi64)magnitude & (magnitude < infinity)), largest);
        }
    return raise(sigma, s, largest);
}

FM_INLINE void sum_lines(fm_columns *s, common *sigma, const char *p, ptrdiff_t stride, size_t n, size_t columns,
                         fm_type type, int swapped)
{
    for (size_t c = 0; c < columns; c += FM_LANES) {
        const char *at[FM_LANES];
        group x;
        for (int l = 0; l < FM_LANES; l++)
            at[l] = p + s->lane[c + (size_t)l];
        int exact;
        do {
            add_lines(&x, sigma, at, stride, n, type, swapped);
            exact = store_exact(s, c, &x, sigma, 1);
        } while (!exact && any_outside(&x) && raise_for_lines(sigma, s, at, stride, n, type, swapped));
        if (!exact)
            round_group(s, c, columns, &x, sigma, (double)n, 1);
    }
}

static void sum_any_lines(fm_columns *s, common *sigma, const char *p, ptrdiff_t stride, size_t n, size_t columns)
{
#define LINES(type, swapped)                                                                  \
    (stride == fm_float_size(type)                                                            \
         ? sum_lines(s, sigma, p, fm_float_size(type), n, columns, type, swapped)             \
         : sum_lines(s, sigma, p, stride, n, columns, type, swapped))
    FM_FOR_TYPE(s->type, s->swapped, LINES)
#undef LINES
}

/* The rows of some columns as vectors of doubles. */
FM_INLINE block find_block(const fm_columns *s, size_t c, size_t columns, const char *p, ptrdiff_t stride, size_t rows,
                           int width, double *copy)
{
    fm_placement placement = s->placement;
    if (placement == FM_SIDE_BY_SIDE && c + (size_t)width * FM_LANES > columns)
        placement = FM_APART;
    if (placement == FM_SIDE_BY_SIDE && s->type == FM_F64 && !s->swapped)
        return (block){p + c * sizeof(double), stride};
    for (int w = 0; w < width; w++)
        fm_read_rows(s, placement, c + (size_t)w * FM_LANES, p, stride, rows, copy + w * FM_LANES, WIDTH);
    return (block){(const char *)copy, WIDTH * sizeof *copy};
}

FM_INLINE void do_rows(fm_columns *s, common *sigma, const char *p, ptrdiff_t stride, size_t rows, size_t columns)
{
    double copy[FM_COLUMN_WHOLE * WIDTH];
    size_t c = 0;
    for (; c + WIDTH <= columns; c += WIDTH)
        do_block(s, sigma, c, columns, find_block(s, c, columns, p, stride, rows, TOGETHER, copy), rows, TOGETHER);
    for (; c < columns; c += FM_LANES)
        do_block(s, sigma, c, columns, find_block(s, c, columns, p, stride, rows, 1, copy), rows, 1);
}

FM_INLINE void add_neighbours(const char *p, ptrdiff_t stride, size_t rows, size_t columns, double *sums, fm_type type,
                              int swapped)
{
    for (size_t c = 0; c + FM_LANES <= columns; c += FM_LANES) {
        const char *at = p + (ptrdiff_t)c * fm_float_size(type);
        fm_vf64 sum = fm_load_elements(at, type, swapped);
        for (size_t r = 1; r < rows; r++)
            sum += fm_load_elements(at += stride, type, swapped);
        memcpy(sums + c, &sum, sizeof sum);
    }
}

/* Few narrow floats of similar magnitudes add up exactly as doubles: 1, or 0 if one sum was rounded. */
static __attribute__((noinline)) int add_narrow(const fm_columns *s, const char *p, ptrdiff_t stride, size_t rows,
                                                size_t columns, double *sums)
{
    double copy[FM_COLUMN_WHOLE * WIDTH];
    size_t c = 0;
    if (s->type == FM_F64 || !fm_inexact_begin())
        return 0;
    if (s->placement == FM_SIDE_BY_SIDE) {
#define ADD(type, swapped) add_neighbours(p, stride, rows, columns, sums, type, swapped)
        FM_FOR_TYPE(s->type, s->swapped, ADD)
#undef ADD
        c = columns / FM_LANES * FM_LANES;
    }
    for (; c < columns; c += FM_LANES) {
        block b = find_block(s, c, columns, p, stride, rows, 1, copy);
        fm_vf64 sum = element(b, 0, 0);
        for (size_t r = 1; r < rows; r++)
            sum += element(b, r, 0);
        memcpy(sums + c, &sum, sizeof sum);
    }
    __asm__ volatile("" ::: "memory"); /* the sums are made before the flag is read */
    return !fm_inexact_raised();
}

/* Rows that are added to sums so that they can be added as one, or one by one. */
static void add_few_rows(fm_columns *s, common *sigma, const char *p, ptrdiff_t stride, size_t rows, size_t columns)
{
    double row[FM_COLUMN_ROOM];
    if (s->task == FM_LOOK || !add_narrow(s, p, stride, rows, columns, row)) {
        do_rows(s, sigma, p, stride, rows, columns);
        return;
    }
    fm_type type = s->type;
    fm_placement placement = s->placement;
    int swapped = s->swapped;
    s->swapped = 0;
    s->type = FM_F64;
    s->placement = FM_SIDE_BY_SIDE;
    do_rows(s, sigma, (const char *)row, 0, 1, (columns + FM_LANES - 1) / FM_LANES * FM_LANES);
    s->type = type;
    s->placement = placement;
    s->swapped = swapped;
}

void FM_NAME(fm_block_add_columns)(fm_columns *s, const void *p, ptrdiff_t stride, size_t rows, size_t columns)
{
    common sigma;
    set_common(&sigma, 0, s, 0);
    if (s->task == FM_WHOLE && s->placement == FM_ALONG && rows > 2)
        sum_any_lines(s, &sigma, p, stride, rows, columns);
    else if (s->task == FM_WHOLE && !add_narrow(s, p, stride, rows, columns, s->result))
        do_rows(s, &sigma, p, stride, rows, columns);
    for (size_t r = 0; s->task != FM_WHOLE && r < rows; r += ROWS)
        add_few_rows(s, &sigma, (const char *)p + (ptrdiff_t)r * stride, stride, rows - r < ROWS ? rows - r : ROWS,
                     columns);
}

/* The sums of at most FM_COLUMN_ROWS rows. */
void FM_NAME(fm_block_round_columns)(fm_columns *s, size_t columns, double rows, double *unused)
{
    (void)unused;
    for (size_t c = 0; c < columns; c += FM_LANES) {
        column x = {.any = (fm_vu64)fm_load_f64(s->any + c), .outside = (fm_vu64)fm_load_f64(s->outside + c)};
        for (int l = 0; l < 2; l++) {
            x.sum[l] = fm_load_f64(s->sum[l] + c);
            x.sigma[l] = fm_load_f64(s->sigma[l] + c);
        }
        if (s->levels == 1) {
            round_column(s, c, columns, &x, rows, 1);
        } else if (fm_any_bits(x.any | x.outside)) {
            round_column(s, c, columns, &x, rows, 2);
        } else {
            fm_vf64 result = (x.sum[0] - x.sigma[0]) + (x.sum[1] - x.sigma[1]);
            memcpy(s->result + c, &result, sizeof result);
        }
    }
}
