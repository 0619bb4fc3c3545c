/* Correctly rounded sums of many results at a time.
 *
 * Their elements are read row by row, a row having one of each; rows that are not doubles side by side are copied
 * first. The kernels are in columns_block.c, what they rest on in columns.h.
 */
#include "sum_columns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "accumulate.h"
#include "columns.h"
#include "level.h"
#include "widen.h"

/* Rows that fit in L1 beside the sums; and how many columns, if they lie far apart, find a place in it. */
enum { COPIED_ROWS = 8, COPIED_COLUMNS = 256, FAR = 128, FAR_COLUMNS = 64 };

int fm_columns_begin(fm_column_job *job, const fm_array *array, const ptrdiff_t *shape)
{
    enum { FEWEST = 8, SHORT_RUN = 32, SHORT = 256, PART = 1 << 23 };
    ptrdiff_t reduced[FM_MAX_NDIM], rows = 1, inner = 1;
    fm_array part = *array;
    int inner_kept = 1;
    job->results = 1;
    for (int d = array->ndim - 1; d >= 0; d--) {
        reduced[d] = shape[d] == 1 ? array->shape[d] : 1;
        rows *= reduced[d];
        job->results *= shape[d];
        if (inner == 1 && array->shape[d] != 1) {
            inner = array->shape[d];
            inner_kept = shape[d] != 1;
        }
    }
    if (!rows || job->results < FEWEST || (!inner_kept && inner >= SHORT_RUN && rows >= SHORT))
        return 0;
    part.shape = reduced;
    fm_walk_begin(&job->reduced, &part, FM_ANY_ORDER);
    part.shape = shape;
    fm_walk_begin(&job->kept, &part, FM_IN_ORDER);
    int last = job->kept.ndim - 1;
    ptrdiff_t stride = job->kept.strides[last];
    job->direct = array->type != FM_F16 && !array->swapped && stride == fm_type_size(array->type) &&
                  job->kept.shape[last] >= FEWEST;
    job->line = job->direct ? job->kept.shape[last] : job->results;
    job->width = PART / rows < FEWEST ? FEWEST : PART / rows;
    ptrdiff_t most = job->direct ? FM_STRIP : llabs(stride) < FAR ? COPIED_COLUMNS : FAR_COLUMNS;
    job->width = job->width < most ? job->width : most;
    return 1;
}

/* The sums that are being made, and how their rows are read. */
typedef struct {
    const fm_column_job *job;
    fm_walk reduced;
    fm_run pieces[COPIED_COLUMNS]; /* of the first row */
    size_t piece_count, columns;
    ptrdiff_t rows;
    fm_columns sums;
    size_t block;                              /* rows since the sums were emptied */
    fm_wide units[FM_COLUMN_LEVELS][FM_STRIP]; /* what was in them, in their units */
    double copy[COPIED_ROWS][COPIED_COLUMNS];
} strip;

/* Where the elements of the first row lie. */
static void find_pieces(strip *s, ptrdiff_t number)
{
    fm_walk kept = s->job->kept;
    fm_walk_seek(&kept, number, (ptrdiff_t)s->columns);
    s->piece_count = 0;
    while (fm_walk_next(&kept, (ptrdiff_t)s->columns, s->pieces + s->piece_count))
        s->piece_count++;
}

/* Copies the row that lies `offset` bytes beyond the first one. */
static void copy_row(const strip *s, ptrdiff_t offset, double *to)
{
    const fm_walk *kept = &s->job->kept;
    double raw[COPIED_COLUMNS];
    for (size_t i = 0; i < s->piece_count; i++) {
        fm_run piece = s->pieces[i];
        piece.data += offset;
        fm_walk_copy(kept, piece, kept->type == FM_F64 ? to : raw);
        if (kept->type != FM_F64)
            fm_widen(kept->type, raw, (size_t)piece.count, to);
        to += piece.count;
    }
}

/* The next rows, at most `most` of them, which lie at a stride. */
static int next_rows(strip *s, ptrdiff_t most, fm_run *rows)
{
    const char *first = s->job->kept.data;
    fm_run run;
    if (s->job->direct) {
        if (!fm_walk_next(&s->reduced, most, rows))
            return 0;
        rows->data += s->pieces[0].data - first;
        return 1;
    }
    *rows = (fm_run){(char *)s->copy, sizeof s->copy[0], 0};
    while (rows->count < COPIED_ROWS && rows->count < most && fm_walk_next(&s->reduced, 1, &run))
        copy_row(s, run.data - first, s->copy[rows->count++]);
    return rows->count > 0;
}

static void empty_sums(strip *s)
{
    fm_columns *sums = &s->sums;
    for (int l = 0; l < sums->levels; l++) {
        double sigma = ldexp(1.5, sums->e[l] + 52);
        int64_t none, sum;
        memcpy(&none, &sigma, sizeof none);
        for (size_t c = 0; c < s->columns; c++) {
            if (!isfinite(sums->sum[0][c]))
                continue;
            memcpy(&sum, sums->sum[l] + c, sizeof sum);
            s->units[l][c] += sum - none;
            sums->sum[l][c] = sigma;
        }
    }
    s->block = 0;
}

