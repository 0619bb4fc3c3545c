/* Blocks of outputs of windows from which elements are missing.
 *
 * A block is read as keys, with its border; keys of missing elements are replaced by the lowest or the highest one,
 * which sort before or after all others and do no harm where an element is equal to them. Then fm_rank_filter finds
 * the element of the usual rank. Counting the missing elements of each window, and those among them that became the
 * lowest key, tells which rank would have been right; where it is another one, which is nearly always one of the
 * next, the kernels of stepping.c go there. For large windows each step is long: they are sought among numbered
 * elements or in histograms instead (counted.c, counted_bytes.c).
 */
#include "missing_job.h"

#include "mean.h"
#include "outliers.h"

enum { LOOK_EVERY = 1 << 18 }; /* elements of windows: well below a millisecond */

/* Whether there are two middle elements where none is missing. */
static int has_two_middles(const fm_job *j)
{
    return j->missing->mean && j->ranks.elements % 2 == 0;
}

/* Filters the block of keys. 0 if it could not. */
static int filter_block(const fm_lane *lane, const fm_tract *t, const char *keys, ptrdiff_t rank, char *chosen)
{
    const fm_job *j = lane->job;
    static const ptrdiff_t origin[FM_MAX_NDIM];
    fm_mode mode[FM_MAX_NDIM];
    ptrdiff_t strides[FM_MAX_NDIM], out_strides[FM_MAX_NDIM];
    for (int d = 0; d < j->ndim; d++) {
        mode[d] = FM_VALID;
        strides[d] = t->stride[d] << j->type_width;
        out_strides[d] = t->out_stride[d] << j->type_width;
    }
    fm_array in = {.data = (void *)keys, .type = fm_key_elements[j->type_width], .ndim = j->ndim, .shape = t->padded,
                   .strides = strides};
    fm_array out = {.data = chosen, .type = in.type, .ndim = j->ndim, .shape = t->extent, .strides = out_strides};
    fm_window window = {.size = j->window->size, .origin = origin, .mode = mode,
                        .footprint = j->window->footprint, .rank = rank};
    fm_status status = fm_rank_filter(&in, &out, &window, 1, &(fm_watch){fm_lane_stops, (void *)lane});
    return fm_lane_goes_on(lane, status);
}

/* ---- Counting ---- */

/* Counts of flags, summed along all axes but the inner one; or accumulated, where the window is no box. */
static char *count_flags(const fm_job *j, const fm_tract *t, const fm_room *r, int flag, char *counts)
{
    const fm_missing_kernels *k = j->counts;
    ptrdiff_t outer = 1, inner = t->lines * t->line;
    k->widen(r->flags, inner, flag, counts);
    for (ptrdiff_t line = 0; j->window->footprint && line < t->lines; line++)
        k->accumulate(counts + (line * t->line << j->count_width), t->padded[j->inner] + 1);
    for (int d = 0; !j->window->footprint && d < j->ndim; d++)
        if (d != j->inner) {
            inner /= t->padded[d];
            k->slide(counts, outer, t->padded[d], inner, j->window->size[d], r->sliding);
            outer *= t->padded[d];
        }
    return counts;
}

/* The sums over the windows of a line of outputs, the first of which begins at `place`; NULL without counts. */
static const void *sum_line(const fm_job *j, const fm_tract *t, const fm_room *r, const char *counts, ptrdiff_t place,
                            char *sums)
{
    ptrdiff_t count = t->extent[j->inner];
    if (!counts)
        return NULL;
    const char *first = counts + (place << j->count_width);
    if (j->window->footprint)
        j->counts->run_sums(&r->places, first, count, sums);
    else
        j->counts->slide_row(first, count, j->window->size[j->inner], r->sliding, sums);
    memset(sums + (count << j->count_width), 0, (size_t)(t->out_line - count) << j->count_width);
    return sums;
}

/* Keys of 8 or 16 bits as wider ones, and back. */
static void widen_keys(const fm_job *j, const void *from, ptrdiff_t count, void *to)
{
    const uint8_t *bytes = from;
    const uint16_t *words = from;
    for (ptrdiff_t i = 0; i < count; i++)
        if (j->width == 2)
            ((int32_t *)to)[i] = j->type_width ? words[i] : bytes[i];
        else
            ((uint16_t *)to)[i] = bytes[i];
}

static void narrow_keys(const fm_job *j, const void *from, ptrdiff_t count, void *to)
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
static int find_wanted(const fm_job *j, const fm_tract *t, const fm_room *r, ptrdiff_t place)
{
    ptrdiff_t count = t->extent[j->inner];
    const void *missing = sum_line(j, t, r, r->missing_counts, place, r->missing_sums);
    const void *lows = sum_line(j, t, r, r->low_counts, place, r->low_sums);
    const void *nans = sum_line(j, t, r, r->nan_counts, place, r->nan_sums);
    return j->counts->wanted(&j->ranks, missing, lows, nans, count, r->to, j->missing->mean ? r->to_lower : NULL,
                             r->findings);
}

/* Steps from what the usual rank gave to what is wanted, and from there to the lower one of two middles. */
static void step_keys(const fm_job *j, const fm_tract *t, const fm_room *r, ptrdiff_t place, int found, char *chosen,
                      char *lower)
{
    ptrdiff_t count = t->extent[j->inner];
    const char *first = r->keys + (place << j->width);
    if (found & FM_MOVED)
        j->keys->step(&r->places, first, j->ranks.rank, NULL, r->to, r->findings, FM_MOVED, count, chosen);
    if (found & FM_TWO) {
        memcpy(lower, chosen, (size_t)t->out_line << j->width);
        j->keys->step(&r->places, first, j->ranks.rank, r->to, r->to_lower, r->findings, FM_TWO, count, lower);
    }
}

