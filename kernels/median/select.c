/* Which engine for which window. */
#include "narrow.h"
#include "numbers.h"
#include "select.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LARGEST_PROGRAM = 400, /* elements: networks for more are slow to make and to run */
    LARGEST_EXTREME = 10000, /* the same for minimum and maximum, whose networks are small */
    SMALL = 1000, /* elements of windows that are quick whatever the array */
    WORTH_NARROWING = 10, /* elements: windows of fewer are quick to select from */
    LONG_AXIS = 32, /* elements enough for vectors to run along it */
};

static ptrdiff_t magnitude(ptrdiff_t x)
{
    return x < 0 ? -x : x;
}

/* The axis for vectors to run along, other than `except`: of those that are long enough the one whose elements lie
 * closest; -1 if there is none. */
static int axis_of_lanes(const fm_array *a, int except)
{
    int best = -1;
    for (int d = a->ndim - 1; d >= 0; d--) {
        if (d == except)
            continue;
        int is_long = a->shape[d] >= LONG_AXIS, best_is = best >= 0 && a->shape[best] >= LONG_AXIS;
        if (best < 0 || (is_long && best_is ? magnitude(a->strides[d]) < magnitude(a->strides[best])
                                            : a->shape[d] > a->shape[best]))
            best = d;
    }
    return best;
}

/* For a network: of the two axes along which the window reaches furthest, the one whose elements lie closer
 * is the inner. For a box of one or two dimensions these are all that matter, and a third for one of three. */
static void choose_plane(fm_filter *f, const fm_array *input)
{
    int a = -1, b = -1, c = -1; /* a has the longest window, later axes first among equals */
    for (int d = input->ndim - 1; d >= 0; d--)
        if (a < 0 || f->size[d] > f->size[a]) {
            c = b;
            b = a;
            a = d;
        } else if (b < 0 || f->size[d] > f->size[b]) {
            c = b;
            b = d;
        } else if (c < 0 || f->size[d] > f->size[c])
            c = d;
    if (b >= 0 && f->size[b] == 1) { /* lines: any other axis will do */
        b = axis_of_lanes(input, a);
        c = -1;
    }
    f->far = c;
    f->inner = a;
    f->outer = b;
    if (b >= 0 && magnitude(input->strides[b]) < magnitude(input->strides[a]) &&
        (f->size[b] > 1 || input->shape[b] >= LONG_AXIS)) {
        f->inner = b;
        f->outer = a;
    }
}

/* Whether the filter is the median of 3x3. */
static int is_three(const fm_filter *f, const fm_window *w, ptrdiff_t count)
{
    return !w->footprint && count == 9 && w->rank == 4 && f->size[f->inner] == 3;
}

/* How far apart in a footprint elements are that are neighbours along an axis. */
static ptrdiff_t step_in_footprint(const fm_filter *f, int axis)
{
    ptrdiff_t step = 1;
    for (int d = f->output->ndim - 1; d > axis; d--)
        step *= f->size[d];
    return step;
}

/* Whether the footprint, which has the extent of the network, has its elements. */
static int has_members(const fm_filter *f, const fm_window *w, const fm_network *n, const char *members)
{
    const ptrdiff_t along = step_in_footprint(f, f->inner), down = step_in_footprint(f, f->outer);
    const ptrdiff_t back = f->far < 0 ? 0 : step_in_footprint(f, f->far);
    for (ptrdiff_t z = 0; z < n->planes; z++)
        for (ptrdiff_t y = 0; y < n->rows; y++)
            for (ptrdiff_t x = 0; x < n->columns; x++)
                if ((w->footprint[z * back + y * down + x * along] != 0) != (*members++ == '1'))
                    return 0;
    return 1;
}

