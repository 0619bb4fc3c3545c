/* The generated selection networks for windows that share no elements, compiled once per instruction set and key
 * width. */
#include "selections.h"
#include "vector.h"

#define NETWORK(name) FM_NAME(FM_JOIN(name, FM_KEY))

#include "selection_networks.h"

extern const fm_selection NETWORK(fm_selections)[];
const fm_selection NETWORK(fm_selections)[] = {SELECTIONS {0}};
