/* The table of one instruction set. */
#include "level.h"
#include "median/keys.h"

#define FM_STRING_(x) #x
#define FM_STRING(x) FM_STRING_(x)

void FM_NAME(read_keys)(const char *, ptrdiff_t, ptrdiff_t, struct fm_key_type, int, void *);
void FM_NAME(write_keys)(char *, ptrdiff_t, ptrdiff_t, struct fm_key_type, int, const void *);
extern const struct fm_engines FM_NAME(fm_engines_8), FM_NAME(fm_engines_16), FM_NAME(fm_engines_32),
    FM_NAME(fm_engines_64);
extern const struct fm_missing_kernels FM_NAME(fm_missing_kernels_8), FM_NAME(fm_missing_kernels_16),
    FM_NAME(fm_missing_kernels_32), FM_NAME(fm_missing_kernels_64);

int FM_NAME(fm_block_sum_f64)(const void *x, ptrdiff_t stride, size_t n, int e, int64_t *units, double *rest);
int FM_NAME(fm_chunk_peel_f64)(const void *x, size_t n, const int *e, int levels, int64_t *units);
double FM_NAME(fm_block_largest_f64)(const void *x, ptrdiff_t stride, size_t n);
void FM_NAME(fm_block_add_columns)(struct fm_columns *, const void *x, ptrdiff_t stride, size_t rows, size_t columns);
void FM_NAME(fm_block_round_columns)(struct fm_columns *, size_t columns, double error, double *result);
size_t FM_NAME(fm_block_sum_f32)(const void *x, size_t n, double *sums);
int FM_NAME(fm_chunk_sum_f16)(const void *x, size_t n, double *sum);
int FM_NAME(fm_block_dot_f64)(const void *a, const void *b, size_t n, int e, int64_t *units, double *rest);
void FM_NAME(fm_chunk_exp_f64)(const double *x, double *result, size_t n);
fm_int128 FM_NAME(fm_chunk_sum_bool)(const void *x, size_t n);
fm_int128 FM_NAME(fm_chunk_sum_u8)(const void *x, size_t n);
fm_int128 FM_NAME(fm_chunk_sum_i8)(const void *x, size_t n);
fm_int128 FM_NAME(fm_chunk_sum_u16)(const void *x, size_t n);
fm_int128 FM_NAME(fm_chunk_sum_i16)(const void *x, size_t n);
fm_int128 FM_NAME(fm_chunk_sum_u32)(const void *x, size_t n);
fm_int128 FM_NAME(fm_chunk_sum_i32)(const void *x, size_t n);
fm_int128 FM_NAME(fm_chunk_sum_u64)(const void *x, size_t n);
fm_int128 FM_NAME(fm_chunk_sum_i64)(const void *x, size_t n);

extern const fm_kernels FM_NAME(fm_kernels);
const fm_kernels FM_NAME(fm_kernels) = {
    .name = FM_STRING(FM_LEVEL),
    .read_keys = FM_NAME(read_keys),
    .write_keys = FM_NAME(write_keys),
    .engines = {&FM_NAME(fm_engines_8), &FM_NAME(fm_engines_16), &FM_NAME(fm_engines_32), &FM_NAME(fm_engines_64)},
    .missing = {&FM_NAME(fm_missing_kernels_8), &FM_NAME(fm_missing_kernels_16), &FM_NAME(fm_missing_kernels_32),
                &FM_NAME(fm_missing_kernels_64)},

    .sum_f64 = FM_NAME(fm_block_sum_f64),
    .peel_f64 = FM_NAME(fm_chunk_peel_f64),
    .largest_f64 = FM_NAME(fm_block_largest_f64),
    .add_columns_f64 = FM_NAME(fm_block_add_columns),
    .round_columns_f64 = FM_NAME(fm_block_round_columns),
    .sum_f32 = FM_NAME(fm_block_sum_f32),
    .sum_f16 = FM_NAME(fm_chunk_sum_f16),
    .dot_f64 = FM_NAME(fm_block_dot_f64),
    .exp_f64 = FM_NAME(fm_chunk_exp_f64),
    .sum_int = {
        [FM_BOOL] = FM_NAME(fm_chunk_sum_bool),
        [FM_U8] = FM_NAME(fm_chunk_sum_u8),
        [FM_I8] = FM_NAME(fm_chunk_sum_i8),
        [FM_U16] = FM_NAME(fm_chunk_sum_u16),
        [FM_I16] = FM_NAME(fm_chunk_sum_i16),
        [FM_U32] = FM_NAME(fm_chunk_sum_u32),
        [FM_I32] = FM_NAME(fm_chunk_sum_i32),
        [FM_U64] = FM_NAME(fm_chunk_sum_u64),
        [FM_I64] = FM_NAME(fm_chunk_sum_i64),
    },
};
