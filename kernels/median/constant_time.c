/* Very large windows in two dimensions: sliding over ordinal numbers, many at a time.
 *
 * The elements of a tile are sorted, and those whose numbers in the order differ by less than 64 make a group.
 * A group keeps the points where its elements lie; a point keeps the group. Where a window moves on by a
 * column, the groups of the points that enter and leave are compared with the group of the present answer, a
 * vector at a time; so it is known how many elements of the new window lie in groups before it. From there the
 * answer is sought among the groups before or after, by testing which of the 64 points lie in the window.
 * After the histogram of Huang, Yang and Tang (1979), of which only the count below the median is left; the
 * time hardly depends on the window. Compiled once per instruction set and key width.
 */
#include "engine.h"
#include "vector.h"

#include "members.h"
#include "ordering.h"

#define CONSTANT_TIME(name) FM_NAME(FM_JOIN(name, FM_KEY))

enum {
    GROUP = 64,
    SIDE = 256, /* of a tile's outputs */
};

/* An axis of a tile. Positions beyond the border mostly hold again what others hold; that is sorted once. */
typedef struct {
    ptrdiff_t begin;  /* position of the first element that is sorted, in the array or beside it, */
    int count;        /* and how many follow each other */
    unsigned shift;   /* from an element to its own place in the tile */
    uint16_t *first;  /* of each, where the list of its places in the tile begins; and the end of all, */
    uint16_t *place;  /* lists one after the other */
    uint8_t *is_many; /* whether it has more places than its own */
} side;

/* A tile and its scratch memory. Elements that are sorted are numbered along rows. */
typedef struct {
    int width, height;
    ptrdiff_t column; /* from one column of groups to the next */
    side along, across;
    K *out;                  /* a row of outputs */
    K *keys;                  /* of the elements that are sorted, */
    uint32_t *order, *other;  /* these in the order of their keys, */
    K *ordered;               /* and the keys in it; */
    K *sorted;                /* and those of all places */
    int16_t *group;           /* of each place, along columns; */
    uint16_t *x, *y;          /* the places of each number; where that fits, in memory that sorting is done with */
    size_t bytes;
} tile;

static void lay_out_side(side *s, ptrdiff_t length, char **p)
{
    s->first = fm_take(p, (size_t)(length + 1) * sizeof *s->first);
    s->place = fm_take(p, (size_t)length * sizeof *s->place);
    s->is_many = fm_take(p, (size_t)length * sizeof *s->is_many);
}

static tile lay_out(ptrdiff_t width, ptrdiff_t height, void *scratch)
{
    tile t = {.width = (int)width, .height = (int)height, .column = height + NUMBERS};
    const size_t places = (size_t)(width * height);
    char *p = scratch;
    t.order = fm_take(&p, places * sizeof *t.order);
    t.ordered = fm_take(&p, places * sizeof(K));
    lay_out_side(&t.along, width, &p);
    lay_out_side(&t.across, height, &p);
    t.sorted = fm_take(&p, places * sizeof(K));
    char *q = p; /* what is done with once the order is known */
    t.keys = fm_take(&q, places * sizeof(K));
    t.other = fm_take(&q, places * sizeof *t.other);
    t.group = fm_take(&p, (size_t)(width * t.column) * sizeof(int16_t));
    t.x = fm_take(&p, (places + GROUP) * sizeof *t.x);
    t.y = fm_take(&p, (places + GROUP) * sizeof *t.y);
    p = p > q ? p : q;
    t.out = fm_take(&p, (size_t)width * sizeof(K));
    t.bytes = (size_t)(p - (char *)scratch);
    return t;
}

/* How many elements of an axis are sorted if those beyond the border are left out that are copies of these. */
static ptrdiff_t count_own(ptrdiff_t start, ptrdiff_t length, ptrdiff_t n, fm_mode mode)
{
    const ptrdiff_t end = start + length, from = start < 0 ? 0 : start, to = end > n ? n : end;
    for (ptrdiff_t i = start; i < end; i++) {
        const ptrdiff_t element = fm_border(i, n, mode);
        if (element < from || element >= to)
            return length;
    }
    return to - from;
}

