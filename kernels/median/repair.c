/* Boxes of outputs from whose windows little is missing.
 *
 * A box is copied with its border, missing elements being replaced by the highest element or the lowest, and the
 * plain filter makes its outputs from the copy. The replacement is such that the usual rank is right for windows that
 * miss one element; the others, few, are found by counting what is missing from them, and corrected by the steps of
 * stepping.c. A box from which nothing is missing is filtered as it is.
 *
 * A box extends along two axes, and so do the windows: lines lie along the inner axis, one after the other along
 * the outer one.
 */
#include "repair.h"

#include "select.h"

enum {
    MOST_ELEMENTS = UINT8_MAX, /* of windows: most of larger ones miss something. Counts are bytes */
    SMALLEST_BOX = 1 << 11,    /* outputs: smaller ones are better filtered together */
    LOOK_EVERY = 1 << 18,      /* elements of windows: well below a millisecond */
};

int fm_suits_repair(fm_job *j)
{
    const ptrdiff_t n = j->ranks.elements, *size = j->window->size;
    j->outer = -1;
    for (int d = 0; d < j->ndim; d++) {
        if (j->window->mode[d] == FM_CONSTANT && (j->omits || j->poisons) && j->source.fill == j->nan)
            return 0;
        if (d != j->inner && (j->outer < 0 || size[d] > size[j->outer] ||
                              (size[d] == size[j->outer] && j->region.span[d] > j->region.span[j->outer])))
            j->outer = d;
    }
    return n <= MOST_ELEMENTS && fm_count_places(j->window, j->ndim) == size[j->inner] * fm_along(size, j->outer) &&
           j->region.span[j->inner] * fm_along(j->region.span, j->outer) >= SMALLEST_BOX && n > 1 && j->ranks.table && !j->deviates && !j->missing->mean;
}

static fm_repair lay_out(const fm_job *j, const fm_tract *t, void *scratch)
{
    const size_t key = (size_t)1 << j->type_width, line = (size_t)t->line, out_line = (size_t)t->out_line;
    fm_repair r = {.box = t};
    r.lines = (int)fm_along(t->extent, j->outer);
    r.columns = (int)t->extent[j->inner];
    r.height = (int)fm_along(j->window->size, j->outer);
    r.width = (int)j->window->size[j->inner];
    r.padded = r.columns + r.width - 1;
    r.most = fm_most_holes(j, t);
    char *p = scratch;
    r.mirrored = fm_take(&p, line * sizeof *r.mirrored);
    r.rows = fm_take(&p, (size_t)(r.lines + r.height) * sizeof *r.rows);
    r.list = fm_take(&p, (size_t)r.most * sizeof *r.list);
    r.first = fm_take(&p, (size_t)(r.lines + r.height) * sizeof *r.first);
    r.mixture.cells = fm_take(&p, line * sizeof *r.mixture.cells);
    r.copy = fm_take(&p, ((size_t)t->lines * line + FM_CHUNK) * key); /* whole vectors are read from the last ones on */
    r.line = fm_take(&p, line * key);
    r.flags = fm_take(&p, line);
    r.found = fm_take(&p, line * sizeof *r.found);
    r.holed = fm_take(&p, line / 64 * 8 + 8);
    r.gone = fm_take(&p, line);
    r.low = fm_take(&p, line);
    r.nan = fm_take(&p, line);
    r.gone_sums = fm_take(&p, out_line);
    r.low_sums = fm_take(&p, out_line);
    r.nan_sums = fm_take(&p, out_line);
    r.sliding = fm_take(&p, 2 * line);
    r.to = fm_take(&p, out_line * sizeof *r.to);
    r.findings = fm_take(&p, out_line / FM_CHUNK);
    r.chosen = fm_take(&p, out_line * key);
    r.places.start = fm_take(&p, (size_t)j->run_count * sizeof *r.places.start);
    r.places.length = fm_take(&p, (size_t)j->run_count * sizeof *r.places.length);
    r.bytes = (size_t)(p - (char *)scratch);
    return r;
}

size_t fm_repair_scratch(const fm_job *j)
{
    return lay_out(j, &j->box, NULL).bytes;
}