static const fm_network *find_shape(const fm_filter *f, const fm_engines *engines, const fm_window *w, ptrdiff_t count)
{
    ptrdiff_t planes = f->far < 0 ? 1 : f->size[f->far], rows = f->outer < 0 ? 1 : f->size[f->outer];
    if (w->rank != count / 2 || fm_count_places(w, f->output->ndim) != planes * rows * f->size[f->inner])
        return NULL;
    for (const fm_shape *s = engines->shapes; s->network.run; s++) {
        const fm_network *n = &s->network;
        if (n->planes == planes && n->rows == rows && n->columns == f->size[f->inner] && n->rank == w->rank &&
            has_members(f, w, n, s->members))
            return n;
    }
    return NULL;
}

static const fm_network *find_network(const fm_filter *f, const fm_engines *engines, const fm_window *w,
                                      ptrdiff_t count)
{
    ptrdiff_t rows = f->outer < 0 ? 1 : f->size[f->outer], columns = f->size[f->inner];
    ptrdiff_t planes = f->far < 0 ? 1 : f->size[f->far];
    if (w->footprint)
        return find_shape(f, engines, w, count);
    if (planes * rows * columns != count)
        return NULL;
    for (const fm_network *n = engines->networks; n->run; n++)
        if (n->planes == planes && n->rows == rows && n->columns == columns && n->rank == w->rank)
            return n;
    return NULL;
}

/* A network for windows of one line, which stands or lies. Short ones of a single row are selected from in place by
 * other networks. */
static const fm_line *find_line(const fm_filter *f, const fm_engines *engines, const fm_window *w, ptrdiff_t count)
{
    const int lies = f->size[f->inner] == count, stands = f->outer >= 0 && f->size[f->outer] == count;
    const int single = lies && count <= FM_LONGEST_SINGLE;
    const int in_place = lies && f->outer < 0 && count <= FM_LONGEST_IN_PLACE;
    if (w->footprint || w->rank != count / 2 || (!lies && !stands) || in_place)
        return NULL;
    for (const fm_line *line = engines->lines; line->run; line++)
        if (line->length == count && (line->tile == 1) == single)
            return line;
    return NULL;
}

/* The engines of small windows. */
typedef enum { THREE, LINE, NETWORK, PROGRAM } small_engine;

static const fm_engine *engine_of(const fm_engines *engines, small_engine small)
{
    switch (small) {
    case THREE: return engines->three;
    case LINE: return engines->line;
    case NETWORK: return engines->network;
    default: return engines->interpret;
    }
}

/* Whether the window is a box in two dimensions with no longer side. */
static int is_rectangle(const fm_filter *f, const fm_window *w, ptrdiff_t count, ptrdiff_t longest)
{
    if (w->footprint || f->outer < 0)
        return 0;
    ptrdiff_t columns = f->size[f->inner], rows = f->size[f->outer];
    return rows * columns == count && rows > 1 && columns > 1 && rows <= longest && columns <= longest;
}

/* ---- Costs ----
 *
 * Nanoseconds an output, as measured with AVX2 (Zen 3 at 3.1 GHz), large arrays and random elements. What is done
 * by vectors becomes cheaper with the number of lanes; the rest is about the same at each instruction set. */

static const double never = 1e30;

static double network_cost(const fm_engines *engines, fm_type type, ptrdiff_t count)
{
    const double comparison = fm_key_types[type].size == 8 ? 0.25 : 0.18; /* most sets have no minimum of 64 bits */
    return comparison * pow((double)count, 1.2) / engines->lanes;
}

static double program_cost(const fm_engines *engines, const fm_program *program)
{
    return 0.3 + 0.4 * fm_program_cost(program) / engines->lanes;
}

static double histogram_cost(const fm_filter *f, const fm_engines *engines, const fm_window *w, ptrdiff_t count)
{
    if (!engines->histogram || !is_rectangle(f, w, count, FM_LONGEST_HISTOGRAM))
        return never;
    return engines->lanes < 32 ? 18 : 8;
}

static double constant_time_cost(const fm_filter *f, const fm_engines *engines, const fm_window *w, ptrdiff_t count)
{
    if (!engines->constant_time || !is_rectangle(f, w, count, FM_LONGEST_CONSTANT))
        return never;
    const ptrdiff_t rows = f->size[f->outer], columns = f->size[f->inner], longer = rows > columns ? rows : columns;
    return longer <= FM_LONGEST_BINNED ? 25 + 0.3 * (double)longer : 46 + 0.17 * (double)longer;
}

