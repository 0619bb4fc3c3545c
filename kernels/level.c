/* The table of one instruction set. */
#include "level.h"
#include "median/keys.h"

#define FM_STRING_(x) #x
#define FM_STRING(x) FM_STRING_(x)

void FM_NAME(read_keys)(const char *, ptrdiff_t, ptrdiff_t, struct fm_key_type, int, void *);
void FM_NAME(write_keys)(char *, ptrdiff_t, ptrdiff_t, struct fm_key_type, int, const void *);
extern const struct fm_engines FM_NAME(fm_engines_8), FM_NAME(fm_engines_16), FM_NAME(fm_engines_32),
    FM_NAME(fm_engines_64);

extern const fm_kernels FM_NAME(fm_kernels);
const fm_kernels FM_NAME(fm_kernels) = {
    .name = FM_STRING(FM_LEVEL),
    .read_keys = FM_NAME(read_keys),
    .write_keys = FM_NAME(write_keys),
    .engines = {&FM_NAME(fm_engines_8), &FM_NAME(fm_engines_16), &FM_NAME(fm_engines_32), &FM_NAME(fm_engines_64)},
};
