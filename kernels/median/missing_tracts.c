/* How the outputs of a filter for missing elements are cut: into boxes for repair.c, and these into blocks. */
#include "missing_job.h"

#include <stdlib.h>

enum {
    BLOCK_PLACES = 1 << 16, /* with the border: what the second cache holds */
    BOX_OUTPUTS = 1 << 17, /* of 8 or 16 bits, and half as many wider ones */
    LONGEST_LINE = 1 << 13,
    LONGEST_SINGLE = 1 << 15, /* the same of boxes that are a line */
    LONG_ENOUGH = 64,        /* for an axis to read along, if its elements lie closest */
    SMALLEST_NUMBERED = 600, /* elements: a step looks at all of them */
    LONGEST_NUMBERED = 208,  /* side: of a tile with longer ones nearly nothing is left */
    SMALLEST_BYTES = 350,    /* the same where elements are bytes, of which there are histograms */
    LONGEST_BYTES = 512,
    BYTES_SIDE = 512,        /* of their blocks, or twice that of a window */
};

static ptrdiff_t round_up(ptrdiff_t n, ptrdiff_t multiple)
{
    return (n + multiple - 1) / multiple * multiple;
}

/* That whose elements lie closest, if it is long enough, or else the longest. */
int fm_choose_inner(const fm_job *j)
{
    const ptrdiff_t *strides = j->input->strides;
    int inner = j->ndim - 1;
    for (int d = j->ndim - 1; d >= 0; d--) {
        ptrdiff_t here = j->region.span[d], best = j->region.span[inner];
        int closer = labs(strides[d]) < labs(strides[inner]);
        if (here >= LONG_ENOUGH ? best < LONG_ENOUGH || closer : here > best)
            inner = d;
    }
    return inner;
}

/* Whether the window extends along two axes, and is of a size for which numbering pays. */
int fm_suits_numbers(fm_job *j)
{
    const ptrdiff_t *size = j->window->size, *strides = j->input->strides;
    int long_axes = 0, axis[2] = {0};
    for (int d = 0; d < j->ndim; d++)
        if (size[d] > 1) {
            if (long_axes < 2)
                axis[long_axes] = d;
            long_axes++;
        }
    const ptrdiff_t smallest = j->type_width ? SMALLEST_NUMBERED : SMALLEST_BYTES;
    const ptrdiff_t longest = j->type_width ? LONGEST_NUMBERED : LONGEST_BYTES;
    if (fm_is_extreme(j) || j->deviates || j->window->footprint || long_axes != 2 || j->ranks.elements < smallest ||
        size[axis[0]] > longest || size[axis[1]] > longest)
        return 0;
    int first = labs(strides[axis[0]]) < labs(strides[axis[1]]);
    j->inner = axis[!first];
    j->outer = axis[first];
    return 1;
}

/* 0 if there are more elements than can be counted. */
static int measure(const fm_job *j, const ptrdiff_t *extent, fm_tract *t)
{
    ptrdiff_t places = 1;
    memcpy(t->extent, extent, (size_t)j->ndim * sizeof *extent);
    for (int d = 0; d < j->ndim; d++)
        t->padded[d] = extent[d] + j->window->size[d] - 1;
    t->line = round_up(t->padded[j->inner] + 1, 8); /* accumulated counts are one more */
    t->out_line = round_up(extent[j->inner], FM_CHUNK);
    t->lines = t->out_lines = 1;
    t->stride[j->inner] = t->out_stride[j->inner] = 1;
    for (int d = j->ndim - 1; d >= 0; d--)
        if (d != j->inner) {
            t->stride[d] = t->lines * t->line;
            t->out_stride[d] = t->out_lines * t->out_line;
            t->lines *= t->padded[d];
            t->out_lines *= extent[d];
            if (__builtin_mul_overflow(places, t->padded[d], &places))
                return 0;
        }
    return !__builtin_mul_overflow(places, 64 * (t->line + 64), &places);
}

static int choose_tiles(fm_job *j)
{
    ptrdiff_t extent[FM_MAX_NDIM] = {0};
    for (int d = 0; d < j->ndim; d++) {
        const ptrdiff_t size = j->window->size[d], side = 2 * size < BYTES_SIDE ? BYTES_SIDE : 2 * size;
        const ptrdiff_t most = j->type_width ? FM_TILE_SIDE - size + 1 : side;
        extent[d] = fm_part_of(j->region.span[d], d == j->inner || d == j->outer ? most : 1);
    }
    return measure(j, extent, &j->block);
}

/* Whether a tract is not too large: `places` with the border, and of scratch memory as much as is good. */
static int is_small(const fm_job *j, const fm_tract *t, ptrdiff_t places)
{
    return t->lines * t->line <= places && fm_lay_out_block(j, t, NULL).bytes <= FM_MOST_SCRATCH / 2;
}

/* Lines as long as possible, then axes that are filtered, then the others. */
static int choose(const fm_job *j, ptrdiff_t places, fm_tract *largest)
{
    ptrdiff_t extent[FM_MAX_NDIM];
    const ptrdiff_t *whole = j->region.span;
    for (int d = 0; d < j->ndim; d++)
        extent[d] = 1;
    extent[j->inner] = whole[j->inner] < LONGEST_LINE ? whole[j->inner] : LONGEST_LINE;
    while (extent[j->inner] > 1 && (!measure(j, extent, largest) || !is_small(j, largest, PTRDIFF_MAX)))
        extent[j->inner] /= 2;
    for (int filtered = 1; filtered >= 0; filtered--)
        for (int grown = 1; grown;) {
            grown = 0;
            for (int d = j->ndim - 1; d >= 0; d--) {
                ptrdiff_t before = extent[d];
                if ((j->window->size[d] > 1) != filtered || before == whole[d])
                    continue;
                extent[d] = 2 * before < whole[d] ? 2 * before : whole[d];
                if (measure(j, extent, largest) && is_small(j, largest, places))
                    grown = 1;
                else
                    extent[d] = before;
            }
        }
    for (int d = 0; d < j->ndim; d++)
        extent[d] = fm_part_of(whole[d], extent[d]);
    return measure(j, extent, largest);
}

