/* The mean of two elements, from key to key. */
#include "mean.h"

#include "arithmetic/widen.h"
#include "keys.h"

#include <math.h>
#include <string.h>

/* The keys of integers differ from them by an even number, if at all. The mean rounded down needs no wider type
 * (Dietz); where it is odd and a half was dropped, the even neighbour is above. Bits of signed types shift with
 * their sign. */
#define INTEGERS(K)                                             \
    {                                                           \
        K *x = a;                                               \
        const K *y = b;                                         \
        for (ptrdiff_t i = 0; i < count; i++) {                 \
            K down = (K)((x[i] & y[i]) + ((x[i] ^ y[i]) >> 1)); \
            x[i] = (K)(down + ((x[i] ^ y[i]) & down & 1));      \
        }                                                       \
        break;                                                  \
    }

/* Rounded once: the sum of two doubles, halved, unless it overflows. */
static double mean(double x, double y)
{
    double sum = x + y;
    return isinf(sum) ? x * 0.5 + y * 0.5 : sum * 0.5;
}

/* Doubles hold sums of two floats of other types exactly. */
static void floats(fm_type type, char *a, const char *b, ptrdiff_t count)
{
    const fm_key_type k = fm_key_types[type];
    enum { SOME = 64 };
    _Alignas(double) char elements[SOME * sizeof(double)];
    double x[SOME], y[SOME];
    for (ptrdiff_t i = 0; i < count; i += SOME) {
        ptrdiff_t n = count - i < SOME ? count - i : SOME;
        fm_active->write_keys(elements, k.size, n, k, 0, a + i * k.size);
        fm_widen(type, elements, (size_t)n, x);
        fm_active->write_keys(elements, k.size, n, k, 0, b + i * k.size);
        fm_widen(type, elements, (size_t)n, y);
        for (ptrdiff_t j = 0; j < n; j++)
            x[j] = mean(x[j], y[j]);
        if (type == FM_F64)
            memcpy(elements, x, sizeof x);
        else
            fm_narrow(type, x, (size_t)n, elements);
        fm_active->read_keys(elements, k.size, n, k, 0, a + i * k.size);
    }
}

void fm_mean_keys(fm_type type, void *a, const void *b, ptrdiff_t count)
{
    if (fm_key_types[type].kind == KEY_FLOAT) {
        floats(type, a, b, count);
        return;
    }
    switch (fm_key_types[type].size) {
    case 1: INTEGERS(uint8_t)
    case 2: INTEGERS(uint16_t)
    case 4: INTEGERS(int32_t)
    case 8: INTEGERS(int64_t)
    }
}
