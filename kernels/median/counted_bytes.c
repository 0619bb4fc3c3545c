/* Large windows in two dimensions from which elements are missing, for keys of 8 bits.
 *
 * As histogram.c, but only the elements that are there enter the histograms, and each window has its own rank. It
 * stands in for counted.c, which numbers elements: there is no need to where there are so few keys.
 * Compiled once per instruction set.
 */
#include "histograms.h"
#include "missing.h"

#define COUNTED(name) FM_NAME(FM_JOIN(name, FM_KEY))

size_t COUNTED(missing_tile_bytes)(ptrdiff_t columns)
{
    return lay_out_16(columns, NULL).bytes;
}

void COUNTED(missing_begin_tile)(const void *keys, const uint8_t *flags, ptrdiff_t line, int width, int height, fm_tile *tile)
{
    const layout_16 l = lay_out_16(width, tile->room);
    memset(tile->room, 0, (size_t)((char *)l.old_row - (char *)tile->room));
    tile->keys = keys;
    tile->flags = flags;
    tile->line = line;
    tile->columns = width;
    tile->entered = tile->left = 0;
}

void COUNTED(missing_filter_row)(fm_tile *tile, int width, int height, int top, const fm_wanted *wanted, ptrdiff_t count,
                                 void *chosen, void *lower)
{
    if (width <= UINT8_MAX && height <= UINT8_MAX)
        filter_tile_row_8(tile, width, height, top, wanted, count, chosen, lower);
    else
        filter_tile_row_16(tile, width, height, top, wanted, count, chosen, lower);
}