/* Sorting, and two elements of each line of the window for a step along it. */
static double ordinal_cost(const fm_filter *f)
{
    double lines = 1, longest = 1;
    for (int d = 0; d < f->output->ndim; d++) {
        lines *= (double)f->size[d];
        longest = (double)f->size[d] > longest ? (double)f->size[d] : longest;
    }
    return 20 + 2.7 * lines / longest;
}

/* The engine of 16 bits that elements, once numbered, are filtered by; none where they are not numbered. */
static fm_numbering find_numbering(const fm_filter *f, const fm_engines *engines, small_engine small,
                                   const fm_window *w, ptrdiff_t count)
{
    if (!engines->by_numbers)
        return (fm_numbering){0};
    const fm_engines *narrow = fm_active->engines[1];
    return (fm_numbering){engine_of(narrow, small), small == NETWORK ? find_network(f, narrow, w, count) : NULL};
}

/* Whether an engine's least block is within what memory it may take. */
static int has_room(const fm_engine *engine, const fm_filter *f)
{
    fm_block largest;
    engine->cut(f, &largest);
    const size_t bytes = engine->scratch(f, &largest);
    return bytes > 0 && bytes <= FM_MOST_SCRATCH;
}

/* Sorting what the windows of a block reach, and looking up. */
static double numbering_cost(const fm_filter *f, const fm_engines *engines, const fm_numbering *numbering)
{
    fm_filter numbered = *f;
    numbered.numbering = numbering;
    if (!numbering->engine || !has_room(engines->by_numbers, &numbered))
        return never;
    fm_block largest;
    engines->by_numbers->cut(&numbered, &largest);
    double cost = 11;
    for (int d = 0; d < f->output->ndim; d++)
        cost *= (double)(largest.extent[d] + f->size[d] - 1) / (double)largest.extent[d];
    return cost;
}

/* A network of 16 bits that filters numbers. */
static double numbered_network_cost(const fm_filter *f, const fm_engines *engines, const fm_numbering *numbering,
                                    ptrdiff_t count)
{
    if (!numbering->network)
        return never;
    return numbering_cost(f, engines, numbering) + network_cost(fm_active->engines[1], FM_U16, count);
}

static double numbered_program_cost(const fm_filter *f, const fm_engines *engines, const fm_numbering *numbering,
                                    const fm_program *program)
{
    fm_filter numbered = *f;
    numbered.program = program;
    return numbering_cost(&numbered, engines, numbering) + program_cost(fm_active->engines[1], program);
}

/* A program for the window if it costs no more than `most`; else NULL. */
static const fm_program *find_program(fm_filter *f, const fm_engines *engines, const fm_window *w, ptrdiff_t count,
                                      double most)
{
    int extreme = w->rank == 0 || w->rank == count - 1;
    if (count > (extreme ? LARGEST_EXTREME : LARGEST_PROGRAM))
        return NULL;
    int ndim = f->output->ndim;
    fm_run *lines = fm_find_lines(w, ndim, f->inner, f->outer, &f->line_count);
    f->lines = lines;
    fm_point *points = lines ? fm_find_points(w, ndim, f->inner, lines, f->line_count, count) : NULL;
    fm_selection selection = {points, count, f->outer < 0 ? 1 : f->size[f->outer], w->rank};
    const fm_program *program = points ? fm_program_find(&selection) : NULL;
    free(points);
    const fm_numbering numbering = find_numbering(f, engines, PROGRAM, w, count);
    if (program && (program_cost(engines, program) <= most || numbered_program_cost(f, engines, &numbering, program) <= most))
        return program;
    fm_program_release(program);
    free(lines);
    f->lines = NULL;
    return NULL;
}

