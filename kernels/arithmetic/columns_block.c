/* Adding rows to columns, and rounding the sums: columns.h. */
#include "columns.h"
#include "lanes.h"
#include "level.h"

/* A step of a sum: what is left of v. */
FM_INLINE fm_vf64 step(fm_vf64 *sum, fm_vf64 v)
{
    fm_vf64 t = *sum + v, rest = v - (t - *sum);
    *sum = t;
    return rest;
}

/* Up to a vector of elements, and zeros. */
FM_INLINE fm_vf64 load(const char *p, size_t count, int single)
{
    if (count == FM_LANES)
        return single ? fm_load_f32(p) : fm_load_f64(p);
    if (!single)
        return fm_load_tail(p, sizeof(double), count);
    float x[FM_LANES] = {0};
    memcpy(x, p, count * sizeof *x);
    return fm_load_f32(x);
}

/* Some rows of one vector's columns, so that the sums are read and written less often than the elements. */
FM_INLINE fm_vf64 add_rows(fm_columns *s, size_t c, const char *p, ptrdiff_t stride, size_t rows, size_t count,
                           int single, int levels, fm_vf64 largest)
{
    fm_vf64 sum[FM_COLUMN_LEVELS], rest = fm_load_f64(s->rest + c), infinity = fm_splat_f64(__builtin_inf());
    fm_vu64 any = (fm_vu64)fm_load_f64(s->any + c);
    for (int l = 0; l < levels; l++)
        sum[l] = fm_load_f64(s->sum[l] + c);
    for (size_t r = 0; r < rows; r++, p += stride) {
        fm_vf64 v = load(p, count, single), magnitude = fm_abs_f64(v);
        largest = fm_max_f64(largest, (fm_vf64)((fm_vi64)magnitude & (magnitude < infinity)));
        for (int l = 0; l < levels; l++)
            v = step(sum + l, v);
        any |= (fm_vu64)v;
        rest += v;
    }
    for (int l = 0; l < levels; l++)
        memcpy(s->sum[l] + c, sum + l, sizeof sum[l]);
    memcpy(s->rest + c, &rest, sizeof rest);
    memcpy(s->any + c, &any, sizeof any);
    return largest;
}

FM_INLINE void add_columns(fm_columns *s, const char *p, ptrdiff_t stride, size_t rows, size_t columns, int single,
                           int levels)
{
    enum { ROWS = 8 };
    fm_vf64 largest = fm_splat_f64(s->largest);
    size_t size = single ? sizeof(float) : sizeof(double);
    for (size_t r = 0; r < rows; r += ROWS, p += ROWS * stride)
        for (size_t c = 0; c < columns; c += FM_LANES) {
            size_t height = rows - r < ROWS ? rows - r : ROWS;
            size_t width = columns - c < FM_LANES ? columns - c : FM_LANES;
            const char *at = p + c * size;
            if (height == ROWS && width == FM_LANES)
                largest = add_rows(s, c, at, stride, ROWS, FM_LANES, single, levels, largest);
            else if (width == FM_LANES)
                largest = add_rows(s, c, at, stride, height, FM_LANES, single, levels, largest);
            else
                largest = add_rows(s, c, at, stride, height, width, single, levels, largest);
        }
    for (int l = 0; l < FM_LANES; l++)
        s->largest = largest[l] > s->largest ? largest[l] : s->largest;
}

void FM_NAME(fm_block_add_columns)(fm_columns *s, const void *p, ptrdiff_t stride, size_t rows, size_t columns)
{
    if (s->single && s->levels == 1)
        add_columns(s, p, stride, rows, columns, 1, 1);
    else if (s->single)
        add_columns(s, p, stride, rows, columns, 1, 2);
    else if (s->levels == 1)
        add_columns(s, p, stride, rows, columns, 0, 1);
    else
        add_columns(s, p, stride, rows, columns, 0, 2);
}

/* *high + *low is a + b, and *high is that rounded (D. E. Knuth, "The Art of Computer Programming", volume 2,
 * section 4.2.2, theorem B). */
FM_INLINE void two_sum(fm_vf64 a, fm_vf64 b, fm_vf64 *high, fm_vf64 *low)
{
    fm_vf64 sum = a + b, part = sum - a;
    *low = (a - (sum - part)) + (b - part);
    *high = sum;
}

/* The sum of a vector's columns is high + low + lower, give or take `error` where a rest is not zero, and high is
 * high + low rounded. As rounding is monotonic, high is the result if both ends of what lies around it round
 * to it. The shares of low and lower in the error pay for rounding the ends. All bits of *doubt are set where
 * that is not certain. */
FM_INLINE fm_vf64 round_columns(const fm_columns *s, size_t c, int levels, double error, fm_vi64 *doubt)
{
    fm_vf64 zero = {0}, first = fm_load_f64(s->sum[0] + c), rest = fm_load_f64(s->rest + c);
    fm_vf64 high = first - fm_sigma(s->e[0]), low = rest, lower = zero;
    fm_vi64 rest_alone = high == zero; /* a zero keeps its sign then */
    if (levels == 2) {
        fm_vf64 second = fm_load_f64(s->sum[1] + c) - fm_sigma(s->e[1]);
        rest_alone &= second == zero;
        two_sum(high, second, &high, &low);
        two_sum(low, rest, &low, &lower);
    }
    two_sum(high, low, &high, &low);
    high = fm_select_f64(rest_alone, rest, high);
    fm_vi64 exact = ((fm_vi64)fm_load_f64(s->any + c) << 1) == 0;
    fm_vf64 around = fm_abs_f64(low) * 0x1p-51 + fm_abs_f64(lower) * 2 + error;
    fm_vi64 certain = exact | ((high + (low + around) == high) & (high + (low - around) == high));
    fm_vi64 finite = fm_abs_f64(first) < fm_splat_f64(__builtin_inf());
    *doubt = finite & ~certain;
    return fm_select_f64(finite, high, first);
}

/* The sums of at most FM_COLUMN_ROWS rows; s->any says afterwards where there is doubt about them. */
void FM_NAME(fm_block_round_columns)(fm_columns *s, size_t columns, double error, double *result)
{
    for (size_t c = 0; c < columns; c += FM_LANES) {
        fm_vi64 doubt;
        fm_vf64 sum = s->levels == 1 ? round_columns(s, c, 1, error, &doubt)
                                     : round_columns(s, c, 2, error, &doubt);
        memcpy(s->any + c, &doubt, sizeof doubt);
        memcpy(result + c, &sum, sizeof sum);
    }
}