/* Lists the places of the elements of an axis that are sorted. */
static void list_places(ptrdiff_t start, ptrdiff_t length, ptrdiff_t n, fm_mode mode, side *s)
{
    const ptrdiff_t count = count_own(start, length, n, mode);
    s->count = (int)count;
    s->begin = count < length && start < 0 ? 0 : start;
    s->shift = (unsigned)(s->begin - start);
    memset(s->first, 0, (size_t)(count + 1) * sizeof *s->first);
    for (int fill = 0; fill < 2; fill++) { /* first it is counted what each list holds */
        for (ptrdiff_t i = 0; i < length; i++) {
            const ptrdiff_t element = count < length ? fm_border(start + i, n, mode) - s->begin : i;
            if (fill)
                s->place[s->first[element]++] = (uint16_t)i;
            else
                s->first[element + 1]++;
        }
        for (ptrdiff_t i = 0; i < count && !fill; i++) {
            s->is_many[i] = s->first[i + 1] > 1;
            s->first[i + 1] = (uint16_t)(s->first[i + 1] + s->first[i]);
        }
    }
    memmove(s->first + 1, s->first, (size_t)count * sizeof *s->first);
    s->first[0] = 0;
}

/* Reads the elements that are sorted. */
static void read_tile(const fm_filter *f, const fm_block *block, tile *t)
{
    const int inner = f->inner, outer = f->outer;
    const ptrdiff_t *shape = f->source.array->shape;
    const fm_mode *mode = f->source.modes;
    ptrdiff_t at[FM_MAX_NDIM];
    for (int d = 0; d < f->output->ndim; d++)
        at[d] = block->start[d] - f->lead[d];
    list_places(at[inner], t->width, shape[inner], mode[inner], &t->along);
    list_places(at[outer], t->height, shape[outer], mode[outer], &t->across);
    at[inner] = t->along.begin;
    at[outer] = t->across.begin;
    for (ptrdiff_t y = 0; y < t->across.count; y++, at[outer]++)
        fm_read_keys(&f->source, at, inner, t->along.count, t->keys + y * t->along.count);
}

/* Gives a number to a place. */
static inline void put_place(const tile *t, size_t number, uint32_t x, uint32_t y)
{
    t->x[number] = (uint16_t)x;
    t->y[number] = (uint16_t)y;
    t->group[x * t->column + y] = (int16_t)((int)(number / GROUP) + INT16_MIN);
}

/* Numbers all places in the order of their keys. */
static void number_places(const tile *numbered, size_t count)
{
    const tile own = *numbered, *t = &own; /* which what is stored cannot be a part of */
    const side along = t->along, across = t->across;
    /* elements are few enough for a multiplication to divide by the width exactly */
    const uint64_t width = (uint64_t)along.count, reciprocal = ((uint64_t)1 << 32) / width + 1;
    size_t number = 0;
    for (size_t i = 0; i < count; i++) {
        const uint32_t element = t->order[i], row = (uint32_t)(element * reciprocal >> 32);
        const uint32_t column = element - row * (uint32_t)width;
        const K key = t->ordered[i];
        if (!(across.is_many[row] | along.is_many[column])) {
            t->sorted[number] = key;
            put_place(t, number++, column + along.shift, row + across.shift);
            continue;
        }
        for (int j = across.first[row]; j < across.first[row + 1]; j++)
            for (int k = along.first[column]; k < along.first[column + 1]; k++) {
                t->sorted[number] = key;
                put_place(t, number++, along.place[k], across.place[j]);
            }
    }
}

/* The tile is read with its border and numbered. */
static void number_tile(const fm_filter *f, const fm_block *block, tile *t)
{
    read_tile(f, block, t);
    const size_t count = (size_t)t->along.count * (size_t)t->across.count, places = (size_t)t->width * (size_t)t->height;
    sort_all(&(fm_ordering){t->keys, t->order, t->ordered, t->other}, count);
    number_places(t, count);
    /* the last group may be looked at whole: what is found in it is found before these */
    memset(t->x + places, 255, GROUP * sizeof *t->x);
    memset(t->y + places, 255, GROUP * sizeof *t->y);
}

