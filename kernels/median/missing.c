/* fm_rank_filter_missing and fm_mad_filter: windows from which elements are missing.
 *
 * The outputs are cut into boxes, these into blocks (missing_tracts.c). Where little is missing, a box is filtered
 * as if nothing were, and the windows that hold something missing are filtered again (repair.c); elsewhere blocks
 * are (missing_block.c).
 */
#include "missing_job.h"
#include "outliers.h"
#include "pool.h"
#include "select.h"

#include "arithmetic/widen.h"

#include <math.h>
#include <stdlib.h>

enum { LARGEST_TABLE = 1 << 16 };

/* ---- The call ---- */

/* The narrowest keys that can count the elements. */
static int width_of_count(ptrdiff_t elements)
{
    return elements <= UINT8_MAX ? 0 : elements <= UINT16_MAX ? 1 : elements <= INT32_MAX ? 2 : 3;
}

static fm_status check(const fm_array *input, const fm_array *output, fm_type type, const fm_window *w,
                       const fm_missing *m)
{
    if (output->type != type || !m->empty || (unsigned)m->nan_policy > FM_NAN_PROPAGATE ||
        !(m->percent >= 0 && m->percent <= 100) ||
        (m->mask && (m->mask->ndim != input->ndim || m->mask->type != FM_BOOL)))
        return FM_INVALID;
    fm_status status = fm_check_windows(input, output, w);
    for (int d = 0; d < input->ndim && status == FM_OK && m->mask; d++)
        if (m->mask->shape[d] != input->shape[d])
            return FM_INVALID;
    return status;
}

static ptrdiff_t rank_without(const fm_ranks *ranks, ptrdiff_t missing)
{
    return fm_rank_among(ranks->percent, ranks->offset, ranks->elements - missing);
}

static int32_t find_halves(const fm_ranks *ranks)
{
    int32_t halves = (int32_t)(ranks->percent / 50);
    int small = ranks->elements < INT32_MAX / 4 && ranks->offset < INT32_MAX / 4 && ranks->offset > INT32_MIN / 4;
    return small && halves * 50 == ranks->percent ? halves : -1;
}

/* The wanted rank by the number of missing elements, if that is a byte or to be computed by division. NULL where it
 * would be long, or without memory. */
static uint32_t *make_table(const fm_ranks *ranks)
{
    ptrdiff_t n = ranks->elements;
    int pays = n <= UINT8_MAX || (ranks->halves < 0 && n < LARGEST_TABLE);
    uint32_t *table = pays ? malloc((size_t)(n + 1) * sizeof *table) : NULL;
    for (ptrdiff_t missing = 0; table && missing <= n; missing++)
        table[missing] = missing == n ? FM_EMPTY : (uint32_t)rank_without(ranks, missing);
    return table;
}

/* ---- The work ---- */

int fm_lane_stops(void *lane)
{
    const fm_lane *l = lane;
    fm_job *j = l->job;
    if (l->lane == 0 && !atomic_load(&j->stopped) && j->watch && j->watch->stop && j->watch->stop(j->watch->context))
        atomic_store(&j->stopped, 1);
    return atomic_load(&j->stopped);
}

int fm_lane_goes_on(const fm_lane *lane, fm_status status)
{
    if (status != FM_OK && status != FM_STOPPED)
        atomic_store(&lane->job->failed, (int)status);
    if (status != FM_OK)
        atomic_store(&lane->job->stopped, 1);
    return status == FM_OK;
}

static void make_box(void *context, ptrdiff_t index, int number)
{
    fm_job *j = context;
    const fm_lane lane = {j, number};
    char *scratch = j->scratch + (size_t)number * j->scratch_bytes;
    fm_tract box, block;
    if (atomic_load_explicit(&j->stopped, memory_order_relaxed))
        return;
    fm_tract_at(j, &j->region, &j->box, index, &box);
    const int done = j->weighs ? fm_weigh_block(&lane, &box, scratch) : j->repairs && fm_repair_box(&lane, &box, scratch);
    if (done && j->cleaning)
        fm_clean_box(j->cleaning, box.start, box.extent, j->inner);
    if (done || j->weighs)
        return;
    fm_region inside;
    memcpy(inside.from, box.start, sizeof inside.from);
    memcpy(inside.span, box.extent, sizeof inside.span);
    ptrdiff_t blocks = fm_count_tracts(j, &inside, &j->block);
    for (ptrdiff_t i = 0; i < blocks && !fm_lane_stops((void *)&lane); i++) {
        fm_tract_at(j, &inside, &j->block, i, &block);
        if (!fm_make_block(&lane, &block, scratch))
            return;
    }
}

