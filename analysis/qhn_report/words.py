"""Numbers, names and sentences as a page shows them."""

from __future__ import annotations

import math
import re
import shlex

MINUS, ENDASH, HARD = "\u2212", "\u2013", "\u00a0"  # HARD: a space at which no line breaks
PREFIXES = [(1e-9, "n"), (1e-6, "µ"), (1e-3, "m"), (1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "G")]


def number(value, digits=3) -> str:
    """`digits` significant ones: 0.0123, 12 400, 1.2e-5, −3; "–" for None and NaN, ∞ for infinity."""
    if value is None or math.isnan(value):
        return ENDASH
    if math.isinf(value):
        return "∞" if value > 0 else MINUS + "∞"
    rounded = float(f"{value:.{digits}g}")
    if rounded and not 1e-4 <= abs(rounded) < 1e6:
        text = re.sub(r"e([+-])0*(\d+)", lambda m: f"e{'-' if m[1] == '-' else ''}{m[2]}", f"{value:.{digits}g}")
    elif abs(rounded) >= 1e4:
        text = f"{rounded:,.0f}".replace(",", "\u202f")
    elif abs(rounded) >= 10 ** (digits - 1):
        text = f"{rounded:.0f}"
    else:
        text = f"{rounded:.{digits}g}"
        if "e" in text:
            text = f"{rounded:.7f}".rstrip("0")
    return text.replace("-", MINUS) if "e" not in text else text


def quantity(value, unit, digits=3) -> str:
    """With the unit's decimal prefix: 11.4 ms, 1.43 J. Unit s: h and min above 100 min."""
    if value is None or not math.isfinite(value):
        return f"{number(value)}{HARD}{unit}" if value is not None and math.isinf(value) else ENDASH
    if unit == "s" and value >= 6000:
        return f"{number(value / 3600, digits)}{HARD}h"
    if value == 0:
        return f"0{HARD}{unit}"
    scale, prefix = next((p for p in reversed(PREFIXES) if abs(value) >= 0.9995 * p[0]), PREFIXES[0])
    if unit == "s" and scale > 1:
        scale, prefix = 1.0, ""
    return f"{number(value / scale, digits)}{HARD}{prefix}{unit}"


def whole(count) -> str:
    return f"{int(count):,}".replace(",", "\u202f") if abs(int(count)) >= 10000 else str(int(count))


def counted(count, one, many=None) -> str:
    """1 restart, 2 restarts."""
    return f"{whole(count)} {one if count == 1 else many or one + 's'}"


def percent(share) -> str:
    return f"{number(100 * share)}{HARD}%"


def epsilon(value) -> str:
    return number(value, 6)


def interval(low, high) -> str:
    return f"[{number(low)},{HARD}{number(high)}]"


def listed(parts) -> str:
    """a, b and c."""
    parts = list(parts)
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1] if parts else ""


def some(names, most=4) -> str:
    names = list(map(str, names))
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def key(name) -> str:
    """The last part of a key: layers of circuit.layers; of restarts.seed and problem.seed all."""
    return name.split(".", 1)[1] if "." in name and not name.endswith(".seed") else name


def value(thing) -> str:
    """A value of a key."""
    if isinstance(thing, bool):
        return str(thing).lower()
    if isinstance(thing, (tuple, list)):
        return "[" + ", ".join(map(value, thing)) + "]"
    return f"{thing:g}" if isinstance(thing, float) else str(thing)


def command(*words) -> str:
    """A line for a shell."""
    return shlex.join(map(str, words))


# ---- what was run ----


def problem(settings) -> str:
    """What a network is trained on."""
    kind = settings.get("problem.kind")
    if kind == "gaussian":
        return f"two classes of points in the plane (gaussian, seed {settings.get('problem.seed')})"
    if kind == "images":
        digits = settings.get("problem.digits", [])
        side = settings.get("problem.side")
        return f"images of {listed(map(str, digits))} at {side}×{side} pixels"
    if kind == "csv":
        return f"the samples of {settings.get('problem.data')}"
    if kind == "table":
        return f"the costs in {settings.get('problem.table')}"
    if kind == "synthetic":
        return f"random costs (synthetic, seed {settings.get('problem.seed')})"
    return ""


def network(settings) -> str:
    if settings.get("problem.kind") in (None, "table", "synthetic"):
        return ""
    if settings.get("network.kind") == "logistic":
        return "logistic regression with two-valued weights"
    hidden = settings.get("network.hidden")
    return f"networks with {hidden} hidden units and two-valued weights"


def circuit(settings) -> str:
    family = settings.get("circuit.family")
    if family is None:
        return ""
    article = "an" if family[0] in "aeiou" else "a"
    for depth in ("layers", "sublayers"):
        if f"circuit.{depth}" in settings:
            count = settings[f"circuit.{depth}"]
            return f"{article} {family} circuit of {counted(count, depth[:-1])}{noise(settings)}"
    return f"{article} {family} circuit{noise(settings)}"


def noise(settings) -> str:
    """" with … noise", or nothing."""
    scale = settings.get("noise.scale", 1)
    one, two = (scale * settings.get(f"noise.{on}", 0) for on in ("one_qubit", "two_qubit"))
    readout = settings.get("noise.readout", [])
    wrong = [scale * p for pair in readout for p in (pair if isinstance(pair, list) else [pair])]
    parts = []
    if one or two:
        parts.append(f"{settings.get('noise.kind')} noise ({number(one)} after gates of one qubit, {number(two)} of two)")
    if any(wrong):
        only = len(wrong) == 2
        parts.append(f"readout errors ({number(wrong[0])} of zeros, {number(wrong[1])} of ones)" if only
                     else f"readout errors (up to {number(max(wrong))})")  # fmt: skip
    return f" with {' and '.join(parts)}" if parts else ""
