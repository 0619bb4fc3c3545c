/* The floating-point environment: kernels round to nearest and keep subnormal numbers, whatever the caller's
 * thread does; and the flag that IEEE 754 (section 7.6) raises when a result was rounded. */
#ifndef FM_ENVIRONMENT_H
#define FM_ENVIRONMENT_H

#if defined(__SSE2__)
#include <xmmintrin.h>

typedef unsigned fm_environment;
enum { FM_FLAGS = 0x3f, FM_USUAL = 0x1f80 }; /* all exceptions masked, and nothing else */

static inline fm_environment fm_environment_enter(void)
{
    fm_environment callers = _mm_getcsr();
    if ((callers & ~(unsigned)FM_FLAGS) != FM_USUAL)
        _mm_setcsr(FM_USUAL);
    return callers;
}

static inline void fm_environment_leave(fm_environment callers)
{
    if ((callers & ~(unsigned)FM_FLAGS) != FM_USUAL)
        _mm_setcsr(callers);
}

/* Whether results too small for a normal number may become zero, for code that can do without them: some
 * processors take long over them. */
static inline void fm_flush_subnormals(int flush)
{
    unsigned rest = _mm_getcsr() & ~(unsigned)_MM_FLUSH_ZERO_MASK;
    _mm_setcsr(rest | (flush ? _MM_FLUSH_ZERO_ON : _MM_FLUSH_ZERO_OFF));
}

static inline void fm_inexact_clear(void)
{
    _mm_setcsr(_mm_getcsr() & ~(unsigned)_MM_EXCEPT_INEXACT);
}

static inline int fm_inexact_raised(void)
{
    return (_mm_getcsr() & _MM_EXCEPT_INEXACT) != 0;
}

#else
#include <fenv.h>

typedef fenv_t fm_environment;

static inline fm_environment fm_environment_enter(void)
{
    fm_environment callers;
    fegetenv(&callers);
    fesetenv(FE_DFL_ENV);
    return callers;
}

static inline void fm_environment_leave(fm_environment callers)
{
    fesetenv(&callers);
}

static inline void fm_flush_subnormals(int flush)
{
    (void)flush;
}

static inline void fm_inexact_clear(void)
{
    feclearexcept(FE_INEXACT);
}

static inline int fm_inexact_raised(void)
{
    return fetestexcept(FE_INEXACT) != 0;
}
#endif

/* Lowers the flag. 0 where it is never raised, as on some emulated processors. */
static inline int fm_inexact_begin(void)
{
    volatile double x = 1;
    x += 0x1p-60;
    int raised = fm_inexact_raised();
    fm_inexact_clear();
    return raised;
}

#endif