/* Runs an engine of small windows, by way of narrower elements where a block can do with them. */
static fm_status run_narrow(fm_filter *f, const fm_engines *engines, const fm_engine *engine, small_engine small,
                            const fm_window *w, ptrdiff_t count, int workers)
{
    if (!engines->narrow || f->output->type == FM_F32 || count < WORTH_NARROWING)
        return fm_run_engine(engine, f, workers);
    fm_narrowing n = {.filter = *f, .engine = engine};
    for (int width = 0; width < fm_key_width(f->output->type); width++) {
        const fm_engines *narrower = fm_active->engines[width];
        const fm_network *network = small == NETWORK ? find_network(f, narrower, w, count) : NULL;
        n.narrower[width].network = network;
        n.narrower[width].line = small == LINE ? find_line(f, narrower, w, count) : NULL;
        n.narrower[width].engine = small == NETWORK && !network ? NULL : engine_of(narrower, small);
    }
    return fm_run_engine(engines->narrow, &n.filter, workers);
}

/* The same of elements that are numbered otherwise. */
static fm_status run_numbered(fm_filter *f, const fm_engines *engines, const fm_numbering *numbering, small_engine small,
                              const fm_window *w, ptrdiff_t count, int workers)
{
    f->numbering = numbering;
    return run_narrow(f, engines, engines->by_numbers, small, w, count, workers);
}

/* The same, by way of an engine that compares elements as doubles where there is one. */
static fm_status run_small(fm_filter *f, const fm_engines *engines, small_engine small, const fm_window *w,
                           ptrdiff_t count, int workers)
{
    const fm_engine *engine = engine_of(engines, small);
    if (!engines->doubles || (small == THREE && f->output->type != FM_F64)) /* so few comparisons are not worth copying */
        return run_narrow(f, engines, engine, small, w, count, workers);
    const fm_array input = fm_as_bits(f->source.array), output = fm_as_bits(f->output);
    fm_doubles doubles = {fm_same_windows(f), engine_of(engines->doubles, small), engine};
    doubles.filter.source = (fm_source){&input, f->source.modes, 0};
    doubles.filter.output = &output;
    doubles.filter.network = small == NETWORK ? find_network(f, engines->doubles, w, count) : NULL;
    doubles.filter.line = small == LINE ? find_line(f, engines->doubles, w, count) : NULL;
    doubles.filter.watch = f->watch;
    memcpy(doubles.filter.lead, f->lead, sizeof f->lead);
    if (w->fill)
        memcpy(&doubles.filter.source.fill, w->fill, sizeof doubles.filter.source.fill);
    f->doubles = &doubles;
    const int looks_itself = small == THREE && fm_is_plain(&input, f->inner) && fm_is_plain(&output, f->inner);
    return run_narrow(f, engines, looks_itself ? doubles.engine : engines->by_doubles, small, w, count, workers);
}

static fm_status run_program(fm_filter *f, const fm_engines *engines, const fm_program *program, const fm_window *w,
                             ptrdiff_t count, int workers)
{
    f->program = program;
    const fm_numbering numbering = find_numbering(f, engines, PROGRAM, w, count);
    const int is_numbered = numbered_program_cost(f, engines, &numbering, program) < program_cost(engines, program);
    fm_status status = is_numbered ? run_numbered(f, engines, &numbering, PROGRAM, w, count, workers)
                                   : run_small(f, engines, PROGRAM, w, count, workers);
    fm_program_release(program);
    free((void *)f->lines);
    return status;
}

static ptrdiff_t count_runs(const fm_filter *f, const fm_window *w)
{
    ptrdiff_t count = 1, at[FM_MAX_NDIM] = {0}, length = 0;
    for (int d = 0; d < f->output->ndim; d++)
        count *= d == f->inner ? 1 : f->size[d];
    if (!w->footprint)
        return count;
    for (count = 0; fm_next_run(f->size, w->footprint, f->output->ndim, f->inner, at, &length);)
        count++;
    return count;
}

/* Steps along the axis that a window may take before it has moved on by all of its extent or that of the array. */
static ptrdiff_t steps_along(const fm_filter *f, int axis)
{
    return f->size[axis] < f->output->shape[axis] ? f->size[axis] : f->output->shape[axis];
}

