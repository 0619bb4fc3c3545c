/* From the element of one rank of a window to that of another nearby.
 *
 * Lanes are neighbouring windows. All elements of the windows are compared with the one that each lane has:
 * counting the smaller ones tells its rank, and the largest of them is the next one down. After one such look
 * the element of the rank below is known, after two that of the rank below that. It serves every window.
 * Compiled once per instruction set and key width; counts of elements have to fit a key.
 */
#include "missing.h"
#include "lanes.h"

#define STEPPING(name) FM_NAME(FM_JOIN(name, FM_KEY))

#if FM_KEY < 32
#define LOWEST ((K)0)
#define HIGHEST ((K)-1)
#elif FM_KEY == 32
#define LOWEST INT32_MIN
#define HIGHEST INT32_MAX
#else
#define LOWEST INT64_MIN
#define HIGHEST INT64_MAX
#endif

static inline lanes all(K key)
{
    return key - (lanes){0};
}

static int mark(const void *keys, int64_t key, ptrdiff_t count, int flag, uint8_t *flags)
{
    const K *k = keys, wanted = (K)key;
    K found = 0;
    for (ptrdiff_t i = 0; i < count; i++)
        found |= (K)(k[i] == wanted);
    for (ptrdiff_t i = 0; found && i < count; i++)
        flags[i] |= (uint8_t)((k[i] == wanted) << flag);
    return found != 0;
}

static int mark_nans(const void *floats, ptrdiff_t count, int flag, uint8_t *flags)
{
#if FM_KEY == 8
    return 0; /* there is no float of 8 bits */
#else
    typedef FM_PASTE(FM_PASTE(uint, FM_KEY), _t) U;
    static const U infinity = FM_KEY == 16 ? 0x7c00 : FM_KEY == 32 ? 0x7f800000 : (U)0x7ff0000000000000;
    const U *x = floats, magnitude = (U)-1 >> 1;
    U found = 0; /* the sign of what an element lacks to infinity */
    for (ptrdiff_t i = 0; i < count; i++)
        found |= (U)(infinity - (x[i] & magnitude));
    found >>= FM_KEY - 1;
    for (ptrdiff_t i = 0; found && flags && i < count; i++)
        flags[i] |= (uint8_t)(((x[i] & magnitude) > infinity) << flag);
    return found != 0;
#endif
}

static inline int first_flag(uint64_t eight)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return __builtin_ctzll(eight) / 8;
#else
    return 7 - __builtin_ctzll(eight) / 8;
#endif
}

static void replace_all(K *restrict keys, const uint8_t *restrict flags, ptrdiff_t count, K by)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        K missing = (K)((K)0 - (K)(flags[i] & 1 << FM_IS_MISSING));
        keys[i] = (K)((by & missing) | (keys[i] & ~missing));
    }
}

static void flag_all(uint8_t *flags, ptrdiff_t count)
{
    for (ptrdiff_t i = 0; i < count; i++)
        flags[i] |= (uint8_t)((flags[i] & 1 << FM_IS_MISSING) << (FM_IS_LOW - FM_IS_MISSING));
}

static int replace_mixed(K *keys, uint8_t *flags, ptrdiff_t count, fm_mixture *mixture, ptrdiff_t line)
{
    int lows = 0;
    for (ptrdiff_t begin = 0; begin < count; begin += 8) {
        uint64_t eight; /* a bit for each missing one */
        memcpy(&eight, flags + begin, 8);
        for (eight &= 0x0101010101010101; eight; eight &= eight - 1) {
            ptrdiff_t i = begin + first_flag(eight);
            int low = fm_is_low(mixture, line, i);
            keys[i] = low ? LOWEST : HIGHEST;
            flags[i] |= (uint8_t)(low << FM_IS_LOW);
            lows |= low;
        }
    }
    return lows;
}

