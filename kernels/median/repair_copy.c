/* The copy of a box from whose windows little is missing: looking for holes, and filling them. */
#include "repair.h"

#include <math.h>

/* Where in the array a place of the box is. */
static void input_at(const fm_job *j, const fm_repair *r, int line, int x, ptrdiff_t *at)
{
    for (int d = 0; d < j->ndim; d++)
        at[d] = r->box->start[d] - j->lead[d] + (d == j->inner ? x : d == j->outer ? line : 0);
}

void fm_find_inside(const fm_job *j, fm_repair *r)
{
    const ptrdiff_t n = j->input->shape[j->inner], first = r->box->start[j->inner] - j->lead[j->inner];
    r->begin = first < 0 ? (int)-first : 0;
    r->end = n - first < r->padded ? (int)(n - first) : r->padded;
    r->is_quick = fm_is_plain(&r->bits, j->inner);
    for (int x = r->begin ? 0 : r->end; x < r->padded; x = x + 1 == r->begin ? r->end : x + 1) {
        const ptrdiff_t from = fm_border(first + x, n, j->window->mode[j->inner]);
        r->mirrored[x] = from < 0 ? FM_NOWHERE : (int)(from - first);
        r->is_quick &= from - first >= r->begin && from - first < r->end;
    }
    for (int line = 0; line < r->lines + r->height - 1; line++)
        r->rows[line] = j->outer < 0 ? 0 : fm_border(r->box->start[j->outer] - j->lead[j->outer] + line,
                                                     j->input->shape[j->outer], j->window->mode[j->outer]);
}

/* Adds one, if there is room. */
static void add_hole(fm_repair *r, int x, int nan)
{
    if (r->count < r->most)
        r->list[r->count++] = (fm_hole){x, 0, (uint8_t)nan};
}

/* Adds what is flagged of `count` neighbours from x on. */
static void add_flagged(const fm_job *j, fm_repair *r, const uint8_t *flags, int count, int x)
{
    const int found = j->type_keys->find(flags, count, r->most - r->count, r->found);
    for (int i = 0; i < found; i++)
        add_hole(r, x + r->found[i], flags[r->found[i]] == 1 << FM_IS_NAN);
}

/* Where in an array whose elements lie side by side the box has its first column inside, in row 0. */
static const char *plane_of(const fm_job *j, const fm_repair *r, const fm_array *array)
{
    ptrdiff_t at[FM_MAX_NDIM];
    input_at(j, r, 0, r->begin, at);
    if (j->outer >= 0)
        at[j->outer] = 0;
    return fm_address(array, at);
}

/* Looks at columns outside of the array; `row` is the first one inside. */
static void scan_outside(fm_repair *r, const char *row, int x, int end)
{
    for (; x < end; x++)
        if (r->mirrored[x] != FM_NOWHERE && row[r->mirrored[x] - r->begin])
            add_hole(r, x, 0);
}

/* Looks at a mask in place. */
static void scan_mask(const fm_job *j, fm_repair *r)
{
    const char *plane = plane_of(j, r, j->mask.array);
    for (int line = 0; line < r->lines + r->height - 1 && r->count < r->most; line++) {
        const char *row = plane + r->rows[line] * fm_along(j->mask.array->strides, j->outer);
        r->first[line] = r->count;
        if (r->rows[line] >= 0) {
            scan_outside(r, row, 0, r->begin);
            add_flagged(j, r, (const uint8_t *)row, r->end - r->begin, r->begin);
            scan_outside(r, row, r->end, r->padded);
        }
        r->first[line + 1] = r->count;
    }
}

/* Looks for NaNs in a line of the copy, and at a mask wherever it lies. */
static void scan_line(const fm_job *j, fm_repair *r, int line)
{
    const char *elements = fm_copy_of(j, r, line, 0);
    int any = 0;
    memset(r->flags, 0, (size_t)r->padded);
    if (j->mask.array) {
        ptrdiff_t at[FM_MAX_NDIM];
        input_at(j, r, line, 0, at);
        fm_read_keys(&j->mask, at, j->inner, r->padded, r->flags);
        any = j->counts->normalize(r->flags, r->padded);
    }
    if (j->omits)
        any |= j->type_keys->mark_nans(elements, r->padded, FM_IS_MISSING, r->flags);
    if (j->poisons && j->type_keys->mark_nans(elements, r->padded, FM_IS_NAN, r->flags)) {
        any = 1;
        for (int x = 0; x < r->padded; x++)
            if (r->flags[x] & 1 << FM_IS_MISSING)
                r->flags[x] = 1 << FM_IS_MISSING;
    }
    if (any)
        add_flagged(j, r, r->flags, r->padded, 0);
}

