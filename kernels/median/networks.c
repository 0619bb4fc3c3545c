/* The generated selection networks (networks/emit.py), compiled once per instruction set and key width. */
#include "generated.h"

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
#elif defined(FM_LEVEL_V4)
#define MOST 121
#else /* from there on numbers of 16 bits are quicker */
#define MOST 81
#endif

/* The same for windows that are asked for less often. */
#if defined(FM_LEVEL_PORTABLE) || defined(FM_LEVEL_V2) || FM_KEY == 64 || MOST < 81
#define MOST_RARE 0
#else
#define MOST_RARE MOST
#endif

#include "networks.h"

extern const fm_network NETWORK(fm_networks)[];
const fm_network NETWORK(fm_networks)[] = {NETWORKS {0}};
