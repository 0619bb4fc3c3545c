/* The generated selection networks (networks/emit.py), compiled once per instruction set and key width. */
#include "engine.h"
#include "vector.h"

#define NETWORK(name) FM_NAME(FM_JOIN(name, FM_KEY))
#define VECTORS(count) (((count) + LANES - 1) / LANES * LANES)
#define FRONT(reach) VECTORS(reach)
/* A tile is at least as long as what is kept of it. */
#define TILE(bytes, reach) \
    (VECTORS((bytes) / (int)sizeof(K)) > FRONT(reach) ? VECTORS((bytes) / (int)sizeof(K)) : FRONT(reach))
#define S FM_NETWORK_STRIDE(sizeof(K))

/* Elements of the largest window that has a network here: larger ones cost more to build than they are
 * used (without vector units), or are slower than the other engines (64-bit keys). */
#if defined(FM_LEVEL_PORTABLE)
#define MOST 49
#elif FM_KEY == 64
#define MOST 121
#else
#define MOST 441
#endif

#include "networks.h"

extern const fm_network NETWORK(fm_networks)[];
const fm_network NETWORK(fm_networks)[] = {NETWORKS {0}};
