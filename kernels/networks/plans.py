"""The windows that get a compiled network, each with the tile that measured fastest."""

from emit import name_of
from plan import Plan

PLANS = {
    name_of(plan): plan
    for plan in (
        Plan(5, 5, 12, 2, 2, order="columns"),
        Plan(7, 7, 24, 2, 4, "power"),
        Plan(9, 9, 40, 2, 2, "power"),
        Plan(11, 11, 60, 2, 4, "power", tile_groups=6),
        Plan(13, 13, 84, 2, 4, "power", tile_groups=6),
        Plan(15, 15, 112, 2, 4, "power", tile_groups=6),
        Plan(17, 17, 144, 2, 4, "power", tile_groups=6),
        Plan(21, 21, 220, 2, 4, "power", tile_groups=6),
    )
}
