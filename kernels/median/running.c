/* Lines of windows along one axis: the rank of each element of the window, kept up to date.
 *
 * Where a window moves on by an element, those above the one that enters go up by one in rank, and those
 * above the one that leaves go down; a few vectors of comparisons tell for all, and no step depends on the
 * data. The element of the wanted rank is then found by comparing ranks. A step costs two comparisons for
 * each element of the window, which for windows of some dozens is less than any order of it costs.
 * Compiled once per instruction set and key width.
 */
#include "engine.h"
#include "above.h"

#define RUNNING(name) FM_NAME(FM_JOIN(name, FM_KEY))

enum {
    LONGEST = FM_LONGEST_RUNNING,
    SLOTS = (LONGEST + N - 1) / N * N,
    COLUMNS = 16384 / sizeof(K), /* outputs of a piece of a line */
    LINES = 64,                  /* of a part */
};

/* A window. Its slots are in groups of N; a slot keeps its element until the window has left it. Ranks are kept
 * modulo 256, among equal elements the later has the higher. */
typedef struct {
    S key[SLOTS];         /* those of slots without an element stay the lowest there is */
    uint8_t slots[SLOTS]; /* 0, 1, 2... */
    uint8_t place[SLOTS]; /* where in `key` the element of a slot is */
    uint64_t used[SLOTS / N];
    unsigned size;
    uint8_t wanted;
} window;

static S lowest(void)
{
    return (S)((uint64_t)1 << (FM_KEY - 1));
}

/* A window of elements that are as low as keys can be. */
static void begin(window *w, int size, int rank)
{
    uint8_t order[N];
    find_order(order);
    w->size = (unsigned)size;
    w->wanted = (uint8_t)rank;
    for (int i = 0; i < SLOTS; i++) {
        w->key[i] = lowest();
        w->slots[i] = (uint8_t)i;
        w->place[i] = (uint8_t)(i / N * N + order[i % N]);
    }
    for (int g = 0; g < SLOTS / N; g++)
        w->used[g] = size >= g * N + 64 ? UINT64_MAX : size > g * N ? ((uint64_t)1 << (size - g * N)) - 1 : 0;
}

/* Stores a whole vector, so that what is loaded next need not wait. */
static inline void set_key(S *key_, unsigned place, keys key)
{
    static const S one[2 * LANES] = {[LANES] = -1};
    S *at = key_ + (place & ~(unsigned)(LANES - 1));
    keys all = load_keys(at), here = load_keys(one + LANES - (place & (LANES - 1)));
    all = (all & ~here) | (key & here);
    memcpy(at, &all, sizeof all);
}

/* Makes `count` outputs. Before in[0] there are as many elements as in the window, the lowest there is. */
static inline __attribute__((always_inline)) void slide(window *w, int groups, const S *restrict in, ptrdiff_t count,
                                                        S *restrict out)
{
    const ptrdiff_t size = w->size;
    const bytes rank_wanted = (bytes){0} + w->wanted;
    bytes ranks[SLOTS / N], slots[SLOTS / N];
    uint64_t used[SLOTS / N];
    S key[SLOTS];
    memcpy(key, w->key, sizeof key);
    for (int g = 0; g < groups; g++) {
        ranks[g] = slots[g] = load_bytes(w->slots + g * N); /* the elements are equal, so those are their ranks */
        used[g] = w->used[g];
    }
    ptrdiff_t slot = 0; /* of the element that leaves */
    for (ptrdiff_t i = 0; i < count; i++) {
        const keys entering = (keys){0} + in[i], leaving = (keys){0} + in[i - size];
        ptrdiff_t rank = size - 1 + (in[i - size] > in[i]), found = 0;
        for (int g = 0; g < groups; g++) {
            bytes up = above(key + g * N, entering), kept = below(key + g * N, leaving);
            ranks[g] = ranks[g] - up - kept - 1;
            rank -= __builtin_popcountll(bits(up));
        }
        for (int g = 0; g < groups; g++) {
            bytes here = (bytes)(slots[g] == (uint8_t)slot);
            ranks[g] = (ranks[g] & ~here) | (((bytes){0} + (uint8_t)rank) & here);
            uint64_t wanted = bits((bytes)(ranks[g] == rank_wanted)) & used[g];
            found = wanted ? g * N + __builtin_ctzll(wanted) : found;
        }
        set_key(key, w->place[slot], entering);
        ptrdiff_t age = slot - found;
        out[i] = in[i - (age < 0 ? age + size : age)];
        slot = slot + 1 == size ? 0 : slot + 1;
    }
}

