/* Correctly rounded sums of many results at a time.
 *
 * Their elements are read row by row, a row having one of each. The kernels are in columns_block.c, what they rest on
 * in columns.h.
 */
#include "sum_columns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "accumulate.h"
#include "level.h"

enum { FAR = 128, FAR_COLUMNS = 64 }; /* how many columns, if they lie far apart, find a place in L1 */

static ptrdiff_t last_stride(const fm_walk *walk)
{
    return walk->ndim ? walk->strides[walk->ndim - 1] : 0;
}

int fm_columns_begin(fm_column_job *job, const fm_array *array, const ptrdiff_t *shape)
{
    enum { FEWEST = 8, LONG = 384, SHORT_RUN = 32, MANY = 256, PART = 1 << 23 }; /* longer runs are summed one by one */
    ptrdiff_t reduced[FM_MAX_NDIM];
    fm_array part = *array;
    for (int d = 0; d < array->ndim; d++)
        reduced[d] = shape[d] == 1 ? array->shape[d] : 1;
    part.shape = shape;
    job->results = fm_array_size(&part);
    fm_walk_begin(&job->kept, &part, FM_IN_ORDER);
    part.shape = reduced;
    ptrdiff_t rows = fm_array_size(&part);
    if (!rows || job->results < FEWEST)
        return 0;
    fm_walk_begin(&job->reduced, &part, FM_ANY_ORDER);
    ptrdiff_t size = fm_type_size(array->type), across = last_stride(&job->kept), down = last_stride(&job->reduced);
    ptrdiff_t run = job->reduced.ndim ? job->reduced.shape[job->reduced.ndim - 1] : 1;
    if (down < across && (run >= LONG || (run >= SHORT_RUN && job->reduced.ndim > 1 && rows >= MANY)))
        return 0;
    ptrdiff_t neighbours = job->kept.shape[job->kept.ndim - 1];
    job->placement = across == size && neighbours >= FEWEST ? FM_SIDE_BY_SIDE : down < across ? FM_ALONG : FM_APART;
    job->line = job->placement == FM_SIDE_BY_SIDE ? neighbours : job->results;
    job->width = PART / rows < FEWEST ? FEWEST : PART / rows;
    ptrdiff_t most = across < FAR || rows <= FM_COLUMN_WHOLE ? FM_STRIP : FAR_COLUMNS;
    job->width = job->width < most ? job->width : most;
    return 1;
}

/* The sums that are being made, and how their rows are read. */
typedef struct {
    const fm_column_job *job;
    fm_columns *sums;
    const char *first; /* the first column's first element */
    size_t columns;
    ptrdiff_t rows;
    size_t block;               /* rows since the sums were emptied */
    fm_wide units[2][FM_STRIP]; /* what was in them, in their units, if there are more rows than one block */
} strip;

static int one_block(const strip *s)
{
    return s->rows < FM_COLUMN_ROWS;
}

/* Where the columns lie. */
static void find_lanes(strip *s, ptrdiff_t number)
{
    int regular = s->sums->placement == FM_SIDE_BY_SIDE;
    ptrdiff_t *lane = s->sums->lane, last = 0;
    fm_walk kept = s->job->kept;
    fm_run run;
    s->first = NULL;
    fm_walk_seek(&kept, number, (ptrdiff_t)s->columns);
    while (fm_walk_next(&kept, (ptrdiff_t)s->columns, &run)) {
        s->first = s->first ? s->first : run.data;
        for (ptrdiff_t i = regular ? run.count / FM_STRIP_ROOM * FM_STRIP_ROOM : 0; i < run.count; i++)
            lane[i] = run.data - s->first + i * run.stride;
        lane += run.count;
        last = run.data - s->first + (run.count - 1) * run.stride;
    }
    for (size_t i = 0; i < FM_STRIP_ROOM; i++)
        lane[i] = last;
}

/* Moves what sums have come to into units, so that there is room in them again. */
static void empty_sums(strip *s)
{
    fm_columns *sums = s->sums;
    for (int l = 0; l < sums->levels; l++)
        for (size_t c = 0; c < s->columns; c++) {
            uint64_t none, sum;
            memcpy(&none, sums->sigma[l] + c, sizeof none);
            memcpy(&sum, sums->sum[l] + c, sizeof sum);
            s->units[l][c] += (int64_t)(sum - none); /* garbage where a sum has left sigma's exponent */
            sums->sum[l][c] = sums->sigma[l][c];
        }
    s->block = 0;
}

