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

#ifdef __cplusplus
}
#endif
#endif
