/* The forty lines, line by line in C, and a function that does nothing. */
#include <stddef.h>
#include <stdint.h>

void straight_nothing(void);

/* Rows of pixels side by side. 0, or -1 if there is no memory. */
int straight_median(const uint16_t *image, uint16_t *result, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t size);
