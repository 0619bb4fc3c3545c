/* The table of one instruction set. */
#include "level.h"

#define FM_STRING_(x) #x
#define FM_STRING(x) FM_STRING_(x)

extern const fm_kernels FM_NAME(fm_kernels);
const fm_kernels FM_NAME(fm_kernels) = {
    .name = FM_STRING(FM_LEVEL),
};
