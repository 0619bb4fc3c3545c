/* What the text of generated networks uses (networks/emit.py). Compiled once per instruction set and key width. */
#ifndef FM_GENERATED_H
#define FM_GENERATED_H

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
#define APART __attribute__((noinline))
/* Windows of one row are those of signals, too, of which one row is all there is. To read a row has a price of its own,
 * which few wide elements would share. */
#define WIDTH(rows) ((rows) == 1 ? 16 * FM_NETWORK_WIDTH : FM_KEY == 64 ? 2 * FM_NETWORK_WIDTH : FM_NETWORK_WIDTH)
#define PITCH(rows, tile, extra) (VECTORS(WIDTH(rows) / (int)sizeof(K) / (tile)) + VECTORS(extra))
#define PLANE(planes, row) (FM_NETWORK_INPUT / (int)sizeof(K) / (planes) / (row) * (row))

#endif