/* Does the task for the first rows. */
static void go_over(strip *s, fm_column_task task, ptrdiff_t count)
{
    fm_columns *sums = s->sums;
    fm_walk reduced = s->job->reduced;
    fm_run rows;
    sums->task = task;
    s->block = 0;
    reduced.left = count;
    while (fm_walk_next(&reduced, FM_COLUMN_ROWS - (ptrdiff_t)s->block, &rows)) {
        const char *at = s->first + (rows.data - s->job->reduced.data);
        fm_active->add_columns_f64(sums, at, rows.stride, (size_t)rows.count, s->columns);
        s->block += (size_t)rows.count;
        if (s->block == FM_COLUMN_ROWS && task == FM_LOOK)
            s->block = 0;
        else if (s->block == FM_COLUMN_ROWS)
            empty_sums(s);
    }
}

static int exponent_of_unit(double sigma)
{
    return ilogb(sigma) - 52;
}

/* The sum of more rows than fit between two times of emptying: 1, or 0 and why it is open. */
static int round_column(const strip *s, size_t c, fm_doubt *why)
{
    const fm_columns *sums = s->sums;
    double *result = s->sums->result + c;
    fm_exact exact;
    *why = FM_OUTSIDE;
    if (sums->outside[c] & (uint64_t)0xfff << 52)
        return 0;
    fm_exact_clear(&exact);
    for (int l = 0; l < sums->levels; l++) {
        fm_wide units = s->units[l][c];
        fm_uwide magnitude = (fm_uwide)(units < 0 ? -units : units);
        fm_exact_add_wide(&exact, units < 0, magnitude, exponent_of_unit(sums->sigma[l][c]));
    }
    double error = 0, rows = (double)s->rows;
    if (sums->levels == 1) {
        fm_exact_add(&exact, sums->sum[1][c]);
        error = fm_rest_error(rows, exponent_of_unit(sums->sigma[0][c]));
    } else if (sums->any[c] << 1) {
        error = ldexp(rows, exponent_of_unit(sums->sigma[1][c]));
    }
    *why = FM_OPEN;
    if (!fm_exact_round_within(&exact, error, result) || (sums->levels == 1 && *result == 0))
        return 0;
    *why = FM_ZERO;
    return *result != 0 || !sums->any[c];
}

static void round_all(strip *s)
{
    fm_columns *sums = s->sums;
    sums->doubts = 0;
    if (one_block(s)) {
        fm_active->round_columns_f64(sums, s->columns, (double)s->rows, NULL);
        return;
    }
    empty_sums(s);
    for (size_t c = 0; c < s->columns; c++) {
        fm_doubt why;
        if (round_column(s, c, &why))
            continue;
        sums->doubtful[sums->doubts] = (uint16_t)c;
        sums->why[sums->doubts++] = (unsigned char)why;
    }
}

static void begin_sums(strip *s, int levels)
{
    fm_columns *sums = s->sums;
    size_t columns = s->columns + FM_STRIP_ROOM;
    sums->levels = levels;
    memcpy(sums->sum[0], sums->sigma[0], columns * sizeof(double));
    if (levels == 1)
        memset(sums->sum[1], 0, columns * sizeof(double));
    else
        memcpy(sums->sum[1], sums->sigma[1], columns * sizeof(double));
    memset(sums->any, 0, columns * sizeof sums->any[0]);
    memset(sums->outside, 0, columns * sizeof sums->outside[0]);
    if (!one_block(s))
        memset(s->units, 0, sizeof s->units);
}

static void add_and_round(strip *s, fm_column_task task)
{
    go_over(s, task, s->rows);
    round_all(s);
}

static void look(strip *s, ptrdiff_t rows)
{
    fm_columns *sums = s->sums;
    for (size_t c = 0; c < FM_COLUMN_ROOM; c++) {
        sums->special[c] = -0.0;
        sums->largest[c] = 0;
    }
    go_over(s, FM_LOOK, rows);
}

/* Takes from the doubtful sums those that a look at the elements has told. */
static void settle(fm_columns *sums)
{
    size_t left = 0;
    for (size_t i = 0; i < sums->doubts; i++) {
        uint16_t c = sums->doubtful[i];
        double special = sums->special[c];
        if (!isfinite(special) || sums->largest[c] == 0)
            sums->result[c] = special;
        else if (sums->why[i] != FM_ZERO)
            sums->doubtful[left++] = c;
    }
    sums->doubts = left;
}

