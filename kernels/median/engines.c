/* The engines of one key width, compiled once per instruction set and key width. */
#include "engine.h"
#include "vector.h"

#define ENGINE(name) FM_NAME(FM_JOIN(name, FM_KEYS))
#define LIKE_64(name) FM_NAME(FM_JOIN(name, 64))

extern const fm_network ENGINE(fm_networks)[];
extern const fm_shape ENGINE(fm_shapes)[];
extern const fm_line ENGINE(fm_lines)[];
extern const fm_engine ENGINE(fm_three), ENGINE(fm_network_engine), ENGINE(fm_interpret), ENGINE(fm_extreme),
    ENGINE(fm_binned), ENGINE(fm_constant_time), ENGINE(fm_ordinal), ENGINE(fm_weighted), ENGINE(fm_band),
    ENGINE(fm_by_numbers), FM_NAME(fm_histogram);
extern const fm_engine ENGINE(fm_line_engine), LIKE_64(fm_line_engine), LIKE_64(fm_network_engine),
    FM_NAME(fm_doubles_engine),
    FM_NAME(fm_narrow);
extern const fm_engines FM_NAME(fm_engines_doubles);

extern const fm_engines ENGINE(fm_engines);
const fm_engines ENGINE(fm_engines) = {
#if defined(FM_LEVEL_PORTABLE)
    .lanes = (LANES + 2) / 3, /* a comparison is several instructions */
#else
    .lanes = LANES,
#endif
    .networks = ENGINE(fm_networks),
    .shapes = ENGINE(fm_shapes),
    .lines = ENGINE(fm_lines),
    .three = &ENGINE(fm_three),
    .interpret = &ENGINE(fm_interpret),
#if defined(FM_DOUBLES)
    .network = &LIKE_64(fm_network_engine), /* these do not compare anything themselves */
    .line = &LIKE_64(fm_line_engine),
#else
    .network = &ENGINE(fm_network_engine),
    .line = &ENGINE(fm_line_engine),
    .extreme = &ENGINE(fm_extreme),
    .ordinal = &ENGINE(fm_ordinal),
    .weighted = &ENGINE(fm_weighted),
    .band = &ENGINE(fm_band),
#endif
#if FM_KEY == 8
    .histogram = &FM_NAME(fm_histogram),
#elif !defined(FM_DOUBLES)
    .binned = &ENGINE(fm_binned),
    .constant_time = &ENGINE(fm_constant_time),
#endif
#if FM_KEY >= 32 && !defined(FM_DOUBLES)
    .narrow = &FM_NAME(fm_narrow),
    .by_numbers = &ENGINE(fm_by_numbers),
#endif
#if FM_KEY == 64 && !defined(FM_DOUBLES) && defined(FM_LEVEL_V3)
    .doubles = &FM_NAME(fm_engines_doubles),
    .by_doubles = &FM_NAME(fm_doubles_engine),
#endif
};
