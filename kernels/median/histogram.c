/* Large boxes in two dimensions, for keys of 8 bits: histograms of columns, slid along rows.
 *
 * A column of the window has a histogram of the upper halves of its elements, and for each upper half one of
 * the lower halves. Moving down a row changes an element of each column; moving on along the row adds one
 * column's histograms to the window's and takes another's away (Perreault and Hébert, Median filtering in
 * constant time, IEEE TIP 16, 2007). All histograms are cumulative: one vector addition still adds an
 * element, and the bin of a rank is found by comparing counts, with no sum over bins.
 * Compiled once per instruction set.
 */
#include "engine.h"
#include "vector.h"

enum {
    BINS = 16,        /* of a half of a key */
    LEAST_SIDE = 512, /* of a block of outputs */
    LOOK_EVERY = 16,  /* rows, for whether to stop */
};

/* WIDEN reads counts into a vector of WIDE bytes; SET_BYTES is how many bytes of a mask are set. */
#if defined(FM_LEVEL_V3) || defined(FM_LEVEL_V4)
#define WIDE 32
#define WIDEN_8(p) ((wide_8)_mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)(p))))
#define WIDEN_16(p) ((wide_16)_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)(p))))
#define SET_BYTES(mask) (unsigned)__builtin_popcount((unsigned)_mm256_movemask_epi8((__m256i)(mask)))
#elif defined(FM_LEVEL_V2)
#define WIDE 16
#define WIDEN_8(p) ((wide_8)_mm_cvtepu8_epi16(_mm_loadl_epi64((const __m128i *)(const void *)(p))))
#define WIDEN_16(p) ((wide_16)_mm_cvtepu16_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(p))))
#define SET_BYTES(mask) (unsigned)__builtin_popcount((unsigned)_mm_movemask_epi8((__m128i)(mask)))
#endif

#define COLUMN uint8_t
#define TOTAL uint16_t
#define COUNTS(name) FM_JOIN(name, 8)
#include "histogram_counts.h"
#undef COLUMN
#undef TOTAL
#undef COUNTS
#define COLUMN uint16_t
#define TOTAL uint32_t
#define COUNTS(name) FM_JOIN(name, 16)
#include "histogram_counts.h"

static int is_narrow(const fm_filter *f)
{
    return f->size[f->outer] <= UINT8_MAX && f->size[f->inner] <= UINT8_MAX;
}

/* Long enough that the elements around a block are few beside those in it. */
static void cut(const fm_filter *f, fm_block *largest)
{
    for (int d = 0; d < f->output->ndim; d++) {
        ptrdiff_t side = d != f->inner && d != f->outer ? 1 : 2 * f->size[d] < LEAST_SIDE ? LEAST_SIDE : 2 * f->size[d];
        largest->extent[d] = f->output->shape[d] < side ? f->output->shape[d] : side;
    }
}

static size_t scratch_bytes(const fm_filter *f, const fm_block *largest)
{
    ptrdiff_t columns = largest->extent[f->inner] + f->size[f->inner] - 1;
    return is_narrow(f) ? lay_out_8(columns, NULL).bytes : lay_out_16(columns, NULL).bytes;
}

static void part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    if (is_narrow(f))
        filter_8(f, block, scratch, lane);
    else
        filter_16(f, block, scratch, lane);
}

extern const fm_engine FM_NAME(fm_histogram);
const fm_engine FM_NAME(fm_histogram) = {cut, scratch_bytes, part};
