"""The windows that get a compiled network, each with the tile that measured fastest."""

from plan import Plan

PLANS = {
    f"{plan.rows}x{plan.columns}": plan
    for plan in (
        Plan(3, 3, 4, 1, 2, tile_bytes=256),
        Plan(5, 5, 12, 1, 2, tile_bytes=128),
        Plan(7, 7, 24, 2, 4, "power"),
        Plan(9, 9, 40, 2, 4, "power"),
        Plan(11, 11, 60, 2, 4, "power"),
        Plan(13, 13, 84, 2, 4, "power"),
        Plan(15, 15, 112, 2, 4, "power"),
    )
}
