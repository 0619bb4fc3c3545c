/* Keys: integers in the order in which the elements of an array sort.
 *
 * Comparing integers is exact for every type, twice as fast as comparing floats, and gives NaN a place: all
 * NaNs sort as one value above infinity, and are written as the positive quiet NaN. -0.0 sorts below +0.0.
 * Key widths are 8, 16, 32 and 64 bits; see vector.h for their signs.
 */
#ifndef FM_KEYS_H
#define FM_KEYS_H

#include "level.h"

typedef enum {
    KEY_SAME,  /* the element is its key */
    KEY_FLIP,  /* the element's sign is the other one: its top bit is flipped */
    KEY_FLOAT, /* sign and magnitude */
} fm_key_kind;

/* How a type's elements become keys: the one place to add a type to the filters. */
typedef struct fm_key_type {
    unsigned char size; /* bytes of an element and of its key */
    unsigned char kind;
} fm_key_type;

static const fm_key_type fm_key_types[FM_TYPE_COUNT] = {
    [FM_BOOL] = {1, KEY_SAME}, [FM_U8] = {1, KEY_SAME},   [FM_I8] = {1, KEY_FLIP},   [FM_U16] = {2, KEY_SAME},
    [FM_I16] = {2, KEY_FLIP},  [FM_U32] = {4, KEY_FLIP},  [FM_I32] = {4, KEY_SAME},  [FM_U64] = {8, KEY_FLIP},
    [FM_I64] = {8, KEY_SAME},  [FM_F16] = {2, KEY_FLOAT}, [FM_F32] = {4, KEY_FLOAT}, [FM_F64] = {8, KEY_FLOAT},
};

/* Which of the widths of keys is the type's. */
static inline int fm_key_width(fm_type type)
{
    int width = 0;
    while (1 << width < fm_key_types[type].size)
        width++;
    return width;
}

/* Keys of a width as elements, which are their own keys. */
static const fm_type fm_key_elements[FM_KEY_WIDTHS] = {FM_U8, FM_U16, FM_I32, FM_I64};

#endif
