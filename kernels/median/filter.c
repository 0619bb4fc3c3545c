/* fm_rank_filter: checks the call, chooses an engine and runs it. */
#include "select.h"

static const fm_engines *engines_of(fm_type type)
{
    int width = 0;
    while (1 << width < fm_key_types[type].size)
        width++;
    return fm_active->engines[width];
}

/* FM_NO_MEMORY stands for windows of more elements than can be counted. */
static fm_status check(const fm_array *input, const fm_array *output, const fm_window *w, ptrdiff_t *count)
{
    if (input->ndim < 1 || input->ndim > FM_MAX_NDIM || output->ndim != input->ndim ||
        input->type != output->type || (unsigned)input->type >= FM_TYPE_COUNT)
        return FM_INVALID;
    for (int d = 0; d < input->ndim; d++) {
        ptrdiff_t first;
        if (input->shape[d] < 0 || w->size[d] < 1 || (unsigned)w->mode[d] >= FM_MODE_COUNT ||
            w->mode[d] == FM_TRUNCATE || output->shape[d] != fm_windows(input->shape[d], w->size[d], w->mode[d]) || __builtin_add_overflow(w->size[d] / 2, w->origin[d], &first) ||
            first < 0 || first >= w->size[d] || (w->mode[d] == FM_CONSTANT && !w->fill))
            return FM_INVALID;
        /* so that positions in the border, doubled, cannot overflow */
        if (w->size[d] > PTRDIFF_MAX / 8 || input->shape[d] > PTRDIFF_MAX / 8)
            return FM_NO_MEMORY;
    }
    *count = fm_count_elements(w, input->ndim);
    if (*count < 0)
        return FM_NO_MEMORY;
    return w->rank < 0 || w->rank >= *count ? FM_INVALID : FM_OK;
}

fm_status fm_rank_filter(const fm_array *input, const fm_array *output, const fm_window *window, int workers,
                         const fm_watch *watch)
{
    ptrdiff_t count;
    fm_status status = check(input, output, window, &count);
    if (status != FM_OK)
        return status;
    for (int d = 0; d < input->ndim; d++)
        if (output->shape[d] == 0)
            return FM_OK;
    fm_filter filter = {
        .source = {input, window->mode, window->fill ? fm_key_of(window->fill, input->type) : 0},
        .output = output,
        .size = window->size,
        .rank = window->rank,
        .watch = watch,
    };
    for (int d = 0; d < input->ndim; d++)
        filter.lead[d] = window->mode[d] == FM_VALID ? 0 : window->size[d] / 2 + window->origin[d];
    fm_window plain = *window;
    if (window->footprint && count == fm_count_places(window, input->ndim))
        plain.footprint = NULL;
    return fm_run_best(&filter, engines_of(input->type), &plain, count, workers);
}
