# SPDX-License-Identifier: Apache-2.0
"""What each steering verb comes to, in view of what is there: pure.

A step is one key to be written or removed, what is against it, and what an
operator is told.  Only to set something is judged: to take it back is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gwsched.cli import names, phrases
from gwsched.cli.forecast import assumed
from gwsched.cli.steering import leaving
from gwsched.cli.steering.leaving import Obstacle
from gwsched.cli.steering.wishes import Wish
from gwsched.conf import Settings
from gwsched.decisions import Rebalance
from gwsched.model import Snapshot, Unit
from gwsched.placement.eligibility import Eligibility
from gwsched.reading import intents
from gwsched.schedulers import Scheduler

TRUE = "true"
PAUSED = (
    "gwsched is paused: nothing is done about this before gwschedctl resume"
)
OBSERVES = "mode is observe here: a gwsched set up like this writes nothing"


@dataclass(frozen=True, slots=True)
class Scene:
    """What a verb is judged by; ``there`` are the keys as they are."""

    seen: Snapshot
    there: Mapping[str, str]
    settings: Settings
    scheduler: Scheduler


@dataclass(frozen=True, slots=True)
class Step:
    """A wish about a subject, and what to say when it is granted.

    ``stands`` says that it is so already, by whatever spelling.
    """

    subject: str
    wish: Wish
    stands: bool
    said: str
    obstacles: tuple[Obstacle, ...] = ()
    notes: tuple[str, ...] = ()


def drain(scene: Scene, text: str) -> Step:
    """Empty a chassis, if everything that is there has somewhere to go."""
    seen = scene.seen
    name = names.chassis_of(seen, text)
    wish = Wish(intents.key_of("drain", name), TRUE)
    if name in seen.intents.draining:
        has = phrases.counted(len(leaving.left(seen, name).ports), "port")
        said = f"{name} is draining already: {has} left there"
        return Step(name, wish, True, said, notes=_notes(scene, text, name))
    policy = scene.settings.policy
    found = leaving.forecast(seen, name, scene.scheduler, policy)
    pace = ""
    if found.moves:
        minutes = found.moves / policy.moves_per_minute
        pace = f", in about {max(1, round(60 * minutes))} s"
        if minutes >= 2:
            pace = f", in about {round(minutes)} min"
        pace += f" ({policy.moves_per_minute} a minute)"
    moves = phrases.counted(found.moves, "move")
    said = f"{name} is draining now: {moves} to make{pace}"
    notes = _notes(scene, text, name)
    if found.obstacles:
        notes += (assumed.sentence(seen, assumed.health(seen)),)
    return Step(name, wish, False, said, found.obstacles, notes)


def undrain(scene: Scene, text: str) -> Step:
    """Let a chassis get ports again."""
    name = _known(scene, "drain", text)
    wish = Wish(intents.key_of("drain", name), None)
    pins = scene.seen.intents.pins.items()
    pinned = sorted(port for port, wanted in pins if wanted == name)
    back = f"; pinned to it, and back soon: {phrases.quoted(pinned)}"
    said = (
        f"{name} is not draining any more; nothing moves back by that, but "
        f"it serves as a backup again, gets what is new, and its share when "
        f"the load is evened out (gwschedctl rebalance)"
        f"{back if pinned else ''}"
    )
    return _withdrawn(scene, name, wish, said, f"{name} was not draining")


def cordon(scene: Scene, text: str) -> Step:
    """Let a chassis get nothing new."""
    name = names.chassis_of(scene.seen, text)
    wish = Wish(intents.key_of("cordon", name), TRUE)
    stands = name in scene.seen.intents.cordoned
    said = f"{name} is cordoned: it keeps what it has, and gets nothing new"
    if stands:
        said = f"{name} is cordoned already"
    return Step(name, wish, stands, said, notes=_alias(text, name))


def uncordon(scene: Scene, text: str) -> Step:
    """Let a chassis get new ports again."""
    name = _known(scene, "cordon", text)
    wish = Wish(intents.key_of("cordon", name), None)
    said = f"{name} is not cordoned any more"
    return _withdrawn(scene, name, wish, said, f"{name} was not cordoned")


def pin(scene: Scene, port: str, text: str) -> Step:
    """Have a port's primary on one chassis, if that may host it."""
    seen = scene.seen
    port, unit = names.unit_of(seen, port)
    name = names.chassis_of(seen, text)
    wish = Wish(intents.key_of("pin", port), name)
    notes = _notes(scene, text, name)
    before = seen.intents.pins.get(port)
    if before == name:
        said = f"{port} is pinned to {name} already"
        return Step(port, wish, True, said, notes=notes)
    why = _against_pin(scene, unit, port, name)
    if why:
        notes += (assumed.sentence(seen, assumed.health(seen)),)
    was = f", and not to {before} any more" if before else ""
    moves = f"; it moves there from {unit.order[0]}" if unit.order else ""
    said = f"{port} is pinned to {name} now{was}"
    if unit.order[:1] != (name,):
        said += moves
    against = (Obstacle(port, why),) if why else ()
    return Step(port, wish, False, said, against, notes)


