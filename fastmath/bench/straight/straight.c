#include "straight.h"

#include <stdlib.h>

void straight_nothing(void)
{
}

int64_t straight_add(int32_t a, int32_t b)
{
    return (int64_t)a + b;
}

double straight_half(double x)
{
    return x / 2;
}

int64_t straight_sum(const int64_t *numbers, ptrdiff_t n)
{
    uint64_t sum = 0; /* goes round, where a signed one would be undefined */
    for (ptrdiff_t i = 0; i < n; i++)
        sum += (uint64_t)numbers[i];
    return (int64_t)sum;
}

static ptrdiff_t mirror(ptrdiff_t index, ptrdiff_t length)
{
    while (index < 0 || index >= length)
        index = index < 0 ? -index - 1 : 2 * length - index - 1;
    return index;
}

static void sort(uint16_t *values, ptrdiff_t n)
{
    for (ptrdiff_t i = 1; i < n; i++) {
        uint16_t value = values[i];
        ptrdiff_t j = i;
        for (; j > 0 && values[j - 1] > value; j--)
            values[j] = values[j - 1];
        values[j] = value;
    }
}

int straight_median(const uint16_t *image, uint16_t *result, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t size)
{
    ptrdiff_t before = size / 2;
    uint16_t *window = malloc((size_t)(size * size) * sizeof *window);
    if (!window)
        return -1;
    for (ptrdiff_t row = 0; row < rows; row++) {
        for (ptrdiff_t column = 0; column < columns; column++) {
            ptrdiff_t n = 0;
            for (ptrdiff_t i = row - before; i < row - before + size; i++) {
                const uint16_t *line = image + mirror(i, rows) * columns;
                for (ptrdiff_t j = column - before; j < column - before + size; j++)
                    window[n++] = line[mirror(j, columns)];
            }
            sort(window, n);
            result[row * columns + column] = window[n / 2];
        }
    }
    free(window);
    return 0;
}