/* Copies the columns from `x` up to `end` from those inside. */
static void mirror(const fm_job *j, const fm_repair *r, char *line, int x, int end)
{
    for (; x < end; x++)
        fm_copy_key(line + ((ptrdiff_t)x << j->type_width), line + ((ptrdiff_t)r->mirrored[x] << j->type_width),
                    1 << j->type_width);
}

/* `plane` is where to read in place, or NULL. */
static void copy_line(const fm_job *j, const fm_repair *r, const char *plane, int line)
{
    char *to = fm_copy_of(j, r, line, 0);
    if (plane && r->rows[line] >= 0) {
        memcpy(to + ((ptrdiff_t)r->begin << j->type_width), plane + r->rows[line] * fm_along(j->input->strides, j->outer),
               (size_t)(r->end - r->begin) << j->type_width);
        mirror(j, r, to, 0, r->begin);
        mirror(j, r, to, r->end, r->padded);
        return;
    }
    ptrdiff_t at[FM_MAX_NDIM];
    input_at(j, r, line, 0, at);
    fm_read_keys(&r->elements, at, j->inner, r->padded, to);
}

/* Copies the box with its border, and looks for holes in the copy if they are not known. */
static void copy_box(const fm_job *j, fm_repair *r, int looks)
{
    const char *plane = r->is_quick ? plane_of(j, r, j->input) : NULL;
    for (int line = 0; line < r->lines + r->height - 1 && r->count < r->most; line++) {
        copy_line(j, r, plane, line);
        if (!looks)
            continue;
        r->first[line] = r->count;
        scan_line(j, r, line);
        r->first[line + 1] = r->count;
    }
}

int fm_find_holes(const fm_job *j, fm_repair *r)
{
    const int mask_alone = j->mask.array && fm_is_plain(j->mask.array, j->inner) && !j->omits && !j->poisons;
    if (mask_alone)
        scan_mask(j, r);
    if (!mask_alone || r->count || fm_is_extreme(j)) /* extremes are always made from the copy */
        copy_box(j, r, !mask_alone);
    return r->count < r->most;
}

/* The element that sorts before all others or, with NaNs after infinity, after all of them. */
static int64_t extreme_of(const fm_job *j, int low, int has_nans)
{
    static const int64_t lowest[] = {0, 0, INT32_MIN, INT64_MIN}, highest[] = {UINT8_MAX, UINT16_MAX, INT32_MAX, INT64_MAX};
    const fm_key_type k = fm_key_types[j->input->type];
    int64_t key = (low ? lowest : highest)[j->type_width], element = 0;
    if (k.kind == KEY_FLOAT)
        key = low || !has_nans ? fm_float_key(j->input->type, low ? -INFINITY : INFINITY) : j->nan;
    fm_active->write_keys((char *)&element, k.size, 1, k, 0, &key);
    return element;
}

/* Whether there are NaNs that are elements like others. */
static int has_nans(const fm_job *j, const fm_repair *r)
{
    if (fm_key_types[j->input->type].kind != KEY_FLOAT || j->omits || j->poisons)
        return 0;
    for (int line = 0; line < r->lines + r->height - 1; line++)
        if (j->type_keys->mark_nans(fm_copy_of(j, r, line, 0), r->padded, 0, NULL))
            return 1;
    return 0;
}

/* Infinity is enough where no NaN counts; the plain filter is quicker without NaNs. */
void fm_replace_holes(const fm_job *j, fm_repair *r)
{
    const int64_t low = extreme_of(j, 1, 0), high = extreme_of(j, 0, has_nans(j, r));
    for (int line = 0; line < r->lines + r->height - 1; line++) {
        char *elements = fm_copy_of(j, r, line, 0);
        for (fm_hole *h = r->list + r->first[line]; h < r->list + r->first[line + 1]; h++) {
            h->low = (uint8_t)fm_is_low(&r->mixture, line, h->x);
            fm_copy_key(elements + ((ptrdiff_t)h->x << j->type_width), h->low ? &low : &high, 1 << j->type_width);
        }
    }
}
