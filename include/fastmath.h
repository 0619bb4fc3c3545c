/* fastmath.h: every kernel as a plain C function.
 *
 * No function here knows Python. Arrays come as descriptors (fm_array) of any type, byte order, stride
 * and indirection; nothing is copied that need not be. Functions that can fail return an fm_status, and
 * functions that may run long take an fm_watch, which can stop them.
 */
#ifndef FASTMATH_H
#define FASTMATH_H

#include <stddef.h>
#include <stdint.h>

#define FM_VERSION_MAJOR 0
#define FM_VERSION_MINOR 1
#define FM_AUTHOR "EngineersOfAI"

#if defined(FM_BUILD) && defined(__GNUC__)
#define FM_API __attribute__((visibility("default")))
#else
#define FM_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define FM_MAX_NDIM 64 /* as NumPy */

typedef enum {
    FM_OK = 0,
    FM_INVALID,     /* an argument is out of its documented range */
    FM_NO_MEMORY,
    FM_STOPPED      /* the watch asked to stop; outputs are unspecified */
} fm_status;

typedef enum {
    FM_BOOL, FM_U8, FM_I8, FM_U16, FM_I16, FM_U32, FM_I32, FM_U64, FM_I64, FM_F16, FM_F32, FM_F64,
    FM_TYPE_COUNT
} fm_type;

/* Elements at data + sum(index[d] * strides[d]), in bytes. Where suboffsets is not NULL and suboffsets[d]
 * is not negative, the address reached after dimension d is a pointer to be followed, then advanced by
 * suboffsets[d] (the buffer protocol's indirect arrays). Elements need not be aligned. */
typedef struct {
    void *data;
    fm_type type;
    int swapped; /* elements are in the other byte order */
    int ndim;
    const ptrdiff_t *shape;
    const ptrdiff_t *strides;
    const ptrdiff_t *suboffsets;
} fm_array;

/* Called now and then, on the calling thread only; a result other than 0 stops the work. */
typedef struct {
    int (*stop)(void *context);
    void *context;
} fm_watch;

/* The instruction set in use, and those compiled in from the lowest to the highest. */
FM_API const char *fm_simd_active(void);
FM_API const char *fm_simd_compiled(size_t index); /* NULL past the last */
FM_API int fm_simd_available(size_t index);        /* whether this machine has it */
/* What FASTMATH_SIMD asked for when it could not be given, else NULL. */
FM_API const char *fm_simd_refused(void);

/* The sum of two integers, which always fits. */
FM_API int64_t fm_add_i32(int32_t a, int32_t b);

/* ---- Filters ---- */

/* What lies outside an array, by SciPy's names: (d c b a | a b c d | d c b a) is reflect,
 * (d c b | a b c d | c b a) mirror. */
typedef enum {
    FM_REFLECT, FM_CONSTANT, FM_NEAREST, FM_MIRROR, FM_WRAP,
    FM_TRUNCATE, /* nothing: windows end at the border; for filters that take an fm_missing */
    FM_VALID,    /* windows stay inside: along this axis the output has size - 1 elements fewer, at least 0 */
    FM_MODE_COUNT
} fm_mode;

/* A window around each element: along axis d it covers i - (size[d] / 2 + origin[d]) and the size[d] - 1
 * elements after that. All arrays have the input's ndim. */
typedef struct {
    const ptrdiff_t *size;          /* at least 1; 1 on axes that are not filtered */
    const ptrdiff_t *origin;        /* 0 <= size[d] / 2 + origin[d] < size[d]; FM_VALID does without */
    const fm_mode *mode;
    const unsigned char *footprint; /* C order, not 0 where an element counts; NULL: all count */
    ptrdiff_t rank;                 /* of the elements that count, from 0 */
    const void *fill;               /* one element, in native byte order: what FM_CONSTANT holds; else may be NULL */
} fm_window;

/* Writes the element of the given rank of every window. Input and output have the same type and, but for
 * FM_VALID, the same shape, and do not overlap. NaN sorts above infinity. `workers` is the number of threads,
 * at least 1. */
FM_API fm_status fm_rank_filter(const fm_array *input, const fm_array *output, const fm_window *window,
                                int workers, const fm_watch *watch);

typedef enum {
    FM_NAN_LAST,     /* a NaN is an element, larger than any other */
    FM_NAN_OMIT,     /* a NaN is missing */
    FM_NAN_PROPAGATE /* a window with a NaN gives NaN */
} fm_nan_policy;

/* Elements that are missing from the windows: those that a mask marks, NaNs, and what lies outside where the
 * mode is FM_TRUNCATE. Of the c that are left the one of rank (ptrdiff_t)(c * percent / 100) + offset is chosen,
 * at least 0 and at most c - 1. */
typedef struct {
    const fm_array *mask;     /* of bools, of the input's shape, true where an element is missing; may be NULL */
    fm_nan_policy nan_policy;
    double percent;           /* 0 to 100 */
    ptrdiff_t offset;
    int mean;                 /* where c is even, the mean of the chosen element and the one before; of
                               * integers, the mean is rounded, halves to even */
    const void *empty;        /* one element, in native byte order: what a window with nothing left gives */
} fm_missing;

