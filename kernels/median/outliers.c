/* fm_remove_outliers: medians, of which most are then overwritten by what was there, block by block while both are
 * in the cache. */
#include "outliers.h"
#include "arithmetic/widen.h"
#include "missing.h"
#include "select.h"

#include <string.h>

enum { SOME = 512 }; /* elements of a line that are looked at together */

/* Lines of an array, as the bits of its elements. */
typedef struct {
    fm_array bits;
    int plain; /* whether they lie side by side in native byte order */
} lines;

static lines lines_of(const fm_array *array, int axis)
{
    lines l = {.bits = fm_as_bits(array)};
    l.plain = fm_is_plain(&l.bits, axis);
    return l;
}

/* Neighbours in native byte order: where they are, or in `room`. */
static void *elements_at(const lines *l, const ptrdiff_t *at, int axis, ptrdiff_t count, void *room)
{
    static const fm_mode modes[FM_MAX_NDIM]; /* not looked at: all is inside */
    if (l->plain)
        return fm_address(&l->bits, at);
    fm_read_keys(&(fm_source){&l->bits, modes, 0}, at, axis, count, room);
    return room;
}

/* Doubles hold the differences of such numbers exactly. */
static void keep_halves(const fm_outliers *outliers, const void *elements, void *medians, ptrdiff_t count,
                        uint8_t *replaced)
{
    double x[SOME], y[SOME];
    uint8_t kept[SOME];
    fm_widen(FM_F16, elements, (size_t)count, x);
    fm_widen(FM_F16, medians, (size_t)count, y);
    fm_active->missing[fm_key_width(FM_F64)]->keep(outliers, FM_F64, x, y, NULL, count, replaced);
    for (ptrdiff_t i = 0; i < count; i++)
        kept[i] = !replaced[i];
    fm_active->missing[fm_key_width(FM_F16)]->keep_flagged(kept, elements, medians, count);
}

/* What a box of outputs has in common. */
typedef struct {
    const fm_cleaning *cleaning;
    lines input, output, mask, replaced;
    int axis;
} box;

static box box_along(const fm_cleaning *c, int axis)
{
    box b = {.cleaning = c, .input = lines_of(c->input, axis), .output = lines_of(c->output, axis), .axis = axis};
    if (c->mask)
        b.mask = lines_of(c->mask, axis);
    if (c->replaced)
        b.replaced = lines_of(c->replaced, axis);
    return b;
}

/* Cleans up to SOME outputs. */
static void clean_some(const box *b, const ptrdiff_t *at, ptrdiff_t count, const void *deviations)
{
    const fm_cleaning *c = b->cleaning;
    const fm_type type = c->input->type;
    const fm_missing_kernels *k = fm_active->missing[fm_key_width(type)];
    int64_t input_room[SOME], output_room[SOME], deviation_room[SOME];
    uint8_t mask_room[SOME], replaced_room[SOME];
    const void *elements = elements_at(&b->input, at, b->axis, count, input_room);
    void *medians = elements_at(&b->output, at, b->axis, count, output_room);
    uint8_t *replaced = b->replaced.plain ? (uint8_t *)fm_address(c->replaced, at) : replaced_room;
    if (c->mask)
        k->keep_flagged(elements_at(&b->mask, at, b->axis, count, mask_room), elements, medians, count);
    if (deviations) {
        const fm_key_type keys = fm_key_types[fm_deviation_type(type)];
        fm_active->write_keys((char *)deviation_room, keys.size, count, keys, 0, deviations);
    }
    if (type == FM_F16)
        keep_halves(&c->outliers, elements, medians, count, replaced);
    else
        k->keep(&c->outliers, type, elements, medians, deviations ? deviation_room : NULL, count, replaced);
    if (!b->output.plain)
        fm_write_keys(&b->output.bits, at, b->axis, count, medians);
    if (c->replaced && !b->replaced.plain)
        fm_write_keys(c->replaced, at, b->axis, count, replaced);
}

/* Leaves `at` as it was found: to copy what was just written in parts would take longer than all else here. */
static void clean_line(const box *b, ptrdiff_t *at, ptrdiff_t count, const char *deviations)
{
    const int size = fm_key_types[b->cleaning->input->type].size;
    const ptrdiff_t start = at[b->axis];
    for (ptrdiff_t i = 0; i < count; i += SOME) {
        at[b->axis] = start + i;
        clean_some(b, at, count - i < SOME ? count - i : SOME, deviations ? deviations + i * size : NULL);
    }
    at[b->axis] = start;
}

void fm_clean_line(const fm_cleaning *c, const ptrdiff_t *at, int axis, ptrdiff_t count, const void *deviations)
{
    const box b = box_along(c, axis);
    ptrdiff_t from[FM_MAX_NDIM];
    memcpy(from, at, (size_t)c->input->ndim * sizeof *from);
    clean_line(&b, from, count, deviations);
}

void fm_clean_box(const fm_cleaning *c, const ptrdiff_t *start, const ptrdiff_t *extent, int axis)
{
    const int ndim = c->input->ndim;
    const box b = box_along(c, axis);
    ptrdiff_t at[FM_MAX_NDIM];
    memcpy(at, start, (size_t)ndim * sizeof *at);
    for (int d = 0; d >= 0;) {
        clean_line(&b, at, extent[axis], NULL);
        for (d = ndim - 1; d >= 0; at[d] = start[d], d--)
            if (d != axis && ++at[d] < start[d] + extent[d])
                break;
    }
}

static fm_status check(const fm_array *input, const fm_array *replaced, const fm_window *window,
                       const fm_outliers *outliers)
{
    if (!(outliers->threshold >= 0) || (unsigned)outliers->side >= FM_SIDE_COUNT ||
        (outliers->deviations && input->type == FM_F16) || input->ndim < 1 || input->ndim > FM_MAX_NDIM ||
        (replaced && (replaced->type != FM_BOOL || replaced->ndim != input->ndim)))
        return FM_INVALID;
    for (int d = 0; d < input->ndim; d++)
        if (window->mode[d] == FM_VALID || (replaced && replaced->shape[d] != input->shape[d]))
            return FM_INVALID;
    return FM_OK;
}

/* Whether no window can lack an element. */
static int is_all_there(const fm_array *input, const fm_window *window, const fm_missing *missing)
{
    for (int d = 0; d < input->ndim; d++)
        if (window->mode[d] == FM_TRUNCATE)
            return 0;
    return !missing->mask && (missing->nan_policy == FM_NAN_LAST || input->type < FM_F16);
}

fm_status fm_remove_outliers(const fm_array *input, const fm_array *output, const fm_array *replaced,
                             const fm_window *window, const fm_missing *missing, const fm_outliers *outliers,
                             int workers, const fm_watch *watch)
{
    fm_status status = check(input, replaced, window, outliers);
    if (status != FM_OK)
        return status;
    const fm_cleaning cleaning = {*outliers, input, output, missing->mask, replaced};
    if (outliers->deviations || !is_all_there(input, window, missing))
        return fm_clean_missing(input, &cleaning, window, missing, workers, watch);
    fm_window middle = *window;
    middle.rank = fm_count_elements(window, input->ndim) / 2;
    return fm_rank_filter_then(input, output, &middle, &cleaning, workers, watch);
}