/* Scratch memory of a part. */
typedef struct {
    window *window;
    S *in, *out;
    size_t bytes;
} layout;

static layout lay_out(ptrdiff_t size, ptrdiff_t columns, void *scratch)
{
    layout l;
    char *p = scratch;
    l.window = fm_take(&p, sizeof(window));
    l.in = (S *)fm_take(&p, (size_t)(columns + 2 * size - 1) * sizeof(S)) + size;
    l.out = fm_take(&p, (size_t)(columns + size - 1) * sizeof(S)); /* as many go before the first */
    l.bytes = (size_t)(p - (char *)scratch);
    return l;
}

static void cut(const fm_filter *f, fm_block *largest)
{
    for (int d = 0; d < f->output->ndim; d++)
        largest->extent[d] = 1;
    ptrdiff_t columns = f->output->shape[f->inner];
    largest->extent[f->inner] = columns < COLUMNS ? columns : COLUMNS;
    if (f->outer >= 0) {
        ptrdiff_t lines = f->output->shape[f->outer];
        largest->extent[f->outer] = lines < LINES ? lines : LINES;
    }
}

static size_t scratch_bytes(const fm_filter *f, const fm_block *largest)
{
    return lay_out(f->size[f->inner], largest->extent[f->inner], NULL).bytes;
}

/* Keys to signed ones that sort alike, and back. */
static void change_sign(S *keys_, ptrdiff_t count)
{
    if ((K)-1 > 0)
        for (ptrdiff_t i = 0; i < count; i++)
            keys_[i] ^= (S)((uint64_t)1 << (FM_KEY - 1));
}

static void part(fm_filter *f, const fm_block *block, void *scratch, int lane)
{
    const ptrdiff_t columns = block->extent[f->inner], lines = f->outer < 0 ? 1 : block->extent[f->outer];
    const int size = (int)f->size[f->inner];
    layout l = lay_out(size, columns, scratch);
    ptrdiff_t at[FM_MAX_NDIM], from[FM_MAX_NDIM];
    memcpy(at, block->start, sizeof at);
    for (ptrdiff_t y = 0; y < lines && !fm_should_stop(f, lane); y++) {
        memcpy(from, at, sizeof from);
        from[f->inner] -= f->lead[f->inner];
        fm_read_keys(&f->source, from, f->inner, columns + size - 1, l.in);
        change_sign(l.in, columns + size - 1);
        begin(l.window, size, (int)f->rank);
        for (int i = 1; i <= size; i++)
            l.in[-i] = lowest();
        switch ((size + N - 1) / N) {
#define SLIDE(groups) slide(l.window, groups < SLOTS / N ? groups : SLOTS / N, l.in, columns + size - 1, l.out)
        case 1: SLIDE(1); break; /* the compiler unrolls what it knows the length of */
        case 2: SLIDE(2); break;
        case 3: SLIDE(3); break;
        case 4: SLIDE(4); break;
        default: SLIDE((size + N - 1) / N);
        }
        change_sign(l.out + size - 1, columns);
        fm_write_keys(f->output, at, f->inner, columns, l.out + size - 1);
        if (f->outer >= 0)
            at[f->outer]++;
    }
}

extern const fm_engine RUNNING(fm_running);
const fm_engine RUNNING(fm_running) = {cut, scratch_bytes, part};