static int replace(void *keys, uint8_t *flags, ptrdiff_t count, fm_mixture *mixture, ptrdiff_t line)
{
    int all_low = mixture->share == FM_MIXTURE_ALL;
    if (mixture->share != 0 && !all_low)
        return replace_mixed(keys, flags, count, mixture, line);
    replace_all(keys, flags, count, all_low ? LOWEST : HIGHEST);
    if (all_low)
        flag_all(flags, count);
    return all_low;
}

/* What a look at an element finds on one side of it: how many elements are not beyond it, and the next two that are. */
typedef struct {
    lanes count, next, after;
} look;

/* How many elements of each lane's window are below `at`, and the two largest of these. */
static inline look look_down(const fm_places *window, const K *first, lanes at)
{
    look l = {.next = all(LOWEST), .after = all(LOWEST)};
    for (ptrdiff_t r = 0; r < window->runs; r++) {
        const K *p = first + window->start[r], *end = p + window->length[r];
        for (; p < end; p++) {
            lanes element = load(p), less = (lanes)(element < at), below = choose(less, element, all(LOWEST));
            l.count -= less;
            l.after = (lanes)MAX((V)l.after, MIN((V)l.next, (V)below));
            l.next = (lanes)MAX((V)l.next, (V)below);
        }
    }
    return l;
}

/* How many elements are not above `at`, and the two smallest of the others. */
static inline look look_up(const fm_places *window, const K *first, lanes at)
{
    look l = {all((K)window->elements), all(HIGHEST), all(HIGHEST)};
    for (ptrdiff_t r = 0; r < window->runs; r++) {
        const K *p = first + window->start[r], *end = p + window->length[r];
        for (; p < end; p++) {
            lanes element = load(p), more = (lanes)(element > at), above = choose(more, element, all(HIGHEST));
            l.count += more;
            l.after = (lanes)MIN((V)l.after, MAX((V)l.next, (V)above));
            l.next = (lanes)MIN((V)l.next, (V)above);
        }
    }
    return l;
}

/* Lanes that have to go on by more than two look again from there. By itself this finds room in registers. */
static __attribute__((noinline)) void step_group(const fm_places *window, const K *first, lanes from, lanes to, K *chosen)
{
    lanes at = load(chosen);
    for (lanes down = (lanes)(to < from); any(down);) {
        look l = look_down(window, first, at);
        down &= (lanes)(to < l.count);
        at = choose(down, choose((lanes)(l.count - to > 1), l.after, l.next), at);
        down &= (lanes)(l.count - to > 2);
    }
    for (lanes up = (lanes)(to > from); any(up);) {
        look l = look_up(window, first, at);
        up &= (lanes)(to >= l.count);
        at = choose(up, choose((lanes)(to > l.count), l.after, l.next), at);
        up &= (lanes)(to - l.count > 1);
    }
    memcpy(chosen, &at, sizeof at);
}

/* Ranks as lanes; where none is wanted, that of `otherwise`. */
static inline lanes ranks(const uint32_t *rank, lanes otherwise)
{
    K narrow[LANES], none[LANES];
    for (int i = 0; i < LANES; i++) {
        narrow[i] = (K)rank[i];
        none[i] = (K) - (rank[i] >= FM_POISONED);
    }
    return choose(load(none), otherwise, load(narrow));
}

static void step(const fm_places *window, const void *first, ptrdiff_t rank, const uint32_t *from,
                 const uint32_t *to, const uint8_t *findings, int finding, ptrdiff_t count, void *chosen)
{
    for (ptrdiff_t x = 0; x < count; x += LANES) {
        if (!(findings[x / FM_CHUNK] & finding))
            continue;
        lanes here = from ? ranks(from + x, all(0)) : all((K)rank), there = ranks(to + x, here);
        if (any((lanes)(here != there)))
            step_group(window, (const K *)first + x, here, there, (K *)chosen + x);
    }
}

/* Which of 64 flags are not 0. */
static inline uint64_t flags_of_64(const uint8_t *flags)
{
#if defined(FM_LEVEL_V4)
    const __m512i v = _mm512_loadu_si512(flags);
    return _mm512_test_epi8_mask(v, v);
#elif defined(FM_LEVEL_V3)
    const __m256i *p = (const __m256i *)(const void *)flags, zero = _mm256_setzero_si256();
    uint32_t low = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_loadu_si256(p), zero));
    uint32_t high = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_loadu_si256(p + 1), zero));
    return ~(low | (uint64_t)high << 32);