/* Blocks of large windows are large, or else most of them would be border. */
int fm_choose_blocks(fm_job *j)
{
    if (j->numbers)
        return choose_tiles(j);
    ptrdiff_t most = j->ranks.elements > PTRDIFF_MAX / 16 ? PTRDIFF_MAX : 16 * j->ranks.elements;
    return choose(j, most < BLOCK_PLACES ? BLOCK_PLACES : most, &j->block);
}

/* Planes, or bands of them as wide as possible. */
int fm_choose_boxes(fm_job *j)
{
    ptrdiff_t extent[FM_MAX_NDIM];
    for (int d = 0; d < j->ndim; d++)
        extent[d] = 1;
    extent[j->inner] = fm_part_of(j->region.span[j->inner], j->outer < 0 ? LONGEST_SINGLE : LONGEST_LINE);
    if (j->outer >= 0)
        extent[j->outer] = fm_part_of(j->region.span[j->outer], (BOX_OUTPUTS >> j->type_width / 2) / extent[j->inner] + 1);
    return measure(j, extent, &j->box);
}

int fm_most_holes(const fm_job *j, const fm_tract *box)
{
    return (int)(box->lines * box->line / 64) + 1;
}

ptrdiff_t fm_count_tracts(const fm_job *j, const fm_region *region, const fm_tract *largest)
{
    ptrdiff_t tracts = 1;
    for (int d = 0; d < j->ndim; d++)
        tracts *= (region->span[d] + largest->extent[d] - 1) / largest->extent[d];
    return tracts;
}

void fm_tract_at(const fm_job *j, const fm_region *region, const fm_tract *largest, ptrdiff_t index, fm_tract *t)
{
    ptrdiff_t extent[FM_MAX_NDIM];
    for (int d = j->ndim - 1; d >= 0; d--) {
        ptrdiff_t most = largest->extent[d], tracts = (region->span[d] + most - 1) / most, at = index % tracts * most;
        index /= tracts;
        t->start[d] = region->from[d] + at;
        extent[d] = region->span[d] - at < most ? region->span[d] - at : most;
    }
    memcpy(t->extent, extent, (size_t)j->ndim * sizeof *extent);
    if (!j->weighs) /* padded, these are too large to measure */
        measure(j, extent, t);
}

void fm_find_places(const fm_job *j, const ptrdiff_t *stride, fm_places *places)
{
    places->runs = j->run_count;
    places->elements = j->ranks.elements;
    for (ptrdiff_t i = 0; i < j->run_count; i++) {
        places->start[i] = 0;
        for (int d = 0; d < j->ndim; d++)
            places->start[i] += j->runs[i].start[d] * stride[d];
        places->length[i] = j->runs[i].length;
    }
}

static void *take(char **p, ptrdiff_t count, size_t size)
{
    return fm_take(p, (size_t)count * size);
}

fm_room fm_lay_out_block(const fm_job *j, const fm_tract *t, void *scratch)
{
    size_t key = (size_t)1 << j->type_width, count = (size_t)1 << j->count_width;
    size_t wide = j->width > j->type_width ? (size_t)1 << j->width : 0;
    size_t deviation = j->deviates ? (size_t)1 << j->width : 0;
    ptrdiff_t places = t->lines * t->line + FM_CHUNK; /* whole vectors are read from the last ones on */
    char *p = scratch;
    fm_room r;
    r.type_keys = take(&p, places, key);
    r.type_chosen = take(&p, t->out_lines * t->out_line, key);
    r.type_lower = take(&p, t->out_lines * t->out_line, j->missing->mean ? key : 0);
    r.keys = wide ? take(&p, places, wide) : r.type_keys;
    r.chosen = wide ? take(&p, t->out_line, wide) : NULL;
    r.lower = wide ? take(&p, t->out_line, wide) : NULL;
    r.high = take(&p, places, deviation);
    r.low = take(&p, places, deviation);
    r.deviations = take(&p, t->out_line, deviation);
    r.flags = take(&p, places, 1);
    r.missing_counts = take(&p, places, count);
    r.low_counts = take(&p, places, j->numbers ? 0 : count);
    r.nan_counts = take(&p, places, j->poisons ? count : 0);
    r.missing_sums = take(&p, t->out_line, count);
    r.low_sums = take(&p, t->out_line, count);
    r.nan_sums = take(&p, t->out_line, count);
    r.sliding = take(&p, places + 2 * t->line, count);
    r.to = take(&p, t->out_line, sizeof *r.to);
    r.to_lower = take(&p, t->out_line, sizeof *r.to_lower);
    r.findings = take(&p, t->out_line / FM_CHUNK, 1);
    r.cells = take(&p, t->line, sizeof *r.cells);
    r.tile.room = take(&p, 1, j->numbers ? j->type_keys->tile_bytes(t->padded[j->inner]) : 0);
    r.places.start = take(&p, j->run_count, sizeof *r.places.start);
    r.places.length = take(&p, j->run_count, sizeof *r.places.length);
    r.bytes = (size_t)(p - (char *)scratch);
    return r;
}
