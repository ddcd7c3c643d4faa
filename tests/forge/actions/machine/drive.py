"""Random worlds by seed: do, watch, and where something breaks find the few deeds that it takes.

A seed's steps are cut into episodes, each in a world of its own and with a seed of its own, which ends with the world
running out. So what fails can be done again from nothing, and be made shorter.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from forge.actions import background
from tests.forge.actions.machine.watch import Watch
from tests.forge.actions.machine.world import WEIGHTS, World

Deed = tuple[str, tuple[int, int, int]]

#: Steps of an episode; how often all runs are looked at, not only those that may have changed; replays of a failure.
EPISODE, EVERYTHING, REPLAYS = 250, 25, 40


def drive(seed: int, steps: int) -> None:
    """So many deeds of this seed. What fails is told with the shortest list of deeds that was found to bring it."""
    for number in range(0, steps, EPISODE):
        deeds = episode(seed, number, min(EPISODE, steps - number))
        failed = play(deeds)
        if failed is not None:
            raise AssertionError(explain(seed, number, *shorter(deeds, *failed)))


def episode(seed: int, number: int, steps: int) -> list[Deed]:
    """The deeds of one episode; the same for the same numbers."""
    chance = random.Random(f"{seed}/{number}")
    names, weights = list(WEIGHTS), list(WEIGHTS.values())
    return [
        (name, (chance.randrange(1000), chance.randrange(1000), chance.randrange(1000)))
        for name in chance.choices(names, weights, k=steps)
    ]


def play(deeds: Sequence[Deed], make: Callable[[], World] = World) -> tuple[int, Exception] | None:
    """Do these in a new world; how many were done when something broke, and what; None when nothing did."""
    world = make()
    watch = Watch(world)
    done = 0
    with background.using(world.nudge):
        try:
            for done, (name, picks) in enumerate(deeds, start=1):
                world.do(name, picks)
                watch.look(swept=name in ("sweep", "group_free"), everything=done % EVERYTHING == 0)
            world.run_out()
            watch.look(swept=True, everything=True)
        except Exception as error:  # whatever it is: that it came is what has to be told
            return done, error
        finally:
            world.clear()
    return None


def shorter(
    deeds: Sequence[Deed], done: int, error: Exception, make: Callable[[], World] = World
) -> tuple[list[Deed], Exception]:
    """Leave out deeds, many at first and then few, as long as the same kind of thing still breaks."""
    kept, size, replays = list(deeds[:done]), max(1, done // 2), 0
    while size and replays < REPLAYS:
        at = 0
        while at < len(kept) and replays < REPLAYS:
            fewer = kept[:at] + kept[at + size :]
            failed = play(fewer, make) if fewer else None
            replays += 1
            if failed is not None and _kind(failed[1]) == _kind(error):
                kept, error = fewer[: failed[0]], failed[1]
            else:
                at += size
        size //= 2
    return kept, error


def _kind(error: Exception) -> str:
    """What broke, without the numbers of rows."""
    lines = str(error).splitlines() or [""]
    text = lines[1] if lines[0].startswith("the rows break") and len(lines) > 1 else lines[0]
    return f"{type(error).__name__}: {''.join(one for one in text.split(':')[0] if not one.isdigit())}"


def explain(seed: int, number: int, deeds: Sequence[Deed], error: Exception) -> str:
    """What to read of a failure: what broke, and the deeds that bring it."""
    told = "\n".join(f"    ({name!r}, {picks})," for name, picks in deeds)
    return f"seed {seed}, episode from step {number}: {type(error).__name__}: {error}\nplay([\n{told}\n])"
