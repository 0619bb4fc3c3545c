/* The generated selection networks (networks/emit.py), compiled once per instruction set and key width. */
#include "network.h"
#include "names.h"
#include "vector.h"

#define NETWORK(name) FM_NAME(FM_JOIN(name, FM_KEYS))
#define VECTORS(count) (((count) + LANES - 1) / LANES * LANES)
#if defined(FM_LEVEL_V4) || defined(FM_LEVEL_NEON)
#define REGISTERS 32
#else
#define REGISTERS 16
#endif
#define HIDE(pointer) __asm__("" : "+r"(pointer))
/* Windows of one row are those of signals, too, of which one row is all there is. */
#define WIDTH(rows) ((rows) == 1 ? 16 * FM_NETWORK_WIDTH : FM_NETWORK_WIDTH)
#define PITCH(rows, tile, extra) (VECTORS(WIDTH(rows) / (int)sizeof(K) / (tile)) + VECTORS(extra))
#define PLANE(planes, row) (FM_NETWORK_INPUT / (int)sizeof(K) / (planes) / (row) * (row))

/* Elements of the largest window that has a network here: for larger ones the constant-time engine is as
 * quick, since it does not depend on the width of keys, or the build would take too long. */
#if defined(MOST) /* by who builds */
#elif defined(FM_LEVEL_PORTABLE)
#define MOST 25
#elif FM_KEY == 8
#define MOST 441
#elif FM_KEY == 16
#define MOST 441
#elif FM_KEY == 32
#define MOST 441
#else
#define MOST 121
#endif

#include "networks.h"

extern const fm_network NETWORK(fm_networks)[];
const fm_network NETWORK(fm_networks)[] = {NETWORKS {0}};
