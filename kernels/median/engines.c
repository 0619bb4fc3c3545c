/* The engines of one key width, compiled once per instruction set and key width. */
#include "engine.h"
#include "vector.h"

#define ENGINE(name) FM_NAME(FM_JOIN(name, FM_KEY))

extern const fm_network ENGINE(fm_networks)[];
extern const fm_engine ENGINE(fm_three), ENGINE(fm_network_engine), ENGINE(fm_interpret), ENGINE(fm_extreme),
    ENGINE(fm_constant_time), ENGINE(fm_ordinal), ENGINE(fm_weighted), FM_NAME(fm_histogram);

extern const fm_engines ENGINE(fm_engines);
const fm_engines ENGINE(fm_engines) = {
#if defined(FM_LEVEL_PORTABLE)
    .lanes = (LANES + 2) / 3, /* a comparison is several instructions */
#else
    .lanes = LANES,
#endif
    .networks = ENGINE(fm_networks),
    .three = &ENGINE(fm_three),
    .network = &ENGINE(fm_network_engine),
    .interpret = &ENGINE(fm_interpret),
    .extreme = &ENGINE(fm_extreme),
    .constant_time = &ENGINE(fm_constant_time),
    .ordinal = &ENGINE(fm_ordinal),
    .weighted = &ENGINE(fm_weighted),
#if FM_KEY == 8
    .histogram = &FM_NAME(fm_histogram),
#endif
};
