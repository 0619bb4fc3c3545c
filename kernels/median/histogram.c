/* Large boxes in two dimensions, for keys of 8 bits: histograms of columns, slid along rows.
 *
 * A column of the window has a histogram of the upper halves of its elements, and for each upper half one of
 * the lower halves. Moving down a row changes an element of each column; moving on along the row adds one
 * column's histograms to the window's and takes another's away (Perreault and Hébert, Median filtering in
 * constant time, IEEE TIP 16, 2007). All histograms are cumulative: one vector addition still adds an
 * element, and the bin of a rank is found by comparing counts, with no sum over bins. As long as the answer keeps its
 * upper half, only the histogram of the lower halves moves on, and the count of what lies below it.
 * Compiled once per instruction set.
 */
#include "histograms.h"

enum { LEAST_SIDE = 512 }; /* of a block of outputs */

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
