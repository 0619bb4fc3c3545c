/* fm_rank_filter: checks the call, chooses an engine and runs it. */
#include "select.h"

#include <stdlib.h>

static const fm_engines *engines_of(fm_type type)
{
    return fm_active->engines[fm_key_width(type)];
}

fm_status fm_check_windows(const fm_array *input, const fm_array *output, const fm_window *w)
{
    if (input->ndim < 1 || input->ndim > FM_MAX_NDIM || output->ndim != input->ndim ||
        (unsigned)input->type >= FM_TYPE_COUNT)
        return FM_INVALID;
    for (int d = 0; d < input->ndim; d++) {
        ptrdiff_t first;
        if (input->shape[d] < 0 || w->size[d] < 1 || (unsigned)w->mode[d] >= FM_MODE_COUNT ||
            output->shape[d] != fm_windows(input->shape[d], w->size[d], w->mode[d]) ||
            (w->mode[d] == FM_CONSTANT && !w->fill))
            return FM_INVALID;
        if (w->mode[d] != FM_VALID && (__builtin_add_overflow(w->size[d] / 2, w->origin[d], &first) || first < 0 ||
                                       first >= w->size[d]))
            return FM_INVALID;
        /* so that positions in the border, doubled, cannot overflow */
        if (w->size[d] > PTRDIFF_MAX / 8 || input->shape[d] > PTRDIFF_MAX / 8)
            return FM_NO_MEMORY;
    }
    return FM_OK;
}

ptrdiff_t fm_lead(const fm_window *w, int axis)
{
    return w->mode[axis] == FM_VALID ? 0 : w->size[axis] / 2 + w->origin[axis];
}

/* FM_NO_MEMORY stands for windows of more elements than can be counted. */
static fm_status check(const fm_array *input, const fm_array *output, const fm_window *w, ptrdiff_t *count)
{
    fm_status status = fm_check_windows(input, output, w);
    if (status != FM_OK)
        return status;
    for (int d = 0; d < input->ndim; d++)
        if (w->mode[d] == FM_TRUNCATE)
            return FM_INVALID;
    if (input->type != output->type)
        return FM_INVALID;
    *count = fm_count_elements(w, input->ndim);
    if (*count < 0)
        return FM_NO_MEMORY;
    return w->rank < 0 || w->rank >= *count ? FM_INVALID : FM_OK;
}

/* Copies as many elements as `to` has from the begin of `from`, whose axes are no shorter. */
static void copy_begin(const fm_array *from, const fm_array *to, const fm_mode *mode)
{
    enum { SOME = 512 };
    int64_t keys[SOME];
    const fm_source source = {from, mode, 0};
    const int inner = to->ndim - 1;
    ptrdiff_t at[FM_MAX_NDIM] = {0};
    for (int d = inner; d >= 0;) {
        for (at[inner] = 0; at[inner] < to->shape[inner]; at[inner] += SOME) {
            ptrdiff_t left = to->shape[inner] - at[inner], count = left < SOME ? left : SOME;
            fm_read_keys(&source, at, inner, count, keys);
            fm_write_keys(to, at, inner, count, keys);
        }
        for (d = inner - 1; d >= 0 && ++at[d] == to->shape[d]; d--)
            at[d] = 0;
    }
}

/* Whether a box stays inside along more axes than extremes are made along in one pass. */
static int takes_passes(const fm_window *w, int ndim)
{
    int inside = 0;
    for (int d = 0; d < ndim; d++)
        inside += w->mode[d] == FM_VALID && w->size[d] > 1;
    return inside > 2;
}

/* Further passes are made in an output as large as the input: that is cut off afterwards. */
static fm_status filter_and_cut(const fm_array *input, const fm_array *output, const fm_window *w, int workers,
                                const fm_watch *watch)
{
    fm_mode mode[FM_MAX_NDIM];
    ptrdiff_t origin[FM_MAX_NDIM], strides[FM_MAX_NDIM], bytes = fm_key_types[input->type].size;
    for (int d = input->ndim - 1; d >= 0; d--) {
        int valid = w->mode[d] == FM_VALID;
        mode[d] = valid ? FM_NEAREST : w->mode[d];
        origin[d] = valid ? -(w->size[d] / 2) : w->origin[d];
        strides[d] = bytes;
        if (__builtin_mul_overflow(bytes, input->shape[d], &bytes))
            return FM_NO_MEMORY;
    }
    fm_window window = *w;
    window.mode = mode;
    window.origin = origin;
    fm_array whole = {.data = malloc((size_t)bytes), .type = input->type, .ndim = input->ndim,
                      .shape = input->shape, .strides = strides};
    fm_status status = whole.data ? fm_rank_filter(input, &whole, &window, workers, watch) : FM_NO_MEMORY;
    if (status == FM_OK)
        copy_begin(&whole, output, mode);
    free(whole.data);
    return status;
}

static fm_status run(const fm_array *input, const fm_array *output, const fm_window *window, ptrdiff_t count,
                     const ptrdiff_t *start, const struct fm_cleaning *cleaning, int workers, const fm_watch *watch)
{
    fm_filter filter = {
        .source = {input, window->mode, window->fill ? fm_key_of(window->fill, input->type) : 0},
        .output = output,
        .size = window->size,
        .rank = window->rank,
        .cleaning = cleaning,
        .watch = watch,
    };
    for (int d = 0; d < input->ndim; d++)
        filter.lead[d] = fm_lead(window, d) - (start ? start[d] : 0);
    fm_window plain = *window;
    if (window->footprint && count == fm_count_places(window, input->ndim))
        plain.footprint = NULL;
    return fm_run_best(&filter, engines_of(input->type), &plain, count, workers);
}

fm_status fm_rank_filter_then(const fm_array *input, const fm_array *output, const fm_window *window,
                              const struct fm_cleaning *cleaning, int workers, const fm_watch *watch)
{
    ptrdiff_t count;
    fm_status status = check(input, output, window, &count);
    if (status != FM_OK)
        return status;
    for (int d = 0; d < input->ndim; d++)
        if (output->shape[d] == 0)
            return FM_OK;
    if ((window->rank == 0 || window->rank == count - 1) && count == fm_count_places(window, input->ndim) &&
        takes_passes(window, input->ndim))
        return filter_and_cut(input, output, window, workers, watch);
    return run(input, output, window, count, NULL, cleaning, workers, watch);
}

fm_status fm_rank_filter(const fm_array *input, const fm_array *output, const fm_window *window, int workers,
                         const fm_watch *watch)
{
    return fm_rank_filter_then(input, output, window, NULL, workers, watch);
}

fm_status fm_rank_filter_box(const fm_array *input, const fm_array *output, const fm_window *window,
                             const ptrdiff_t *start, int workers, const fm_watch *watch)
{
    return run(input, output, window, fm_count_elements(window, input->ndim), start, NULL, workers, watch);
}
