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

#include "networks.h"

extern const fm_network NETWORK(fm_networks)[];
const fm_network NETWORK(fm_networks)[] = {NETWORKS, {0}};
