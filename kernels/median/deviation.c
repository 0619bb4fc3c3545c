/* The median of how far the elements of a window are from its median.
 *
 * Lanes are neighbouring windows, each with a median of its own, so that they share no deviations: these are made
 * anew whenever they are looked at. The one of the wanted rank is found by bisection: counting those up to a
 * value halves the range, and its ends move on to the nearest deviations there are.
 * Compiled once per instruction set and key width; counts of elements have to fit a key.
 */
#include "missing.h"
#include "lanes.h"

#define DEVIATION(name) FM_NAME(FM_JOIN(name, FM_KEY))

#if FM_KEY == 8
typedef uint8_t U;
#elif FM_KEY == 16
typedef uint16_t U;
#elif FM_KEY == 32
typedef uint32_t U;
typedef float F;
#else
typedef uint64_t U;
typedef double F;
#endif
typedef U bits __attribute__((vector_size(sizeof(V))));

#define SIGN ((U)1 << (FM_KEY - 1))

#if FM_KEY >= 32
typedef F floats __attribute__((vector_size(sizeof(V))));

static inline floats as_floats(lanes key)
{
    return (floats)(key ^ ((key >> (FM_KEY - 1)) & (K) ~SIGN));
}

#endif

static inline bits distance(lanes a, lanes b)
{
    return (bits)MAX((V)a, (V)b) - (bits)MIN((V)a, (V)b);
}

/* What the deviations of a group are made from. */
typedef struct {
    const fm_places *window;
    const K *first;
    const U *high, *low; /* where all bits are set and cleared; NULL if nowhere */
    lanes center;
    int is_float;
} group;

/* The key of a deviation. That of floats is the distance as it is rounded, which keeps the order, and the bits of
 * which sort as integers do. */
static inline lanes deviation(const group *g, ptrdiff_t place)
{
    lanes element = load(g->first + place);
    bits d;
#if FM_KEY >= 32
    if (g->is_float)
        d = (bits)(as_floats(element) - as_floats(g->center));
    else
#endif
        d = distance(element, g->center);
    if (g->high)
        d = (d | (bits)load(g->high + place)) & ~(bits)load(g->low + place);
#if FM_KEY >= 32
    d = g->is_float ? d & ~SIGN : d ^ SIGN;
#endif
    return (lanes)d;
}

/* How many deviations are up to `most`, the largest of these and the smallest of the others. */
static inline void look(const group *g, lanes most, lanes lowest, lanes highest, lanes *count, lanes *below, lanes *above)
{
    lanes number = {0}, down = lowest, up = highest;
    for (ptrdiff_t r = 0; r < g->window->runs; r++) {
        ptrdiff_t place = g->window->start[r], end = place + g->window->length[r];
        for (; place < end; place++) {
            lanes d = deviation(g, place), more = (lanes)(d > most);
            number += more;
            down = (lanes)MAX((V)down, (V)choose(more, lowest, d));
            up = (lanes)MIN((V)up, (V)choose(more, d, highest));
        }
    }
    *count = (K)g->window->elements + number;
    *below = down;
    *above = up;
}

static lanes find(const group *g, lanes rank)
{
    const U top = FM_KEY >= 32 && !g->is_float ? SIGN : 0;
    const lanes lowest = (lanes)(top - (bits){0});
    const lanes highest = (lanes)((U)((FM_KEY >= 32 ? (U)~SIGN : (U)-1)) - (bits){0});
    lanes low = lowest, high = highest;
    while (any((lanes)(low != high))) {
        lanes middle = (low & high) + ((low ^ high) >> 1), count, below, above;
        look(g, middle, lowest, highest, &count, &below, &above);
        lanes enough = (lanes)(count > rank), open = (lanes)(low != high);
        high = choose(enough & open, below, high);
        low = choose(~enough & open, above, low);
    }
    return high;
}

static void flags_to_bits(const uint8_t *flags, ptrdiff_t count, int flag, int unless, U *to)
{
    for (ptrdiff_t i = 0; i < count; i++)
        to[i] = (U)((U)0 - (U)((flags[i] >> flag & 1) & !(flags[i] >> unless & 1)));
}

void DEVIATION(missing_shut_out)(const uint8_t *flags, ptrdiff_t count, void *high, void *low)
{
    flags_to_bits(flags, count, FM_IS_MISSING, FM_IS_LOW, high);
    flags_to_bits(flags, count, FM_IS_LOW, 7, low);
}

void DEVIATION(missing_deviate)(const fm_places *window, const void *first, const void *high, const void *low,
                                int is_float, ptrdiff_t rank, const uint32_t *to, const uint8_t *findings,
                                ptrdiff_t count, const void *centers, void *deviations)
{
    for (ptrdiff_t x = 0; x < count; x += LANES) {
        K ranks[LANES];
        for (int i = 0; i < LANES; i++) {
            int other = findings && findings[x / FM_CHUNK] && to[x + i] < FM_POISONED;
            ranks[i] = (K)(other ? to[x + i] : (uint32_t)rank);
        }
        group g = {window, (const K *)first + x, high ? (const U *)high + x : NULL, low ? (const U *)low + x : NULL,
                   load((const K *)centers + x), is_float};
        lanes found = find(&g, load(ranks));
        memcpy((K *)deviations + x, &found, sizeof found);
    }
}