/* Chooses how outputs are cut, and how much scratch memory that takes. 0 if there are more elements than can be counted. */
static int cut(fm_job *j)
{
    if (j->weighs) {
        fm_choose_weighed(j);
        j->box = j->block;
        j->scratch_bytes = fm_weighed_scratch(j);
        return 1;
    }
    if (!fm_choose_blocks(j) || (j->repairs && !fm_choose_boxes(j)))
        return 0;
    j->scratch_bytes = fm_lay_out_block(j, &j->block, NULL).bytes;
    if (!j->repairs)
        j->box = j->block;
    else if (j->scratch_bytes < fm_repair_scratch(j))
        j->scratch_bytes = fm_repair_scratch(j);
    return 1;
}

static fm_status make_boxes(fm_job *j, int workers)
{
    if (!cut(j))
        return FM_NO_MEMORY;
    ptrdiff_t boxes = fm_count_tracts(j, &j->region, &j->box);
    workers = fm_workers(workers, boxes);
    void *memory = j->scratch_bytes > (SIZE_MAX - 64) / (size_t)workers
                       ? NULL
                       : malloc((size_t)workers * j->scratch_bytes + 64);
    if (!memory)
        return FM_NO_MEMORY;
    j->scratch = (char *)memory + (64 - (uintptr_t)memory % 64);
    fm_lane lane = {j, 0};
    fm_status status = fm_parallel(boxes, workers, make_box, j, &(fm_watch){fm_lane_stops, &lane});
    free(memory);
    int failed = atomic_load(&j->failed);
    return failed ? (fm_status)failed : status;
}

/* Makes the outputs of the region, with or without repair.c. */
static fm_status make_region(fm_job *j, int may_repair, int workers)
{
    for (int d = 0; d < j->ndim; d++)
        if (j->region.span[d] <= 0)
            return FM_OK;
    j->inner = fm_choose_inner(j);
    j->numbers = fm_suits_numbers(j);
    j->weighs = fm_suits_weights(j);
    j->repairs = may_repair && !j->numbers && !j->weighs && fm_suits_repair(j);
    j->width = j->type_width > j->count_width || j->numbers ? j->type_width : j->count_width;
    j->keys = fm_active->missing[j->width];
    j->runs = j->weighs ? NULL : fm_find_runs(j->window, j->ndim, j->inner, &j->run_count);
    fm_status status = j->runs || j->weighs ? make_boxes(j, workers) : FM_NO_MEMORY;
    free(j->runs);
    return status;
}

/* ---- Borders that end windows ---- */

/* Outputs along an axis, and those among them from which windows reach beyond a truncating border. */
static void find_edges(const fm_job *j, int axis, ptrdiff_t *low, ptrdiff_t *high)
{
    ptrdiff_t n = j->output->shape[axis], after = j->window->size[axis] - 1 - j->lead[axis];
    int truncates = j->window->mode[axis] == FM_TRUNCATE;
    *low = !truncates ? 0 : j->lead[axis] < n ? j->lead[axis] : n;
    *high = !truncates ? n : n - after > *low ? n - after : *low;
}

/* Whether most windows lie inside, or rather do not reach beyond a truncating border. */
static int is_mostly_inside(const fm_job *j)
{
    double inside = 1;
    for (int d = 0; d < j->ndim; d++) {
        ptrdiff_t low, high;
        find_edges(j, d, &low, &high);
        inside *= (double)(high - low) / (double)j->output->shape[d];
    }
    return inside > 0.5;
}

/* The edges, and then what is inside of them, from which less is missing. */
static fm_status make_edges_and_inside(fm_job *j, int workers)
{
    fm_status status = FM_OK;
    for (int d = 0; d < j->ndim && status == FM_OK; d++) {
        ptrdiff_t low, high, n = j->output->shape[d];
        find_edges(j, d, &low, &high);
        j->region.span[d] = low;
        status = make_region(j, 0, workers);
        j->region.from[d] = high;
        j->region.span[d] = n - high;
        if (status == FM_OK)
            status = make_region(j, 0, workers);
        j->region.from[d] = low; /* what is left to do lies in between */
        j->region.span[d] = high - low;
    }
    return status == FM_OK ? make_region(j, 1, workers) : status;
}

int64_t fm_float_key(fm_type type, double number)
{
    double element = number; /* room for any */
    if (type != FM_F64)
        fm_narrow(type, &number, 1, &element);
    return fm_key_of(&element, type);
}

/* A box's size and origin along an axis, without what lies beyond a truncating border whatever the output. */
static void clip(const fm_job *j, int axis, ptrdiff_t *size, ptrdiff_t *origin)
{
    const ptrdiff_t most = j->input->shape[axis] - 1, lead = fm_lead(j->window, axis);
    const ptrdiff_t after = j->window->size[axis] - 1 - lead, before = lead < most ? lead : most;
    *size = j->window->size[axis];
    *origin = j->window->origin[axis];
    if (j->window->mode[axis] != FM_TRUNCATE || j->window->footprint || (lead <= most && after <= most))
        return;
    *size = before + 1 + (after < most ? after : most);
    *origin = before - *size / 2;
}