static fm_status run_band(fm_filter *f, const fm_engines *engines, const fm_window *w, int workers)
{
    f->inner = 0;
    f->outer = -1;
    for (int d = 1; d < f->output->ndim; d++)
        if (steps_along(f, d) >= steps_along(f, f->inner))
            f->inner = d;
    for (int d = 0; d < f->output->ndim && !w->footprint; d++)
        if (d != f->inner && (f->outer < 0 || steps_along(f, d) >= steps_along(f, f->outer)))
            f->outer = d;
    f->run_count = count_runs(f, w);
    return fm_run_engine(engines->band, f, workers);
}

static fm_status run_weighted(fm_filter *f, const fm_engines *engines, const fm_window *w, int workers)
{
    f->inner = 0; /* the longest axis leaves the fewest lines */
    for (int d = 1; d < f->output->ndim; d++)
        if (f->output->shape[d] >= f->output->shape[f->inner])
            f->inner = d;
    return has_room(engines->weighted, f) ? fm_run_engine(engines->weighted, f, workers)
                                          : run_band(f, engines, w, workers);
}

/* How many times a box holds the elements of the array; 0 where its elements cannot be weighed: for this, what is made of
 * it has to be all outputs of the array. */
static double share_of_array(const fm_filter *f, const fm_window *w, ptrdiff_t count)
{
    double elements = 1;
    for (int d = 0; d < f->output->ndim; d++) {
        if (f->output->shape[d] != f->source.array->shape[d])
            return 0;
        elements *= (double)f->output->shape[d];
    }
    return w->footprint || count <= SMALL ? 0 : (double)count / elements;
}

static fm_status run_ordinal(fm_filter *f, const fm_engines *engines, const fm_window *w, ptrdiff_t count, int workers)
{
    for (int d = 0; d < f->output->ndim; d++) /* fewer runs are better */
        if (f->size[d] > f->size[f->inner])
            f->inner = d;
    f->run_count = count_runs(f, w);
    if (has_room(engines->ordinal, f))
        return fm_run_engine(engines->ordinal, f, workers);
    return share_of_array(f, w, count) > 0.5 ? run_weighted(f, engines, w, workers) : run_band(f, engines, w, workers);
}

/* The window's extent along an axis without what lies so far away that it is seen already: on one side all elements are
 * within twice the array's length, on two sides within that length. */
static ptrdiff_t trim(fm_filter *f, int axis)
{
    const ptrdiff_t n = f->source.array->shape[axis], behind = f->size[axis] - 1 - f->lead[axis];
    const ptrdiff_t most = f->lead[axis] >= n && behind >= n ? n : 2 * n;
    f->lead[axis] = f->lead[axis] < most ? f->lead[axis] : most;
    return f->lead[axis] + 1 + (behind < most ? behind : most);
}

static fm_status run_extreme_pass(fm_filter *f, const fm_engines *engines, ptrdiff_t along, ptrdiff_t across,
                                  int workers)
{
    f->along = along;
    f->across = across;
    fm_status status = fm_run_engine(engines->extreme, f, workers);
    f->source.array = f->output;
    f->in_place = 1;
    return status;
}

/* Whether the inner axis and the outer one are better done together: for the height of a window, rows fit the caches
 * that are long beside its width; or they have to be, since passes in place keep all of that height. */
static int are_together(const fm_filter *f, ptrdiff_t along, ptrdiff_t across)
{
    enum { CACHED = 1 << 20, HIGHEST = 1 << 14 };
    const ptrdiff_t columns = f->output->shape[f->inner], bytes = fm_key_types[f->output->type].size;
    const ptrdiff_t row = bytes * (columns < 4 * along ? columns : 4 * along);
    return across > HIGHEST || across <= CACHED / row;
}

/* Whether windows stay inside along an axis: then the output has no room for a pass in place along it. */
static int stay_inside(const fm_filter *f, int axis)
{
    return f->output->shape[axis] != f->source.array->shape[axis];
}

