"""A picture for each category: three of its things."""

from collections.abc import Callable

from . import candy, clothing, games, hats, soft_toys, toys, wooden_toys
from .shapes import ellipse, group

Drawn = Callable[[], str]

CATEGORIES: dict[str, tuple[str, tuple[Drawn, Drawn, Drawn]]] = {
    "toys": ("sky", (toys.robot, toys.spinning_top, toys.kite)),
    "toys-soft-toys": ("peach", (soft_toys.rabbit, soft_toys.bear, soft_toys.owl)),
    "toys-wooden-toys": ("mint", (wooden_toys.town_hall, wooden_toys.duck, wooden_toys.railway)),
    "games-and-puzzles": ("butter", (games.chess, games.market_day, games.dominoes)),
    "candy": ("rose", (candy.lollipops, candy.jar, candy.rockets)),
    "clothing": ("butter", (clothing.rain_cape, clothing.hall_shirt, clothing.scarf)),
    "clothing-hats": ("lilac", (hats.captains_cap, hats.bobble_hat, hats.top_hat)),
    "clothing-t-shirts": ("peach", (clothing.kite_shirt, clothing.robot_shirt, clothing.train_shirt)),
}


def together(things: tuple[Drawn, Drawn, Drawn]) -> str:
    """The second one before the others."""
    left, middle, right = (thing() for thing in things)
    back, front = 0.6, 0.68
    return "".join(
        [
            group(ellipse(200, 335, 110, 10, "ink/0.15") + left, move=(-30, 330 - 330 * back), scale=back),
            group(
                ellipse(200, 335, 110, 10, "ink/0.15") + right, move=(430 - 400 * back, 330 - 330 * back), scale=back
            ),
            group(
                ellipse(200, 335, 110, 10, "ink/0.15") + middle,
                move=(200 - 200 * front, 358 - 330 * front),
                scale=front,
            ),
        ]
    )
