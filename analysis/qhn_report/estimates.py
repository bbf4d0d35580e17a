"""Numbers of a campaign that a report prints. All of them use the restarts 0...m-1 that are finished (prefix)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

CONFIDENT = 0.99  # of the cost until a success


def column(campaign, field):
    """The values of a field of the restarts 0...m-1; None if the file has no such field."""
    return campaign[field][: campaign.prefix] if field in campaign.records else None


def median(campaign, field) -> float | None:
    """Over the restarts in which the field is a number; None without any."""
    values = _finite(campaign, field)
    return float(np.median(values)) if len(values) else None


def mean(campaign, field) -> float | None:
    values = _finite(campaign, field)
    return float(np.mean(values)) if len(values) else None


def _finite(campaign, field):
    values = column(campaign, field)
    values = np.array([]) if values is None else np.asarray(values, dtype=float)
    return values[np.isfinite(values)]


def best_restart(campaign) -> int | None:
    """Id of the restart with the least E on training data; None if all diverged, or E is not in the file."""
    values = column(campaign, "expectation")
    if values is None or not np.isfinite(values).any():
        return None
    return int(np.nanargmin(np.where(np.isfinite(values), values, np.nan)))


def ended(campaign) -> dict:
    """{status: restarts}, the most frequent first."""
    status = column(campaign, "status")
    if status is None:
        return {}
    names, counts = np.unique(status.astype(str), return_counts=True)
    return {str(n): int(c) for c, n in sorted(zip(counts, names), key=lambda pair: (-pair[0], pair[1]))}


def limited(campaign) -> int | None:
    """Restarts that ended at the iteration limit; None if the file does not say how they ended."""
    return None if column(campaign, "status") is None else ended(campaign).get("iteration_limit", 0)


class Bounds(NamedTuple):
    """A cost until a success, with the ends of its interval; math.inf: unbounded."""

    value: float
    low: float
    high: float


def factor(probability) -> float:
    """Restarts until one succeeds with probability 0.99, at least 1: max(1, ln 0.01 / ln(1 - p))."""
    if probability >= 1:
        return 1.0
    if probability <= 0:
        return math.inf
    return max(1.0, math.log(1 - CONFIDENT) / math.log1p(-probability))


def to_solution(cost, success) -> Bounds:
    """TTS99 or ETS99: `cost` of a restart (s or J) times factor(). The interval is that of the probability alone.

    `success`: qhn_results.Success."""
    return Bounds(*(cost * factor(p) for p in (success.probability, success.high, success.low)))


class Energy(NamedTuple):
    """Joules of one phase over all runs of a campaign, as EnergyTotal in src/record/energy.hpp.

    phase     table, tuning or restarts
    method    measured:SOURCE, modelled:cpu, or none: then all joules are NaN
    seconds   wall clock
    joules, uncertainty          gross; NaN: not known
    net_joules, net_uncertainty  net of the idle power
    restarts  finished in these runs"""

    phase: str
    method: str
    scope: str
    seconds: float
    joules: float
    uncertainty: float
    net_joules: float
    net_uncertainty: float
    restarts: int

    @property
    def is_measured(self) -> bool:
        return self.method.startswith("measured:")

    def busy_share(self, mean_seconds) -> float:
        """The share of the seconds in which restarts computed, at most 1."""
        return min(1.0, mean_seconds * self.restarts / self.seconds) if self.seconds > 0 else 1.0

    def per_restart(self, mean_seconds) -> float:
        """J. Modelled: net joules and busy_share() of the idle energy; measured: busy_share() of all."""
        work = 0.0 if self.is_measured or math.isnan(self.net_joules) else self.net_joules
        return (work + (self.joules - work) * self.busy_share(mean_seconds)) / self.restarts if self.restarts else math.nan


FIGURES = ("joules", "uncertainty", "net_joules", "net_uncertainty")


def energy(campaign) -> list:
    """An Energy for each phase, in the order of the file: the best method that every run has for all its nodes."""
    attributes = campaign.attributes
    if "energy/phases/phase" not in attributes:
        return []
    names = ("run", "phase", "host", "method", "scope", "nodes", "seconds", *FIGURES)
    columns = [attributes.get(f"energy/phases/{name}") for name in names]
    if any(c is None for c in columns):
        return []
    rows = [dict(zip(names, cells)) for cells in zip(*columns)]
    restarts = dict(zip(attributes["energy/runs/run"], attributes["energy/runs/restarts"]))
    kinds = dict.fromkeys((r["method"], r["scope"]) for r in rows)
    kinds = [k for k in kinds if k[0] != "none" and not k[0].startswith("doubtful:") and k[1] != "psys"]
    kinds.sort(key=lambda kind: not kind[0].startswith("measured:"))
    found = []
    for phase in dict.fromkeys(r["phase"] for r in rows):
        mine = [r for r in rows if r["phase"] == phase]
        totals = (_total(phase, kind, mine, restarts) for kind in kinds)
        found.append(next((t for t in totals if t), None) or _unknown(phase, mine, restarts))
    return found


def _total(phase, kind, rows, restarts):
    """The sum over runs, or None if a run lacks this kind for one of its nodes."""
    sums, seconds, finished, any_row = dict.fromkeys(FIGURES, 0.0), 0.0, 0, False
    for run in dict.fromkeys(r["run"] for r in rows):
        of_run = [r for r in rows if r["run"] == run]
        every = max((int(r["nodes"]) for r in of_run if r["host"] == "all"), default=0)
        if every == 0:
            continue
        mine = [r for r in of_run if (r["method"], r["scope"]) == kind and r["joules"] >= 0]
        if sum(int(r["nodes"]) for r in mine) != every:
            return None
        any_row = any_row or bool(mine)
        seconds += max(float(r["seconds"]) for r in mine)
        finished += int(restarts.get(run, 0))
        for name in FIGURES:
            sums[name] += sum(float(r[name]) for r in mine)
    return Energy(phase, *kind, seconds, *sums.values(), finished) if any_row else None


def _unknown(phase, rows, restarts):
    rows = [r for r in rows if r["host"] == "all"]
    finished = sum(int(restarts.get(r["run"], 0)) for r in rows)
    return Energy(phase, "none", "", sum(float(r["seconds"]) for r in rows), *[math.nan] * 4, finished)


def restart_costs(campaign):
    """(mean seconds of a restart or None, Energy of the phase restarts or None, joules of a restart or None)."""
    seconds = mean(campaign, "seconds")
    phase = next((e for e in energy(campaign) if e.phase == "restarts" and e.method != "none"), None)
    joules = phase.per_restart(seconds) if phase and seconds is not None else math.nan
    return seconds, phase, joules if math.isfinite(joules) else None