#else
    uint64_t set = 0;
    for (int i = 0; i < 64; i += 8) {
        uint64_t eight;
        memcpy(&eight, flags + i, 8);
        for (int k = i; eight && k < i + 8; k++)
            set |= (uint64_t)(flags[k] != 0) << k;
    }
    return set;
#endif
}

static int find(const uint8_t *flags, ptrdiff_t count, int most, int *places)
{
    int found = 0;
    ptrdiff_t x = 0;
    for (; x + 64 <= count; x += 64)
        for (uint64_t set = flags_of_64(flags + x); set && found < most; set &= set - 1)
            places[found++] = (int)x + __builtin_ctzll(set);
    for (; x < count && found < most; x++)
        if (flags[x])
            places[found++] = (int)x;
    return found;
}

static void settle(const uint32_t *to, const uint8_t *findings, ptrdiff_t count, int64_t empty, int64_t poisoned,
                   void *chosen)
{
    K *k = chosen;
    for (ptrdiff_t x = 0; x < count; x++)
        if (findings[x / FM_CHUNK] & FM_NONE && to[x] >= FM_POISONED)
            k[x] = to[x] == FM_EMPTY ? (K)empty : (K)poisoned;
}

void STEPPING(missing_shut_out)(const uint8_t *, ptrdiff_t, void *, void *);
void STEPPING(missing_deviate)(const fm_places *, const void *, const void *, const void *, int, ptrdiff_t,
                               const uint32_t *, const uint8_t *, ptrdiff_t, const void *, void *);
void STEPPING(keep)(const fm_outliers *, fm_type, const void *, void *, const void *, ptrdiff_t, uint8_t *);
void STEPPING(keep_flagged)(const uint8_t *, const void *, void *, ptrdiff_t);
size_t STEPPING(missing_tile_bytes)(ptrdiff_t);
void STEPPING(missing_begin_tile)(const void *, const uint8_t *, ptrdiff_t, int, int, fm_tile *);
void STEPPING(missing_filter_row)(fm_tile *, int, int, int, const fm_wanted *, ptrdiff_t, void *, void *);
int STEPPING(missing_normalize)(uint8_t *, ptrdiff_t);
void STEPPING(missing_widen)(const uint8_t *, ptrdiff_t, int, void *);
void STEPPING(missing_slide)(void *, ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t, void *);
void STEPPING(missing_slide_row)(const void *, ptrdiff_t, ptrdiff_t, void *, void *);
void STEPPING(missing_accumulate)(void *, ptrdiff_t);
void STEPPING(missing_run_sums)(const fm_places *, const void *, ptrdiff_t, void *);
int STEPPING(missing_wanted)(const fm_ranks *, const void *, const void *, const void *, ptrdiff_t, uint32_t *,
                             uint32_t *, uint8_t *);

extern const fm_missing_kernels STEPPING(fm_missing_kernels);
const fm_missing_kernels STEPPING(fm_missing_kernels) = {
    .mark = mark,
    .mark_nans = mark_nans,
    .replace = replace,
    .step = step,
    .find = find,
    .settle = settle,
    .shut_out = STEPPING(missing_shut_out),
    .deviate = STEPPING(missing_deviate),
    .keep = STEPPING(keep),
    .keep_flagged = STEPPING(keep_flagged),
    .tile_bytes = STEPPING(missing_tile_bytes),
    .begin_tile = STEPPING(missing_begin_tile),
    .filter_row = STEPPING(missing_filter_row),
    .normalize = STEPPING(missing_normalize),
    .widen = STEPPING(missing_widen),
    .slide = STEPPING(missing_slide),
    .slide_row = STEPPING(missing_slide_row),
    .accumulate = STEPPING(missing_accumulate),
    .run_sums = STEPPING(missing_run_sums),
    .wanted = STEPPING(missing_wanted),
};
