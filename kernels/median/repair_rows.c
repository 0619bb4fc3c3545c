/* Rows of outputs from whose windows little is missing, made by the plain filter: correcting those where another rank
 * is wanted.
 *
 * Holes are counted in the columns of a row's windows. Columns with holes that no window holds together with others
 * are a segment; few segments hold more holes than do no harm.
 */
#include "repair.h"

enum {
    FEW = 16,   /* windows, for which vectors do not pay */
    DENSE = 32, /* places for a hole in lines that are corrected whole */
};

/* Where in the array an output is. */
static void output_at(const fm_job *j, const fm_repair *r, int line, int x, ptrdiff_t *at)
{
    for (int d = 0; d < j->ndim; d++)
        at[d] = r->box->start[d] + (d == j->inner ? x : d == j->outer ? line : 0);
}

/* Counts the holes of a line in their columns, or no longer. */
static void count_line(fm_repair *r, int line, int by)
{
    for (const fm_hole *h = r->list + r->first[line]; h < r->list + r->first[line + 1]; h++) {
        r->gone[h->x] = (uint8_t)(r->gone[h->x] + by);
        r->low[h->x] = (uint8_t)(r->low[h->x] + by * h->low);
        r->nan[h->x] = (uint8_t)(r->nan[h->x] + by * h->nan);
        const uint64_t bit = (uint64_t)1 << h->x % 64;
        r->holed[h->x / 64] = r->gone[h->x] ? r->holed[h->x / 64] | bit : r->holed[h->x / 64] & ~bit;
    }
}

/* The next column with a hole from x on, or the number of columns. */
static int next_holed(const fm_repair *r, int x)
{
    if (x >= r->padded)
        return r->padded;
    uint64_t bits = r->holed[x / 64] & ~(uint64_t)0 << x % 64;
    for (x = x / 64 * 64; !bits; bits = r->holed[x / 64])
        if ((x += 64) >= r->padded)
            return r->padded;
    return x + __builtin_ctzll(bits);
}

/* Makes keys of the lines that the windows of a row hold. */
static void make_keys(const fm_job *j, fm_repair *r, int y)
{
    const fm_key_type k = fm_key_types[j->input->type];
    for (int line = r->keyed > y ? r->keyed : y; line < y + r->height && k.kind != KEY_SAME; line++) {
        char *elements = fm_copy_of(j, r, line, 0);
        fm_active->read_keys(elements, k.size, r->padded, k, 0, r->line);
        memcpy(elements, r->line, (size_t)r->padded << j->type_width);
    }
    r->keyed = y + r->height;
}

/* Adds a hole to the sums of the windows that hold it in a run of elements, which of the first one begins at `start`. */
static void add_to_sums(const fm_repair *r, const fm_hole *h, int start, int length, int count)
{
    const int end = h->x - start < count - 1 ? h->x - start : count - 1;
    for (int i = h->x - start - length + 1 > 0 ? h->x - start - length + 1 : 0; i <= end; i++) {
        r->gone_sums[i]++;
        r->low_sums[i] = (uint8_t)(r->low_sums[i] + h->low);
        r->nan_sums[i] = (uint8_t)(r->nan_sums[i] + h->nan);
    }
}

/* Counts holes of windows, the first of which begins in column x. */
static void count_holes(const fm_job *j, const fm_repair *r, int y, int x, int count)
{
    const size_t bytes = (size_t)(count + FM_CHUNK - 1) / FM_CHUNK * FM_CHUNK;
    memset(r->gone_sums, 0, bytes);
    memset(r->low_sums, 0, bytes);
    memset(r->nan_sums, 0, bytes);
    if (!j->window->footprint) {
        j->counts->slide_row(r->gone + x, count, r->width, r->sliding, r->gone_sums);
        if (r->mixture.share)
            j->counts->slide_row(r->low + x, count, r->width, r->sliding, r->low_sums);
        if (j->poisons)
            j->counts->slide_row(r->nan + x, count, r->width, r->sliding, r->nan_sums);
        return;
    }
    for (const fm_run *run = j->runs; run < j->runs + j->run_count; run++) {
        const int line = y + (j->outer < 0 ? 0 : (int)run->start[j->outer]);
        for (const fm_hole *h = r->list + r->first[line]; h < r->list + r->first[line + 1]; h++)
            add_to_sums(r, h, x + (int)run->start[j->inner], (int)run->length, count);
    }
}

