"""The windows that get a compiled network, and the tile that costs each the fewest operations per pixel."""

from plan import Plan

PLANS = {
    f"{plan.rows}x{plan.columns}": plan
    for plan in (
        Plan(3, 3, 4, 2, 1),
        Plan(5, 5, 12, 1, 2),
        Plan(7, 7, 24, 2, 4),
        Plan(9, 9, 40, 2, 2, "power"),
        Plan(11, 11, 60, 2, 4),
        Plan(15, 15, 112, 2, 4),
    )
}