/* Of two axes that windows reach along, or stay inside along, that whose elements lie closer; else the one that is good
 * for vectors. */
static int choose_inner(const fm_filter *f)
{
    int best = -1, axes = 0, inside = 0;
    for (int d = 0; d < f->output->ndim; d++) {
        axes += f->size[d] > 1;
        inside += stay_inside(f, d);
    }
    for (int d = 0; d < f->output->ndim; d++)
        if ((inside == 2 ? stay_inside(f, d) : f->size[d] > 1) &&
            (best < 0 || magnitude(f->output->strides[d]) <= magnitude(f->output->strides[best])))
            best = d;
    return inside == 2 || (inside && axes == 2) ? best : axis_of_lanes(f->output, -1);
}

/* Whether an axis is better than another to be done together with the inner one. */
static int is_better_outer(const fm_filter *f, const ptrdiff_t *length, int axis, int other)
{
    if (stay_inside(f, axis) != stay_inside(f, other))
        return stay_inside(f, axis);
    return length[axis] > length[other] || (length[other] == 1 && f->output->shape[axis] > f->output->shape[other]);
}

static fm_status run_extreme(fm_filter *f, const fm_engines *engines, int workers)
{
    const fm_array *output = f->output;
    ptrdiff_t length[FM_MAX_NDIM] = {0};
    int inside = 0;
    f->inner = choose_inner(f);
    f->outer = -1;
    for (int d = 0; d < output->ndim; d++) {
        length[d] = trim(f, d);
        inside |= stay_inside(f, d);
        if (d != f->inner && (f->outer < 0 || is_better_outer(f, length, d, f->outer)))
            f->outer = d;
    }
    const int first = f->outer;
    ptrdiff_t along = length[f->inner], across = first < 0 ? 1 : length[first];
    if (along > 1 && !inside && !are_together(f, along, across))
        across = 1;
    fm_status status = run_extreme_pass(f, engines, along, across, workers);
    for (int d = 0; d < output->ndim && status == FM_OK; d++)
        if (d != f->inner && length[d] > 1 && (d != first || across == 1)) {
            f->outer = d;
            status = run_extreme_pass(f, engines, 1, length[d], workers);
        }
    return status;
}

fm_status fm_run_best(fm_filter *f, const fm_engines *engines, const fm_window *w, ptrdiff_t count, int workers)
{
    if (!w->footprint && (w->rank == 0 || w->rank == count - 1))
        return run_extreme(f, engines, workers);
    if (share_of_array(f, w, count) >= 4)
        return run_weighted(f, engines, w, workers);
    f->footprint = w->footprint;
    choose_plane(f, f->source.array);
    if (is_three(f, w, count))
        return run_small(f, engines, THREE, w, count, workers);
    f->line = find_line(f, engines, w, count);
    if (f->line)
        return run_small(f, engines, LINE, w, count, workers);
    f->network = find_network(f, engines, w, count);
    const fm_numbering numbering = find_numbering(f, engines, NETWORK, w, count);
    const double numbered = numbered_network_cost(f, engines, &numbering, count);
    if (f->network && network_cost(engines, f->output->type, count) <= numbered)
        return run_small(f, engines, NETWORK, w, count, workers);
    const double histogram = histogram_cost(f, engines, w, count);
    const double constant = constant_time_cost(f, engines, w, count), ordinal = ordinal_cost(f);
    const double least = fmin(fmin(histogram, numbered), fmin(constant, ordinal));
    const fm_program *program = find_program(f, engines, w, count, least);
    if (program)
        return run_program(f, engines, program, w, count, workers);
    if (least == numbered)
        return run_numbered(f, engines, &numbering, NETWORK, w, count, workers);
    if (least == histogram)
        return fm_run_engine(engines->histogram, f, workers);
    if (least == constant)
        return fm_run_engine(is_rectangle(f, w, count, FM_LONGEST_BINNED) ? engines->binned : engines->constant_time, f, workers);
    return run_ordinal(f, engines, w, count, workers);
}