/* How far a unit has to be below what it is for: columns.h. */
static int bits_below(const strip *s)
{
    int k = 0;
    while ((ptrdiff_t)1 << k < s->rows && 1 << k < FM_COLUMN_ROWS)
        k++;
    return 50 - k;
}

static void begin_sums(strip *s, int e, int levels)
{
    fm_columns *sums = &s->sums;
    size_t columns = s->columns + FM_STRIP_ROOM;
    sums->single = s->job->direct && s->job->kept.type == FM_F32;
    sums->levels = levels;
    sums->largest = 0;
    for (size_t c = 0; c < columns; c++) {
        sums->rest[c] = -0.0;
        sums->any[c] = 0;
    }
    for (int l = 0; l < levels; l++) {
        double sigma = ldexp(1.5, e + 52);
        sums->e[l] = e;
        for (size_t c = 0; c < columns; c++)
            sums->sum[l][c] = sigma;
        if (s->rows >= FM_COLUMN_ROWS)
            memset(s->units[l], 0, s->columns * sizeof s->units[l][0]);
        e = e - bits_below(s) < FM_LOWEST_UNIT ? FM_LOWEST_UNIT : e - bits_below(s);
    }
    s->block = 0;
}

/* Adds the first `count` rows with units of which the first is 2**e. */
static void add_first(strip *s, ptrdiff_t count, int e, int levels)
{
    begin_sums(s, e, levels);
    s->reduced = s->job->reduced;
    s->reduced.left = count;
    for (fm_run rows; next_rows(s, FM_COLUMN_ROWS - (ptrdiff_t)s->block, &rows);) {
        fm_active->add_columns_f64(&s->sums, rows.data, rows.stride, (size_t)rows.count, s->columns);
        s->block += (size_t)rows.count;
        if (s->block == FM_COLUMN_ROWS)
            empty_sums(s);
    }
}

/* A unit for the first few rows, with some room if there are more. */
static int guess_unit(strip *s)
{
    enum { SAMPLE = 4, ROOM = 16 };
    ptrdiff_t count = s->rows < SAMPLE ? s->rows : SAMPLE;
    add_first(s, count, 0, 1);
    int e = fm_unit_for(s->sums.largest * (count < s->rows ? ROOM : 1), bits_below(s));
    return e == FM_NO_UNIT ? 0 : e;
}

/* On the error of a column's rests. */
static double bound(const strip *s)
{
    return fm_rest_error((double)s->rows, s->sums.e[s->sums.levels - 1]);
}

/* One column of more rows than fit between two times of emptying. */
static int round_column(const strip *s, size_t c, double *sum)
{
    const fm_columns *sums = &s->sums;
    if (!isfinite(sums->sum[0][c])) {
        *sum = sums->sum[0][c];
        return 1;
    }
    fm_exact exact;
    fm_exact_clear(&exact);
    for (int l = 0; l < sums->levels; l++) {
        fm_wide units = s->units[l][c];
        fm_exact_add_wide(&exact, units < 0, (fm_uwide)(units < 0 ? -units : units), sums->e[l]);
    }
    fm_exact_add(&exact, sums->rest[c]);
    int some = sums->any[c] << 1 != 0;
    if (!fm_exact_round_within(&exact, some ? bound(s) : 0, sum))
        return 0;
    if (*sum == 0 && !some)
        *sum = sums->rest[c];
    return 1;
}

static size_t round_all(strip *s, double *result, unsigned char *doubt)
{
    double room[FM_COLUMN_ROOM];
    int one_block = s->rows < FM_COLUMN_ROWS;
    size_t count = 0;
    if (one_block)
        fm_active->round_columns_f64(&s->sums, s->columns, bound(s), room);
    else
        empty_sums(s);
    for (size_t c = 0; c < s->columns; c++) {
        doubt[c] = one_block ? s->sums.any[c] != 0 : !round_column(s, c, room + c);
        result[c] = room[c];
        count += doubt[c];
    }
    return count;
}

size_t fm_columns_sum(const fm_column_job *job, ptrdiff_t number, size_t columns, double *result,
                      unsigned char *doubt)
{
    enum { FEW_ROWS = 32, FEW = 8 }; /* rows that are added at once with all levels; columns summed one by one */
    strip s;
    s.job = job;
    s.columns = columns;
    s.rows = job->reduced.left;
    find_pieces(&s, number);
    int e = guess_unit(&s), levels = s.rows <= FEW_ROWS ? FM_COLUMN_LEVELS : 1;
    add_first(&s, s.rows, e, levels);
    int needed = fm_unit_for(s.sums.largest, bits_below(&s));
    if (needed == FM_NO_UNIT) {
        memset(doubt, 1, columns);
        return columns;
    }
    if (needed > e)
        add_first(&s, s.rows, e = needed, levels);
    size_t count = round_all(&s, result, doubt);
    if (count <= FEW || levels == FM_COLUMN_LEVELS)
        return count;
    add_first(&s, s.rows, e, FM_COLUMN_LEVELS);
    return round_all(&s, result, doubt);
}
