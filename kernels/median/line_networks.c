/* The generated networks of windows of one line (networks/lines.py), compiled once per instruction set and key width. */
#include "generated.h"
#include "lines.h"

#include "line_networks.h"

extern const fm_line NETWORK(fm_lines)[];
const fm_line NETWORK(fm_lines)[] = {LINES {NULL, 0, 0, 0}};
