/* Elements compared as they are, where that is the same as comparing their keys.
 *
 * Included where vector.h is. */
#ifndef FM_BITS_H
#define FM_BITS_H

#include "engine.h"
#include "vector.h"

/* The arrays of a filter as its elements are, not as their keys. */
typedef struct {
    fm_array input, output;
    fm_source source;
} as_bits;

static inline void view_as_bits(const fm_filter *f, as_bits *bits)
{
    bits->input = fm_as_bits(f->source.array);
    bits->output = fm_as_bits(f->output);
    bits->source = (fm_source){&bits->input, f->source.modes, 0};
    fm_active->write_keys((char *)&bits->source.fill, sizeof(K), 1, fm_key_types[f->output->type], 0,
                          &f->source.fill);
}

/* Whether elements of the type can be compared as if they were keys: if none is negative or NaN. */
static inline int sort_like_keys(const K *elements, ptrdiff_t count, fm_type type)
{
    typedef FM_PASTE(FM_PASTE(uint, FM_KEY), _t) U;
    static const U infinity = FM_KEY == 16 ? 0x7c00 : FM_KEY == 32 ? 0x7f800000 : (U)0x7ff0000000000000;
    if (fm_key_types[type].kind == KEY_SAME)
        return 1;
    const U largest = fm_key_types[type].kind == KEY_FLOAT ? infinity : (U) ~(U)0 >> 1;
    U outside = 0; /* the sign of an element, or of what it lacks to the largest */
    for (ptrdiff_t i = 0; i < count; i++)
        outside |= (U)elements[i] | (U)(largest - (U)elements[i]);
    return outside >> (FM_KEY - 1) == 0;
}

#endif
