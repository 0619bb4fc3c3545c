/* The kernels from C, without Python.
 *
 *     cc from_c.c $(fastmath info --cflags --libs) -o from_c && ./from_c
 */
#include <fastmath.h>
#include <inttypes.h>
#include <stdio.h>

static void print_dot(void)
{
    double a[] = {1, 2, 3}, b[] = {4, 5, 6};
    printf("vec_dot: %g\n", vec_dot(a, b, 3));
}

static void print_sum(void)
{
    double terms[] = {1e100, 1, -1e100}, sum;
    ptrdiff_t shape[] = {3}, strides[] = {sizeof *terms};
    fm_array array = {.data = terms, .type = FM_F64, .ndim = 1, .shape = shape, .strides = strides};
    if (fm_sum(&array, 1, NULL, &sum, NULL) == FM_OK)
        printf("sum of 1e100, 1 and -1e100: %g\n", sum);
}

/* Every second column of an image: the strides say so, nothing is copied. */
static void print_median(void)
{
    uint16_t image[3][6] = {{10, 0, 20, 0, 30, 0}, {40, 0, 999, 0, 60, 0}, {70, 0, 80, 0, 90, 0}}, clean[3][3];
    ptrdiff_t shape[] = {3, 3}, size[] = {3, 3}, origin[] = {0, 0};
    ptrdiff_t strides[] = {sizeof image[0], 2 * sizeof image[0][0]};
    ptrdiff_t packed[] = {sizeof clean[0], sizeof clean[0][0]};
    fm_mode mode[] = {FM_REFLECT, FM_REFLECT};
    fm_array input = {.data = image, .type = FM_U16, .ndim = 2, .shape = shape, .strides = strides};
    fm_array output = {.data = clean, .type = FM_U16, .ndim = 2, .shape = shape, .strides = packed};
    const uint16_t beyond = 0; /* what FM_CONSTANT would put there */
    fm_window window = {.size = size, .origin = origin, .mode = mode, .rank = 4, .fill = &beyond};
    if (fm_rank_filter(&input, &output, &window, 1, NULL) == FM_OK)
        printf("median in the middle: %" PRIu16 "\n", clean[1][1]);
}

int main(void)
{
    printf("instruction set: %s\n", fm_simd_active());
    print_dot();
    print_sum();
    print_median();
    return 0;
}
