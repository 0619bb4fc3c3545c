/* The forty lines, line by line in C, and functions that do next to nothing: what is left is the call. */
#include <stddef.h>
#include <stdint.h>

void straight_nothing(void);
int64_t straight_add(int32_t a, int32_t b);
double straight_half(double x);
int64_t straight_sum(const int64_t *numbers, ptrdiff_t n);

/* Rows of pixels side by side. 0, or -1 if there is no memory. */
int straight_median(const uint16_t *image, uint16_t *result, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t size);
