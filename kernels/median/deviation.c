/* The median of how far the elements of a window are from its median.
 *
 * Lanes are neighbouring windows, each with a median of its own, so that they share no deviations: these are made
 * anew whenever they are looked at. The one of the wanted rank is found by bisection: counting those up to a
 * value halves the range, and its ends move on to the nearest deviations there are.
 * Compiled once per instruction set and key width; counts of elements have to fit a key.
 */
#include "missing.h"
#include "lanes.h"
#include "selections.h"

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

static inline lanes lowest_of(int is_float)
{
    const U top = FM_KEY >= 32 && !is_float ? SIGN : 0;
    return (lanes)(top - (bits){0});
}

static inline lanes highest(void)
{
    return (lanes)((U)((FM_KEY >= 32 ? (U)~SIGN : (U)-1)) - (bits){0});
}

/* Where the last groups of a line had their answers, and how far from where they were expected. */
typedef struct {
    lanes at, step;
} trail;

static inline lanes within(lanes value, lanes low, lanes high)
{
    return (lanes)MIN(MAX((V)value, (V)low), (V)high);
}

/* Looks first where the last group had its answer, then beyond it as far as the last ones were off; then the range is
 * halved. Any value of the range but its end brings the ends closer. */
static lanes find(const group *g, lanes rank, trail *t)
{
    const lanes lowest = lowest_of(g->is_float), largest = highest();
    lanes low = lowest, high = largest, middle = t->at;
    for (int looks = 0; any((lanes)(low != high)); looks++) {
        lanes count, below, above;
        look(g, within(middle, low, (lanes)((bits)high - 1)), lowest, largest, &count, &below, &above);
        const lanes enough = (lanes)(count > rank), open = (lanes)(low != high);
        high = choose(enough & open, below, high);
        low = choose(~enough & open, above, low);
        if (looks == 0)
            middle = choose(enough, (lanes)((bits)t->at - (bits)t->step), (lanes)((bits)t->at + (bits)t->step));
        else
            middle = (low & high) + ((low ^ high) >> 1);
    }
    const bits off = distance(high, t->at), less = (bits)t->step - ((bits)t->step >> 2);
    t->step = choose((lanes)(off > less), (lanes)off, (lanes)less);
    t->at = high;
    return high;
}

extern const fm_selection DEVIATION(fm_selections)[];

/* The smallest network in which there is room for lowest and highest deviations that make the one of the wanted rank
 * the middle one, or NULL. Writes these after where the others go. */
static const fm_selection *choose_selection(ptrdiff_t elements, ptrdiff_t rank, int is_float, lanes *room)
{
    for (const fm_selection *s = DEVIATION(fm_selections); s->elements; s++) {
        const ptrdiff_t low = s->elements / 2 - rank;
        if (low < 0 || elements + low > s->elements)
            continue;
        for (ptrdiff_t i = elements; i < s->elements; i++)
            room[i] = i < elements + low ? lowest_of(is_float) : highest();
        return s;
    }
    return NULL;
}

/* As many as lanes. What `to` says is wanted of windows with nothing left is of no use. */
static lanes ranks_of(ptrdiff_t rank, const uint32_t *to)
{
    K ranks[LANES];
    for (int i = 0; i < LANES; i++)
        ranks[i] = (K)(to && to[i] < FM_POISONED ? to[i] : (uint32_t)rank);
    return load(ranks);
}

static inline void write_deviations(const group g, lanes *restrict to)
{
    for (ptrdiff_t r = 0; r < g.window->runs; r++) {
        const ptrdiff_t place = g.window->start[r], end = place + g.window->length[r];
        for (ptrdiff_t i = place; i < end; i++)
            *to++ = deviation(&g, i);
    }
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
    trail last = {.at = highest() / 2, .step = {0}};
    lanes room[FM_MOST_SELECTED];
    const fm_selection *selection = choose_selection(window->elements, rank, is_float, room);
    for (ptrdiff_t x = 0; x < count; x += LANES) {
        const group g = {window, (const K *)first + x, high ? (const U *)high + x : NULL,
                         low ? (const U *)low + x : NULL, load((const K *)centers + x), is_float};
        const int is_usual = !findings || !findings[x / FM_CHUNK];
        lanes found;
        if (is_usual && selection) {
            write_deviations(g, room);
            selection->select(room, &found);
        } else
            found = find(&g, ranks_of(rank, is_usual ? NULL : to + x), &last);
        memcpy((K *)deviations + x, &found, sizeof found);
    }
}
