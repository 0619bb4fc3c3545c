/* Which instruction set: chosen once, when the library is loaded.
 *
 * FASTMATH_SIMD names a level to use instead of the best one, so that tests can run each.
 */
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

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

#if defined(__x86_64__)
/* What -march=x86-64-v3 uses besides, and not every compiler has a name for. */
static int has_lzcnt_and_movbe(void)
{
    unsigned a, b, basic, extended, d;
    return __get_cpuid(1, &a, &b, &basic, &d) && basic & bit_MOVBE &&
           __get_cpuid(0x80000001, &a, &b, &extended, &d) && extended & bit_LZCNT;
}
#endif

/* What the compilers' -march=x86-64-v2, -v3 and -v4 may use. __builtin_cpu_supports asks also whether the system
 * saves the registers. */
static int machine_has(const char *level)
{
#if defined(__x86_64__)
    int v2 = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt") &&
             __builtin_cpu_supports("ssse3");
    int v3 = v2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") && has_lzcnt_and_movbe();
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