def unpin(scene: Scene, port: str) -> Step:
    """Let a port be wherever it is best placed."""
    if intents.key_of("pin", port) not in scene.there:
        port, _ = names.unit_of(scene.seen, port)
    wish = Wish(intents.key_of("pin", port), None)
    before = scene.seen.intents.pins.get(port)
    said = f"{port} is not pinned to {before} any more, and stays there"
    if before is None:
        said = f"{port} is not pinned any more"
    return _withdrawn(scene, port, wish, said, f"{port} was not pinned")


def pause(scene: Scene) -> Step:
    """Hold back whatever gwsched would write."""
    stands = scene.seen.intents.paused
    said = (
        "gwsched is paused: it writes nothing, whatever fails, until "
        "gwschedctl resume"
    )
    if stands:
        said = "gwsched is paused already"
    return Step("gwsched", Wish(intents.key_of("pause"), TRUE), stands, said)


def resume(scene: Scene) -> Step:
    """Let gwsched write again."""
    wish = Wish(intents.key_of("pause"), None)
    said = "gwsched is not paused any more"
    return _withdrawn(scene, "gwsched", wish, said, "gwsched was not paused")


def rebalance(scene: Scene) -> Step:
    """Even out the load once, however little there is to even out."""
    wish = Wish(intents.key_of("rebalance"), TRUE)
    why = ""
    if scene.settings.policy.rebalance is Rebalance.OFF:
        why = "[rebalance] mode is off in the configuration here"
    elif not getattr(scene.scheduler, "balances", False):
        chosen = scene.settings.scheduler
        why = f"the scheduler configured here, {chosen}, evens out nothing"
    stands = scene.seen.intents.rebalance
    said = "a rebalance is asked for: gwsched takes that away when it is done"
    if stands:
        said = "a rebalance is under way already"
    against = (Obstacle(None, why),) if why and not stands else ()
    return Step("gwsched", wish, stands, said, against, _held_up(scene))


def _known(scene: Scene, verb: str, text: str) -> str:
    """Return the chassis; one that is gone may leave its intent behind."""
    if intents.key_of(verb, text) in scene.there:
        return text
    return names.chassis_of(scene.seen, text)


def _withdrawn(
    scene: Scene, subject: str, wish: Wish, said: str, was_not: str
) -> Step:
    stands = wish.key not in scene.there
    return Step(subject, wish, stands, was_not if stands else said)


def _against_pin(scene: Scene, unit: Unit, port: str, name: str) -> str:
    """Say why a unit would not go to a chassis, or ""."""
    if unit.excluded:
        return unit.excluded
    pins = scene.seen.intents.pins
    for other in unit.ports:
        if other.name == port:
            break
        if pins.get(other.name, name) != name:
            wanted = pins[other.name]
            return f"it shares its list with {other.name}, pinned to {wanted}"
    health = assumed.health(scene.seen)
    width = scene.settings.policy.scatter_width
    who = Eligibility(scene.seen, health, width)
    if name in who.pool(unit).chassis:
        return ""
    return f"{name}: {who.refused(unit, name)}"


def _notes(scene: Scene, text: str, name: str) -> tuple[str, ...]:
    return (*_alias(text, name), *_held_up(scene))


def _alias(text: str, name: str) -> tuple[str, ...]:
    return (f"{text} is the chassis {name}",) if text != name else ()


def _held_up(scene: Scene) -> tuple[str, ...]:
    """Say what stands in the way of any wish."""
    paused = (PAUSED,) if scene.seen.intents.paused else ()
    return paused if scene.settings.enforce else (*paused, OBSERVES)