/* As fm_rank_filter, for windows from which elements may be missing; `missing` takes the place of the rank. */
FM_API fm_status fm_rank_filter_missing(const fm_array *input, const fm_array *output, const fm_window *window,
                                        const fm_missing *missing, int workers, const fm_watch *watch);

/* The median of the absolute deviations of a window's elements from its median. Elements may be missing; of an
 * even number the upper middle one is chosen, and the members of `missing` that say otherwise are not looked at.
 * The output has the unsigned type of the input's width, or the input's if that is bool or float; float16 is
 * not supported. `median`, which may be NULL, receives the medians. */
FM_API fm_status fm_mad_filter(const fm_array *input, const fm_array *output, const fm_array *median,
                               const fm_window *window, const fm_missing *missing, int workers,
                               const fm_watch *watch);

/* Which elements are outliers: those that differ from the median of their window by more than a threshold.
 * Differences of integers are exact, those of floats are those of doubles. */
typedef enum { FM_BOTH_SIDES, FM_BRIGHT, FM_DARK, FM_SIDE_COUNT } fm_side;
typedef struct {
    fm_side side;     /* of the median */
    int deviations;   /* the threshold is a multiple of the median absolute deviation of the window: fm_mad_filter */
    double threshold; /* at least 0 */
    uint64_t whole;   /* the same for integers, rounded down, where it is not in deviations */
} fm_outliers;

/* Writes each element, or the median of its window if it is an outlier. Elements that are missing are none, and those
 * that differ by NaN; of `missing`, percent, offset and mean are not looked at. No mode is FM_VALID. float16 has no
 * deviations. `replaced`, which may be NULL, an array of bools of the input's shape, receives where there was one. */
FM_API fm_status fm_remove_outliers(const fm_array *input, const fm_array *output, const fm_array *replaced,
                                    const fm_window *window, const fm_missing *missing, const fm_outliers *outliers,
                                    int workers, const fm_watch *watch);

/* Sums of floats and products of floats, correctly rounded: the double nearest to the true value, ties to
 * even, whatever the layout, the instruction set and the number of workers. A NaN gives NaN, infinities of
 * both signs give NaN, a true value beyond the range gives an infinity, an exact zero is +0.0 unless every
 * term is -0.0. `paths`, which may be NULL, receives how the result was reached, as a set of: */
enum {
    FM_PATH_FAST = 1,    /* a sum with a bound on its error */
    FM_PATH_LEVELS = 2,  /* exactly, in vectors */
    FM_PATH_BINS = 4,    /* exactly, element by element */
    FM_PATH_SPECIAL = 8  /* there was an infinity or a NaN */
};

/* Of all elements of a float array. `workers` below 1 means every core. */
FM_API fm_status fm_sum(const fm_array *array, int workers, const fm_watch *watch, double *result,
                        unsigned *paths);
/* Over some dimensions: `result`, a float64 array of as many dimensions, has length 1 in those. */
FM_API fm_status fm_sum_axes(const fm_array *array, const fm_array *result, int workers, const fm_watch *watch);
/* Of the products of the elements of two arrays of one dimension, one length and any types. */
FM_API fm_status fm_dot(const fm_array *a, const fm_array *b, const fm_watch *watch, double *result,
                        unsigned *paths);
/* The same for n doubles side by side; 0.0 where n is not positive. */
FM_API double vec_dot(double *a, double *b, int n);

/* The same a few products at a time. fm_dot_new may return NULL. Where `exact` is 0 the sum is quicker, but may
 * come out too inexact to be rounded: fm_dot_round then returns 0, and the products have to be added again, to
 * an exact sum. fm_dot_round comes last; after it there is only fm_dot_free, which may be given NULL. An exact
 * sum is also to be had in two's complement, the lowest digit first, in units of 2**FM_DOT_UNIT;
 * fm_dot_digits returns 0 if there is no such sum because there was an infinity or a NaN. */
typedef struct fm_dot_sum fm_dot_sum;
enum { FM_DOT_DIGITS = 136, FM_DOT_UNIT = -2176 };
FM_API fm_dot_sum *fm_dot_new(int exact);
FM_API void fm_dot_add(fm_dot_sum *sum, const double *a, const double *b, size_t n);
FM_API int fm_dot_digits(fm_dot_sum *sum, uint32_t digits[FM_DOT_DIGITS]);
FM_API int fm_dot_round(fm_dot_sum *sum, double *result);
FM_API void fm_dot_free(fm_dot_sum *sum);

/* The exact sum of the elements of an array of integers or bools. */
typedef struct {
    uint64_t low;
    int64_t high; /* the sum is high * 2**64 + low */
} fm_int128;
FM_API fm_status fm_sum_int(const fm_array *array, const fm_watch *watch, fm_int128 *result);

/* e**x within 1 unit in the last place, the same bits at every instruction set. */
FM_API double fm_exp(double x);
/* Elementwise: arrays of floats of equal shapes, which may be the same array. */
FM_API fm_status fm_exp_array(const fm_array *x, const fm_array *result, const fm_watch *watch);

#ifdef __cplusplus
}
#endif
#endif
