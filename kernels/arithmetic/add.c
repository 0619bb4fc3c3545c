/* The smallest function there is, for whoever measures what calling one costs. */
#include "fastmath.h"

int64_t fm_add_i32(int32_t a, int32_t b)
{
    return (int64_t)a + b;
}