/* The same for keys of the type's width. */
static void step_line(const fm_job *j, const fm_tract *t, const fm_room *r, ptrdiff_t place, int found, char *chosen,
                      char *lower)
{
    ptrdiff_t count = t->extent[j->inner];
    if (j->width == j->type_width) {
        step_keys(j, t, r, place, found, chosen, lower);
        return;
    }
    widen_keys(j, chosen, count, r->chosen);
    step_keys(j, t, r, place, found, r->chosen, r->lower);
    narrow_keys(j, r->chosen, count, chosen);
    if (found & FM_TWO)
        narrow_keys(j, r->lower, count, lower);
}

/* Makes the line of outputs right, of which one window begins at `place` and which is the row-th of the block.
 * Returns whether there are two middles somewhere, of which the other is then in `lower`. */
static int correct_line(const fm_job *j, const fm_tract *t, fm_room *r, ptrdiff_t place, ptrdiff_t row, char *chosen,
                        char *lower)
{
    ptrdiff_t count = t->extent[j->inner];
    int found = find_wanted(j, t, r, place);
    if (j->numbers)
        j->type_keys->filter_row(&r->tile, (int)j->window->size[j->inner], (int)j->window->size[j->outer], (int)row,
                                 &(fm_wanted){j->ranks.rank, r->to, r->to_lower, r->findings}, count, chosen, lower);
    else if (found & (FM_MOVED | FM_TWO))
        step_line(j, t, r, place, found, chosen, lower);
    if (found & FM_NONE)
        j->type_keys->settle(r->to, r->findings, count, j->empty, j->nan, chosen);
    if (found & FM_NONE && found & FM_TWO)
        j->type_keys->settle(r->to, r->findings, count, j->empty, j->nan, lower);
    return found & FM_TWO;
}

/* The deviations from a line of medians, which they take the place of. */
static void deviate_line(const fm_job *j, const fm_tract *t, const fm_room *r, fm_presence is, ptrdiff_t place, char *medians)
{
    ptrdiff_t count = t->extent[j->inner];
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

/* Finds the element of the usual rank of all windows, and of an even number the one below. 0 if it could not. */
static int find_usual(const fm_lane *lane, const fm_tract *t, const fm_room *r, int complete)
{
    const fm_job *j = lane->job;
    if (j->numbers && !complete) {
        j->type_keys->begin_tile(r->type_keys, r->flags, t->line, (int)t->padded[j->inner], (int)t->padded[j->outer],
                                 (fm_tile *)&r->tile);
        return 1;
    }
    return filter_block(lane, t, r->type_keys, j->ranks.rank, r->type_chosen) &&
           (!complete || !has_two_middles(j) ||
            filter_block(lane, t, r->type_keys, j->ranks.rank - 1, r->type_lower));
}

/* Makes ready for correct_line and deviate_line. What there is none of is not counted. */
static void prepare(const fm_job *j, const fm_tract *t, fm_presence is, int complete, fm_room *r)
{
    if (!(j->numbers && !complete) && (!complete || j->deviates)) {
        fm_find_places(j, t->stride, &r->places);
        if (j->width != j->type_width)
            widen_keys(j, r->type_keys, t->lines * t->line, r->keys);
    }
    r->missing_counts = is.missing ? count_flags(j, t, r, FM_IS_MISSING, r->missing_counts) : NULL;
    r->low_counts = is.lows ? count_flags(j, t, r, FM_IS_LOW, r->low_counts) : NULL;
    r->nan_counts = is.nans ? count_flags(j, t, r, FM_IS_NAN, r->nan_counts) : NULL;
    if (j->deviates && is.missing)
        j->keys->shut_out(r->flags, t->lines * t->line, r->high, r->low);
}

int fm_make_block(const fm_lane *lane, const fm_tract *t, void *scratch)
{
    fm_job *j = lane->job;
    fm_room r = fm_lay_out_block(j, t, scratch);
    const fm_presence is = fm_read_block(j, t, &r);
    const int complete = !is.missing && !is.nans;
    if (!find_usual(lane, t, &r, complete))
        return 0;
    prepare(j, t, is, complete, &r);
    ptrdiff_t at[FM_MAX_NDIM] = {0}, to[FM_MAX_NDIM];
    ptrdiff_t line = 0, looked = 0, count = t->extent[j->inner];
    do {
        looked += count * j->ranks.elements;
        if (looked > LOOK_EVERY && fm_lane_stops((void *)lane))
            return 0;
        looked = looked > LOOK_EVERY ? 0 : looked;
        ptrdiff_t place = 0, out = line * t->out_line << j->type_width;
        for (int d = 0; d < j->ndim; d++) {
            place += at[d] * t->stride[d];
            to[d] = t->start[d] + at[d];
        }
        char *chosen = r.type_chosen + out, *lower = j->missing->mean ? r.type_lower + out : NULL;
        if (complete ? has_two_middles(j) : correct_line(j, t, &r, place, line, chosen, lower))
            fm_mean_keys(j->input->type, chosen, lower, count);
        if (j->median)
            fm_write_keys(j->median, to, j->inner, count, chosen);
        if (j->deviates)
            deviate_line(j, t, &r, is, place, chosen);
        if (j->cleaning)
            fm_clean_line(j->cleaning, to, j->inner, count, j->deviates ? chosen : NULL);
        else
            fm_write_keys(j->output, to, j->inner, count, chosen);
        line++;
    } while (fm_advance(at, t->extent, j->ndim, j->inner));
    return 1;
}
