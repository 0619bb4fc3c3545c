/* Reading a block of an array from which elements are missing. */
#include "missing_job.h"

enum {
    WIDEST_CELL_SHIFT = 3,
    SMALLEST_MIXED = 50, /* elements */
};

/* Flags what lies beyond a border of mode FM_TRUNCATE. Returns whether something does. */
static int flag_outside(const fm_job *j, const ptrdiff_t *from, ptrdiff_t count, uint8_t *flags)
{
    int any = 0;
    for (int d = 0; d < j->ndim; d++) {
        ptrdiff_t n = j->input->shape[d], length = d == j->inner ? count : 1;
        if (j->window->mode[d] != FM_TRUNCATE || (from[d] >= 0 && from[d] + length <= n))
            continue;
        any = 1;
        ptrdiff_t before = from[d] < 0 ? -from[d] : 0, inside = n - from[d] < 0 ? 0 : n - from[d];
        if (d != j->inner)
            before = count;
        memset(flags, 1, (size_t)(before < count ? before : count));
        if (inside < count && d == j->inner)
            memset(flags + inside, 1, (size_t)(count - inside));
    }
    return any;
}

int fm_read_line(const fm_job *j, const ptrdiff_t *from, ptrdiff_t count, void *keys, uint8_t *flags)
{
    int missing = 0, found = 0;
    fm_read_keys(&j->source, from, j->inner, count, keys);
    memset(flags, 0, (size_t)count);
    if (j->mask.array) {
        fm_read_keys(&j->mask, from, j->inner, count, flags);
        missing = j->counts->normalize(flags, count);
    }
    missing |= flag_outside(j, from, count, flags);
    if (j->omits)
        missing |= j->type_keys->mark(keys, j->nan, count, FM_IS_MISSING, flags);
    if (j->poisons && j->type_keys->mark(keys, j->nan, count, FM_IS_NAN, flags)) {
        found = 1 << FM_IS_NAN;
        for (ptrdiff_t i = 0; i < count; i++)
            if (flags[i] & 1 << FM_IS_MISSING)
                flags[i] = 1 << FM_IS_MISSING;
    }
    return found | missing << FM_IS_MISSING;
}

void fm_mix(const fm_job *j, ptrdiff_t line, fm_mixture *m)
{
    const int alone_is_low = j->ranks.still == 0;
    *m = (fm_mixture){.reach = 1, .cells = m->cells};
    if (j->ranks.elements < SMALLEST_MIXED)
        m->share = alone_is_low ? FM_MIXTURE_ALL : 0;
    else
        m->share = (int32_t)(j->missing->percent / 100 * FM_MIXTURE_ALL);
    m->fresh = alone_is_low ? FM_MIXTURE_ALL - m->share : 0;
    while (m->cell_shift < WIDEST_CELL_SHIFT && 4 << m->cell_shift <= j->window->size[j->inner])
        m->cell_shift++;
    for (int d = 0; d < j->ndim; d++)
        if (d != j->inner && j->window->size[d] > m->reach)
            m->reach = j->window->size[d];
    while (m->reach == 1 && (ptrdiff_t)1 << m->cell_shift < j->window->size[j->inner])
        m->cell_shift++; /* along a line alone, a cell is as wide as a window */
    const int is_mixed = m->share > 0 && m->share < FM_MIXTURE_ALL;
    for (ptrdiff_t i = 0; is_mixed && i <= (line - 1) >> m->cell_shift; i++)
        m->cells[i] = (struct fm_cell){-m->reach - 1, 0};
}

fm_presence fm_read_block(const fm_job *j, const fm_tract *t, const fm_room *r)
{
    fm_presence is = {0};
    fm_mixture mixture = {.cells = r->cells};
    fm_mix(j, t->line, &mixture);
    ptrdiff_t at[FM_MAX_NDIM] = {0}, from[FM_MAX_NDIM], line = 0;
    do {
        for (int d = 0; d < j->ndim; d++)
            from[d] = t->start[d] - j->lead[d] + at[d];
        ptrdiff_t place = line * t->line, count = t->padded[j->inner];
        memset(r->flags + place + count, 0, (size_t)(t->line - count));
        char *keys = r->type_keys + (place << j->type_width);
        int found = fm_read_line(j, from, count, keys, r->flags + place);
        is.nans |= found >> FM_IS_NAN & 1;
        is.missing |= found >> FM_IS_MISSING & 1;
        if (found & 1 << FM_IS_MISSING && !j->numbers)
            is.lows |= j->type_keys->replace(keys, r->flags + place, t->line, &mixture, line);
        line++;
    } while (fm_advance(at, t->padded, j->ndim, j->inner));
    return is;
}