/* The wanted ranks of few windows; says what there is. */
static int find_few(const fm_job *j, const fm_repair *r, int count)
{
    const uint32_t usual = (uint32_t)j->ranks.rank;
    uint32_t moved = 0, none = 0;
    for (int i = 0; i < FM_CHUNK; i++)
        r->to[i] = usual;
    for (int i = 0; i < count; i++) {
        uint32_t to = j->ranks.table[r->gone_sums[i]];
        to = r->nan_sums[i] ? FM_POISONED : to + (to == FM_EMPTY ? 0 : r->low_sums[i]);
        moved |= to < FM_POISONED ? to ^ usual : 0;
        none |= to >= FM_POISONED;
        r->to[i] = to;
    }
    return r->findings[0] = (uint8_t)((moved ? FM_MOVED : 0) | (none ? FM_NONE : 0));
}

/* The same of any number. */
static int find_wanted(const fm_job *j, const fm_repair *r, int count)
{
    if (count <= FEW)
        return find_few(j, r, count);
    return j->counts->wanted(&j->ranks, r->gone_sums, r->mixture.share ? r->low_sums : NULL, j->poisons ? r->nan_sums : NULL,
                             count, r->to, NULL, r->findings);
}

/* Reads or writes what was chosen for outputs from row y, column x on. */
static void move_chosen(const fm_job *j, const fm_repair *r, int y, int x, int count, int writes)
{
    const size_t bytes = (size_t)count << j->type_width;
    ptrdiff_t at[FM_MAX_NDIM];
    if (r->outputs) {
        char *outputs = r->outputs + y * fm_along(j->output->strides, j->outer) + ((ptrdiff_t)x << j->type_width);
        memcpy(writes ? outputs : r->chosen, writes ? r->chosen : outputs, bytes);
        return;
    }
    output_at(j, r, y, x, at);
    if (writes)
        fm_write_keys(j->output, at, j->inner, count, r->chosen);
    else
        fm_read_keys(&(fm_source){j->output, j->window->mode, 0}, at, j->inner, count, r->chosen);
}

/* Corrects the outputs of row y from column x up to `end`. */
static void correct(const fm_job *j, fm_repair *r, int y, int x, int end)
{
    const int count = end - x;
    count_holes(j, r, y, x, count);
    const int found = find_wanted(j, r, count);
    if (!found)
        return;
    move_chosen(j, r, y, x, count, 0);
    if (found & FM_MOVED) {
        make_keys(j, r, y);
        j->type_keys->step(&r->places, fm_copy_of(j, r, y, x), j->ranks.rank, NULL, r->to, r->findings, FM_MOVED, count,
                           r->chosen);
    }
    if (found & FM_NONE)
        j->type_keys->settle(r->to, r->findings, count, j->empty, j->nan, r->chosen);
    move_chosen(j, r, y, x, count, 1);
}

/* Corrects the outputs of row y whose windows hold holes of the columns from x on that no window holds together with
 * holes further on. Returns the next column with one. */
static int correct_from(const fm_job *j, fm_repair *r, int y, int x)
{
    int holes = 0, lows = 0, nans = 0, last, next = x;
    do {
        last = next;
        holes += r->gone[last];
        lows += r->low[last];
        nans += r->nan[last];
        next = next_holed(r, last + 1);
    } while (next < r->padded && next - last < r->width);
    if (nans || holes > r->harmless || lows != (r->harmless_low ? holes : 0))
        correct(j, r, y, x < r->width ? 0 : x - r->width + 1, last < r->columns ? last + 1 : r->columns);
    return next;
}

void fm_correct_row(const fm_job *j, fm_repair *r, int y)
{
    const int holes = r->first[y + r->height] - r->first[y];
    if (!holes)
        return;
    while (r->entered < y + r->height)
        count_line(r, r->entered++, 1);
    while (r->left < y)
        count_line(r, r->left++, -1);
    if (holes > r->padded / DENSE)
        correct(j, r, y, 0, r->columns);
    else
        for (int x = next_holed(r, 0); x < r->padded;)
            x = correct_from(j, r, y, x);
}
