/* Which instruction set: chosen once, when the library is loaded.
 *
 * FASTMATH_SIMD names a level to use instead of the best one, so that tests can run each.
 */
#include <stdlib.h>
#include <string.h>

#include "level.h"

#define LEVEL(name) extern const fm_kernels fm_kernels_##name;
FM_LEVELS
#undef LEVEL

static const fm_kernels *const levels[] = {
#define LEVEL(name) &fm_kernels_##name,
    FM_LEVELS
#undef LEVEL
};
enum { LEVEL_COUNT = sizeof levels / sizeof *levels };

const fm_kernels *fm_active;
static const char *refused;

/* What the compilers' -march=x86-64-v2, -v3 and -v4 may use. */
static int machine_has(const char *level)
{
#if defined(__x86_64__)
    int v2 = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt") &&
             __builtin_cpu_supports("ssse3");
    int v3 = v2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    int v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vl");
    if (!strcmp(level, "v2"))
        return v2;
    if (!strcmp(level, "v3"))
        return v3;
    if (!strcmp(level, "v4"))
        return v4;
#endif
    return 1; /* portable, and neon on aarch64, where it is part of the base */
}

__attribute__((constructor)) static void choose(void)
{
    const char *asked = getenv("FASTMATH_SIMD");
    if (asked && !*asked)
        asked = NULL;
    for (size_t i = 0; i < LEVEL_COUNT; i++)
        if (machine_has(levels[i]->name) && (!asked || !strcmp(asked, levels[i]->name)))
            fm_active = levels[i];
    if (!fm_active) {
        refused = asked;
        fm_active = levels[0];
    }
}

const char *fm_simd_active(void)
{
    return fm_active->name;
}

const char *fm_simd_compiled(size_t index)
{
    return index < LEVEL_COUNT ? levels[index]->name : NULL;
}

int fm_simd_available(size_t index)
{
    return index < LEVEL_COUNT && machine_has(levels[index]->name);
}

const char *fm_simd_refused(void)
{
    return refused;
}
