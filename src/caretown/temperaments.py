"""What kinds of people there are, how soon each reacts and what they do, as ``temperaments.yaml`` says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files
from math import exp
from random import Random
from typing import Any

import yaml

Weights = Mapping[str, int]
STIMULI = ("offer", "confirm", "early", "again", "intake", "item", "letter")
"""What can reach somebody, besides a telephone call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Temperament:
    """One kind of people."""

    name: str
    share: int
    hours: tuple[float, float]
    """Median and spread of the log-normal wait before they react."""
    deeds: Mapping[str, Weights]
    """What they do when something reaches them, by weight."""
    phone: float
    """How often they pick up."""
    back: float
    """How often they ring back by themselves after a message."""
    reminded: float
    """How often they come when they were reminded shortly before."""
    unreminded: float

    def deed(self, stimulus: str, rng: Random) -> str:
        """Return what somebody of this kind does now."""
        weights = self.deeds[stimulus]
        return rng.choices(list(weights), list(weights.values()))[0]

    def wait(self, rng: Random) -> timedelta:
        """Return how long they take before they do it."""
        median, spread = self.hours
        return timedelta(hours=median * exp(rng.gauss(0.0, spread)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """Everything of ``temperaments.yaml``."""

    kinds: Mapping[str, Temperament]
    texts: Weights
    cover: Weights
    foreign: tuple[str, ...]
    life_days: int
    life_hours: tuple[int, int]

    def draw(self, rng: Random) -> str:
        """Return a kind of people, each as often as its share says."""
        shares = [one.share for one in self.kinds.values()]
        return rng.choices(list(self.kinds), shares)[0]


@cache
def manners() -> Manners:
    """Read the kinds of people that come with the town."""
    raw: dict[str, Any] = yaml.safe_load(
        files("caretown").joinpath("temperaments.yaml").read_text(encoding="utf-8")
    )
    usual = raw["usual"]
    return Manners(
        kinds={name: _temperament(name, usual | own) for name, own in raw["kinds"].items()},
        texts=raw["texts"],
        cover=raw["cover"],
        foreign=tuple(raw["foreign"]),
        life_days=int(raw["life"]["days"]),
        life_hours=(int(raw["life"]["hours"][0]), int(raw["life"]["hours"][1])),
    )


def _temperament(name: str, raw: Mapping[str, Any]) -> Temperament:
    return Temperament(
        name=name,
        share=int(raw["share"]),
        hours=(float(raw["hours"]["median"]), float(raw["hours"]["sigma"])),
        deeds={stimulus: raw[stimulus] for stimulus in STIMULI},
        phone=float(raw["phone"]),
        back=float(raw["back"]),
        reminded=float(raw["comes"]["reminded"]),
        unreminded=float(raw["comes"]["unreminded"]),
    )