/* Both filters: whether deviations are wanted is in the job. */
static fm_status filter(fm_job *j, int workers)
{
    const fm_array *input = j->input, *output = j->output;
    ptrdiff_t size[FM_MAX_NDIM], origin[FM_MAX_NDIM];
    for (int d = 0; d < output->ndim; d++) {
        if (output->shape[d] == 0)
            return FM_OK;
        clip(j, d, &size[d], &origin[d]);
    }
    fm_window clipped = *j->window;
    clipped.size = size;
    clipped.origin = origin;
    const fm_window *window = j->window = &clipped;
    const fm_missing *missing = j->missing;
    ptrdiff_t elements = fm_count_elements(window, input->ndim);
    if (elements < 1)
        return elements < 0 ? FM_NO_MEMORY : FM_INVALID;
    int is_float = fm_key_types[input->type].kind == KEY_FLOAT;
    j->source = (fm_source){input, window->mode, window->fill ? fm_key_of(window->fill, input->type) : 0};
    j->mask = (fm_source){missing->mask, window->mode, 0};
    j->ndim = input->ndim;
    j->type_width = fm_key_width(input->type);
    j->count_width = width_of_count(elements);
    j->type_keys = fm_active->missing[j->type_width];
    j->counts = fm_active->missing[j->count_width];
    j->empty = fm_key_of(missing->empty, output->type);
    j->nan = is_float ? fm_float_key(input->type, NAN) : 0;
    j->omits = is_float && missing->nan_policy == FM_NAN_OMIT;
    j->poisons = is_float && missing->nan_policy == FM_NAN_PROPAGATE;
    for (int d = 0; d < input->ndim; d++)
        j->lead[d] = fm_lead(window, d);

    fm_ranks *ranks = &j->ranks;
    *ranks = (fm_ranks){.elements = elements, .percent = missing->percent, .offset = missing->offset};
    ranks->rank = rank_without(ranks, 0);
    ranks->halves = find_halves(ranks);
    /* as many as may be missing without a difference, or so many that windows seldom have more */
    while (ranks->still < elements - 1 && ranks->still < LARGEST_TABLE &&
           rank_without(ranks, ranks->still + 1) == ranks->rank)
        ranks->still++;
    uint32_t *table = make_table(ranks);
    ranks->table = table;
    memcpy(j->region.span, output->shape, (size_t)j->ndim * sizeof *output->shape);
    fm_status status = is_mostly_inside(j) ? make_edges_and_inside(j, workers) : make_region(j, 0, workers);
    free(table);
    return status;
}

fm_status fm_rank_filter_missing(const fm_array *input, const fm_array *output, const fm_window *window,
                                 const fm_missing *missing, int workers, const fm_watch *watch)
{
    fm_job j = {.input = input, .output = output, .window = window, .missing = missing, .watch = watch};
    fm_status status = check(input, output, input->type, window, missing);
    return status == FM_OK ? filter(&j, workers) : status;
}

fm_type fm_deviation_type(fm_type type)
{
    switch (type) {
    case FM_I8: return FM_U8;
    case FM_I16: return FM_U16;
    case FM_I32: return FM_U32;
    case FM_I64: return FM_U64;
    case FM_F16: return FM_TYPE_COUNT; /* none */
    default: return type;
    }
}

static fm_missing to_middle(const fm_missing *missing)
{
    fm_missing middle = *missing;
    middle.percent = 50;
    middle.offset = middle.mean = 0;
    return middle;
}

fm_status fm_clean_missing(const fm_array *input, const fm_cleaning *cleaning, const fm_window *window,
                           const fm_missing *missing, int workers, const fm_watch *watch)
{
    const fm_array *output = cleaning->output;
    const fm_missing middle = to_middle(missing);
    fm_job j = {.input = input, .output = output, .median = output, .window = window, .missing = &middle,
                .watch = watch, .deviates = cleaning->outliers.deviations, .cleaning = cleaning};
    fm_status status = check(input, output, input->type, window, &middle);
    return status == FM_OK ? filter(&j, workers) : status;
}

fm_status fm_mad_filter(const fm_array *input, const fm_array *output, const fm_array *median,
                        const fm_window *window, const fm_missing *missing, int workers, const fm_watch *watch)
{
    const fm_missing middle = to_middle(missing);
    fm_job j = {.input = input, .output = output, .median = median, .window = window, .missing = &middle,
                .watch = watch, .deviates = 1};
    fm_status status = check(input, output, fm_deviation_type(input->type), window, &middle);
    if (status == FM_OK && median)
        status = check(input, median, input->type, window, &middle);
    return status == FM_OK ? filter(&j, workers) : status;
}