/* The logarithm of the rows that are added between two times of emptying, rounded up. */
static int logarithm(ptrdiff_t rows)
{
    int k = 0;
    while ((ptrdiff_t)1 << k < rows && 1 << k < FM_COLUMN_ROWS)
        k++;
    return k;
}

static void begin_strip(strip *s, ptrdiff_t number)
{
    fm_columns *sums = s->sums;
    const fm_column_job *job = s->job;
    sums->type = job->kept.type;
    sums->swapped = job->kept.swapped;
    sums->placement = s->columns < FM_STRIP_ROOM && job->placement == FM_SIDE_BY_SIDE ? FM_APART : job->placement;
    sums->k = logarithm(s->rows);
    sums->doubts = 0;
    find_lanes(s, number);
}

/* One sigma, guessed from the first few rows, serves the columns. */
static void add_to_common_sigma(strip *s)
{
    enum { SAMPLE = 2, MANY = 128, ROOM = 8 };
    double largest = 0, sigma[2];
    look(s, s->rows < SAMPLE ? s->rows : SAMPLE);
    for (size_t c = 0; c < s->columns; c++)
        largest = s->sums->largest[c] > largest ? s->sums->largest[c] : largest;
    fm_column_sigma(largest, s->sums->k, ROOM, sigma);
    for (int l = 0; l < 2; l++)
        for (size_t c = 0; c < s->columns + FM_STRIP_ROOM; c++)
            s->sums->sigma[l][c] = sigma[l];
    begin_sums(s, s->rows < MANY ? 2 : 1);
    add_and_round(s, FM_ADD_TO_ONE);
}

/* Leaves open only what is so even with a sigma for each column. */
static void sum_carefully(strip *s)
{
    enum { FEW = 4 }; /* what is summed one by one */
    look(s, s->rows);
    settle(s->sums);
    if (s->sums->doubts <= FEW && s->columns > FM_STRIP_ROOM)
        return;
    for (size_t c = 0; c < s->columns + FM_STRIP_ROOM; c++) {
        double sigma[2];
        fm_column_sigma(s->sums->largest[c], s->sums->k, 0, sigma);
        s->sums->sigma[0][c] = sigma[0];
        s->sums->sigma[1][c] = sigma[1];
    }
    begin_sums(s, 2);
    add_and_round(s, FM_ADD);
    settle(s->sums);
}

/* Sums once more, a few neighbours at a time, what is in doubt. */
static void sum_again(strip *s, ptrdiff_t number)
{
    enum { NEIGHBOURS = FM_STRIP_ROOM };
    fm_columns *sums = s->sums, again;
    size_t left = 0, i = 0, columns = s->columns;
    while (i < sums->doubts) {
        size_t from = sums->doubtful[i] / NEIGHBOURS * NEIGHBOURS, end = from + NEIGHBOURS;
        s->sums = &again;
        s->columns = end < columns ? NEIGHBOURS : columns - from;
        begin_strip(s, number + (ptrdiff_t)from);
        for (; i < sums->doubts && sums->doubtful[i] < end; i++) {
            again.doubtful[again.doubts] = (uint16_t)(sums->doubtful[i] - from);
            again.why[again.doubts++] = sums->why[i];
        }
        memcpy(again.result, sums->result + from, s->columns * sizeof *again.result);
        sum_carefully(s);
        memcpy(sums->result + from, again.result, s->columns * sizeof *again.result);
        for (size_t k = 0; k < again.doubts; k++)
            sums->doubtful[left++] = (uint16_t)(from + again.doubtful[k]);
    }
    sums->doubts = left;
}

void fm_columns_sum(const fm_column_job *job, ptrdiff_t number, size_t columns, fm_columns *sums)
{
    strip s;
    s.job = job;
    s.sums = sums;
    s.columns = columns;
    s.rows = job->reduced.left;
    begin_strip(&s, number);
    int along = job->placement == FM_ALONG && one_block(&s);
    if (job->reduced.ndim <= 1 && (along || s.rows <= FM_COLUMN_WHOLE))
        go_over(&s, FM_WHOLE, s.rows);
    else
        add_to_common_sigma(&s);
    if (sums->doubts > columns / FM_STRIP_ROOM)
        sum_carefully(&s);
    else if (sums->doubts)
        sum_again(&s, number);
}