/* Where in the order the window's element of the wanted rank is. */
typedef struct {
    int group;
    ptrdiff_t before; /* of the window's elements, how many are in groups before this */
} position;

static inline uint64_t members_of(const tile *t, int group, fm_box box)
{
    ptrdiff_t i = (ptrdiff_t)group * GROUP;
    return members_16(t->x + i, t->y + i, box);
}

/* The key of the window's element of the given rank. */
static inline K seek(const tile *t, fm_box box, position *p, ptrdiff_t rank)
{
    uint64_t in = members_of(t, p->group, box);
    while (p->before > rank) {
        in = members_of(t, --p->group, box);
        p->before -= __builtin_popcountll(in);
    }
    ptrdiff_t here;
    while (p->before + (here = __builtin_popcountll(in)) <= rank) {
        p->before += here;
        in = members_of(t, ++p->group, box);
    }
    return t->sorted[p->group * GROUP + nth_bit(in, rank - p->before)];
}

/* How many more elements before `group` a window has once it has moved down by a row. */
static int row_change(const tile *t, fm_box box, int group)
{
    const int16_t *leaving = t->group + box.left * t->column + box.top, *entering = leaving + box.height;
    int change = 0;
    for (int i = 0; i < box.width; i++)
        change += (entering[i * t->column] < group + INT16_MIN) - (leaving[i * t->column] < group + INT16_MIN);
    return change;
}

/* Filters a row of outputs from the second on; `p` is that of the first. */
static inline void filter_row(const tile *t, fm_box box, position p, ptrdiff_t rank, ptrdiff_t count, K *out)
{
    const fm_numbers tail = tail_mask(box.height);
    for (ptrdiff_t i = 1; i < count; i++) {
        const int16_t *leaving = t->group + box.left * t->column + box.top;
        p.before += count_change(leaving + box.width * t->column, leaving, box.height,
                                 (int16_t)(p.group + INT16_MIN), tail);
        box.left++;
        out[i] = seek(t, box, &p, rank);
    }
}

static void filter_tile(fm_filter *f, const fm_block *block, const tile *t, fm_box box, int lane)
{
    const ptrdiff_t columns = block->extent[f->inner], rows = block->extent[f->outer];
    K *out = t->out;
    ptrdiff_t at[FM_MAX_NDIM];
    memcpy(at, block->start, sizeof at);
    position p = {0, 0};
    for (ptrdiff_t y = 0; !fm_should_stop(f, lane); box.top++) {
        out[0] = seek(t, box, &p, f->rank);
        filter_row(t, box, p, f->rank, columns, out);
        fm_write_keys(f->output, at, f->inner, columns, out);
        if (++y == rows)
            return;
        at[f->outer]++;
        p.before += row_change(t, box, p.group);
    }
}

/* A block is one plane of outputs. */
static void part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    const ptrdiff_t width = f->size[f->inner], height = f->size[f->outer];
    tile t = lay_out(block->extent[f->inner] + width - 1, block->extent[f->outer] + height - 1, scratch);
    number_tile(f, block, &t);
    const tile numbered = t;
    fm_box box = {.width = (uint16_t)width, .height = (uint16_t)height};
    filter_tile(f, block, &numbered, box, lane);
}

static size_t scratch_bytes(const fm_filter *f, const fm_block *largest)
{
    ptrdiff_t width = largest->extent[f->inner] + f->size[f->inner] - 1;
    ptrdiff_t height = largest->extent[f->outer] + f->size[f->outer] - 1;
    return lay_out(width, height, NULL).bytes;
}

/* As large as memory allows. */
static void cut(const fm_filter *f, fm_block *largest)
{
    ptrdiff_t rows = SIDE, columns = SIDE;
    do {
        fm_cut_plane(f, rows, columns, largest);
        ptrdiff_t *longer = columns > rows ? &columns : &rows;
        *longer -= *longer / 4;
    } while (scratch_bytes(f, largest) > FM_MOST_SCRATCH && rows > 1);
}

extern const fm_engine CONSTANT_TIME(fm_constant_time);
const fm_engine CONSTANT_TIME(fm_constant_time) = {cut, scratch_bytes, part};