static int filter_copy(const fm_lane *lane, const fm_repair *r)
{
    const fm_job *j = lane->job;
    static const ptrdiff_t origin[FM_MAX_NDIM];
    const fm_tract *t = r->box;
    fm_mode mode[FM_MAX_NDIM];
    ptrdiff_t strides[FM_MAX_NDIM];
    for (int d = 0; d < j->ndim; d++) {
        mode[d] = FM_VALID;
        strides[d] = t->stride[d] << j->type_width;
    }
    const fm_array in = {.data = r->copy, .type = j->input->type, .ndim = j->ndim, .shape = t->padded, .strides = strides};
    fm_array out = *j->output;
    out.data = fm_address(j->output, t->start);
    out.shape = t->extent;
    const fm_window window = {.size = j->window->size, .origin = origin, .mode = mode,
                              .footprint = j->window->footprint, .rank = j->ranks.rank};
    return fm_lane_goes_on(lane, fm_rank_filter(&in, &out, &window, 1, &(fm_watch){fm_lane_stops, (void *)lane}));
}

/* Filters a box from which nothing is missing. */
static int filter_as_it_is(const fm_lane *lane, const fm_tract *box)
{
    const fm_job *j = lane->job;
    fm_array output = *j->output;
    fm_window window = *j->window;
    output.data = fm_address(j->output, box->start);
    output.shape = box->extent;
    window.rank = j->ranks.rank;
    return fm_lane_goes_on(lane, fm_rank_filter_box(j->input, &output, &window, box->start, 1,
                                                    &(fm_watch){fm_lane_stops, (void *)lane}));
}

/* How many holes of the kind that there is leave the usual rank right; where they are mixed, one alone does. */
static void find_harmless(const fm_job *j, fm_repair *r)
{
    const fm_mixture *m = &r->mixture;
    r->harmless_low = m->fresh + m->share >= FM_MIXTURE_ALL;
    r->harmless = m->share ? 1 : (int)j->ranks.still;
    while (m->share == FM_MIXTURE_ALL && r->harmless + 1 < j->ranks.elements &&
           j->ranks.table[r->harmless + 1] + r->harmless + 1 == j->ranks.rank)
        r->harmless++;
}

/* Makes ready for a box. */
static void begin(const fm_job *j, fm_repair *r)
{
    const size_t line = (size_t)r->box->line;
    r->bits = fm_as_bits(j->input);
    r->elements = (fm_source){&r->bits, j->window->mode, 0};
    const fm_key_type k = fm_key_types[j->input->type];
    fm_active->write_keys((char *)&r->elements.fill, k.size, 1, k, 0, &j->source.fill);
    fm_find_inside(j, r);
    r->outputs = fm_is_plain(j->output, j->inner) ? fm_address(j->output, r->box->start) : NULL;
    fm_find_places(j, r->box->stride, &r->places);
    fm_mix(j, r->box->line, &r->mixture);
    find_harmless(j, r);
    memset(r->holed, 0, line / 64 * 8 + 8);
    memset(r->gone, 0, line);
    memset(r->low, 0, line);
    memset(r->nan, 0, line);
    memset(r->chosen, 0, (size_t)r->box->out_line << j->type_width);
}

/* Makes outputs of a box from its copy. 0 if it was stopped or failed. */
static int filter_box(const fm_lane *lane, fm_repair *r)
{
    const fm_job *j = lane->job;
    fm_replace_holes(j, r);
    if (!filter_copy(lane, r))
        return 0;
    ptrdiff_t looked = 0;
    for (int y = 0; y < r->lines; y++) {
        looked += r->columns * j->ranks.elements;
        if (looked > LOOK_EVERY && fm_lane_stops((void *)lane))
            return 0;
        looked = looked > LOOK_EVERY ? 0 : looked;
        fm_correct_row(j, r, y);
    }
    return 1;
}

int fm_repair_box(const fm_lane *lane, const fm_tract *box, void *scratch)
{
    fm_repair r = lay_out(lane->job, box, scratch);
    begin(lane->job, &r);
    if (!fm_find_holes(lane->job, &r))
        return 0;
    return r.count || fm_is_extreme(lane->job) ? filter_box(lane, &r) : filter_as_it_is(lane, box);
}
