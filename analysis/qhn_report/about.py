"""What the program knows about the problems: best networks, landscape, locality; and the comparison of methods."""

from __future__ import annotations

import math

from qhn_plot.figures import compare, landscape, locality, networks
from qhn_report import words
from qhn_report.blocks import Cell, Picture, Section, Table, Text
from qhn_report.problem import NotAvailable, experiment_file

MOST_PROBLEMS = 2  # with figures; a page has few of them
DRAWN = 3  # best networks
MINIMA = 300  # one-flip minima in the figure
PICTURED = ("gaussian", "images")  # kinds of problems whose networks have a picture


def different_problems(groups) -> tuple:
    """([(first Entry, the Entry with the cheapest network)] of each problem, number of all problems). Problems differ
    in data or networks; of a sweep only the first is in the list."""
    found, left = {}, {}
    for group in groups:
        for entry in group.entries:
            of = _problem_of(entry)
            there = found if of in found or not group.sweep or entry is group.entries[0] else left
            there.setdefault(of, []).append(entry)
    return [(of[0], _best(of)) for of in found.values()], len(found.keys() | left.keys())


def _problem_of(entry) -> str:
    parts = {k: v for k, v in entry.campaign.settings.items() if k.startswith(("problem.", "network."))}
    return repr(sorted(parts.items())) if parts else entry.path


def _best(entries):
    """The Entry in which a restart returned the cheapest network."""
    return min(entries, key=lambda e: float(e.campaign.attributes.get("table/found_cost", math.inf)))


def problem_sections(groups, program) -> list:
    """Sections "Best networks" and "The problem"."""
    best, about = Section("networks", "Best networks"), Section("problem", "The problem")
    found, every = different_problems(groups)
    found = found[:MOST_PROBLEMS]
    for k, (entry, winner) in enumerate(found):
        name = _problem_name(entry) if every > 1 else ""
        _best_network(best, f"networks-{k}", entry, winner, program, name)
        _describe(about, f"problem-{k}", entry, program, name)
    if every > len(found):
        left = (f"There are {every} problems (data sets or kinds of networks); only the first "
                f"{'is' if len(found) == 1 else f'{len(found)} are'} shown.")
        best.blocks.append(Text(left, "missing"))
        about.blocks.append(Text(left, "missing"))
    return [best, about]


def _problem_name(entry) -> str:
    swept = {k: v for k, v in entry.values.items() if k.startswith(("problem.", "network."))}
    told = ", ".join(f"{words.key(k)} {words.value(v)}" for k, v in swept.items())
    return f" ({told or entry.name})"


def _best_network(section, key, entry, winner, program, name):
    attributes = winner.campaign.attributes
    if "table/found_bits" in attributes:
        cost, minimum = float(attributes["table/found_cost"]), float(winner.campaign.reference[1])
        gap = f", a gap of {words.number(max(cost - minimum, 0.0))}" if winner.campaign.reference[0] == "enumerated" else ""
        section.blocks.append(Text(
            f"The cheapest network that a restart returned{name}: bits {attributes['table/found_bits']} (network "
            f"{attributes['table/found_index']}), loss {words.number(cost, 6)}{gap}, by restart "
            f"{attributes['table/found_restart']} of {winner.label}."
        ))  # fmt: skip
    else:
        section.blocks.append(Text(f"The result files do not say which network was the best{name}.", "missing"))
    kind = winner.campaign.settings.get("problem.kind")
    if kind not in PICTURED:
        section.blocks.append(Text(f"Networks are not drawn: problem.kind = {words.value(kind or 'unknown')} has no picture.",
                                   "missing"))
        return
    try:
        file = experiment_file(entry)
        try:
            found = program.landscape(entry.campaign, "--lowest", DRAWN, "--bins", 1)
            title = f"The {DRAWN} networks of least loss{name}"
            commands = [words.command("qhn-plot", "networks", file, "--count", DRAWN, "--out", "networks.svg")]
            count = DRAWN
        except NotAvailable as why:
            if "table/found_index" not in attributes:
                raise
            if "not found" in str(why) or "minimum" in str(why):
                raise
            one = program.about("decode", winner.campaign, int(attributes["table/found_index"]))
            found = {"lowest": [{"index": one["index"], "gap": one["cost"] - winner.campaign.reference[1],
                                 "network": one["network"]}]}  # fmt: skip
            title, count = f"The best network found{name}", 1
            commands = [words.command("qhn", "decode", file, one["index"])]
    except (NotAvailable, KeyError) as why:
        section.blocks.append(Text(f"Networks are not drawn{name}: {why}.", "missing"))
        return
    settings = entry.campaign.settings
    seen = "their decision regions over the plane" if kind == "gaussian" else "the weights of their pixels as pictures"
    alt = f"{title}: {seen}. Gaps: {', '.join(words.number(max(float(o['gap']), 0.0)) for o in found['lowest'][:count])}."
    section.blocks.append(Picture(key, title, alt, "", commands,
                                  lambda width: networks.make_figure(found, settings, count=count, width=width),
                                  wide=True))


def _describe(section, key, entry, program, name):
    campaign, file = entry.campaign, experiment_file(entry)
    try:
        found = program.landscape(campaign, "--lowest", MINIMA, "--bins", 40)
        shares = program.about("locality", campaign)
    except (NotAvailable, KeyError) as why:
        section.blocks.append(Text(f"Landscape and locality are left out{name}: {why}.", "missing"))
        return
    section.blocks.append(Text(
        f"{words.counted(2 ** int(found['qubits']), 'network')} of {found['qubits']} bits{name}. Their losses range from "
        f"{words.number(found['minimum'], 5)} to {words.number(found['maximum'], 5)}; "
        f"{words.counted(found['minimizers'], 'network reaches', 'networks reach')} the least. "
        f"{words.counted(found['local_minima'], 'network is', 'networks are')} one-flip local minima: no flip of one bit lowers the loss. Steepest descent by such flips "
        f"ends at the optimum from {words.percent(found['descent_success'])} of all starts. "
        f"Terms of one bit make {words.percent(shares['shares'][0])} of the variance of the losses"
        + (f", terms of two bits {words.percent(shares['shares'][1])}." if len(shares["shares"]) > 1 else ".")
    ))  # fmt: skip

    section.blocks.append(Picture(
        f"{key}-landscape", f"Landscape{name}",
        "Left: how many networks have which loss. Right: the gap of each one-flip minimum, and from which share of all "
        "starts descent ends there.", "",
        [words.command("qhn-plot", "landscape", file, "--lowest", MINIMA, "--bins", 40, "--out", "landscape.svg")],
        lambda width: landscape.make_figure(found, width=width),
        lambda table: [f"minimum at gap {words.number(r['x'])}: {words.percent(r['y'])} of starts" if r["panel"] == "minima"
                       else f"optimum: {words.percent(r['y'])} of starts"
                       for r in table.rows() if r["panel"] == "minima" or (r["panel"] == "optimum" and r["y"] > 0)],
    ))  # fmt: skip
    section.blocks.append(Picture(
        f"{key}-locality", f"Locality{name}",
        "Share of the variance of the losses in terms of 1, 2, 3 … bits: "
        + ", ".join(words.percent(s) for s in shares["shares"][:4]) + " …", "",
        [words.command("qhn-plot", "locality", file, "--width", "7.0", "--out", "locality.svg")],
        lambda width: locality.make_figure([(entry.title, shares)], width=width),
        lambda table: [f"terms of {words.counted(r['order'], 'bit')}: {words.percent(r['share'])}" for r in table.rows()],
    ))  # fmt: skip


# ---- comparison of methods ----

HERE = {"circuits": "simulated", "classical": "computed"}
COLUMNS = [  # head, table of the CSV ("here": circuits or classical), quantity, unit
    ("success probability", "success", "probability", None),
    ("losses until a success (99 %)", "oracle", "losses to solution 99 %", ""),
    ("time until a success (99 %), table in full", "here", "TTS99, s, table in full", "s"),
    ("energy until a success (99 %), table in full", "here", "ETS99, J, table in full", "J"),
]


def comparison(groups, program) -> Section | None:
    """None unless there are classical campaigns and others."""
    entries = [e for g in groups for e in g.entries]
    if len(entries) < 2 or not any(e.is_classical for e in entries):
        return None
    section = Section("comparison", "Comparison of methods")
    paths = [path for g in groups for path in g.paths if not (g.sweep is None and path in _unfinished(g))]
    try:
        tables, _ = program.compare(paths)
    except NotAvailable as why:
        section.blocks.append(Text(f"Methods are not compared: {why}.", "missing"))
        return section
    line = words.command("qhn", "compare", *paths)
    epsilon = next((v[0] for numbers in tables["gaps"].values() for (_, q), v in numbers.items() if q == "epsilon"), None)
    section.blocks.append(_comparison_table(tables, epsilon, line))
    if any(w[0] != compare.ENUMERATION for w in tables["success"]):
        section.blocks.append(Picture(
            "comparison-figure", "Success and cost of a training", "A row a method, a column a ledger: success probability, "
            "losses, seconds and joules of a training.", "", [f"{line} --format csv >compare.csv", "qhn-plot compare compare.csv --out compare.svg"],
            lambda width: compare.make_figure(tables, machine="the machine named under Provenance", width=width),
            lambda table: [f"{r['method']}, {r['success_by']}: {r['quantity']} {words.number(r['value'])} "
                           f"{words.interval(r['low'], r['high'])}" for r in table.rows() if r["low"] is not None], wide=True,
        ))  # fmt: skip
    return section


def _unfinished(group) -> set:
    return set(group.paths) - {e.path for e in group.entries}


def _comparison_table(tables, epsilon, line) -> Table:
    rows = []
    for who in tables["success"]:
        cells = [Cell(who[0], note=who[1])]
        for _, table, quantity, unit in COLUMNS:
            of = table if table != "here" else next((b for b in HERE if who in tables[b]), "circuits")
            cells.append(_compared(tables[of].get(who, {}).get(("", quantity)), unit))
        rows.append(cells)
    caption = (f"Success means a gap below ε = {words.epsilon(epsilon)}. " if epsilon else "") + (
        "Intervals: 95 %. The three ledgers are never mixed; a circuit with ideal gradients is charged no losses. "
        "Table in full: with the cost of the table of all losses.")  # fmt: skip
    return Table("comparison-table", "Success and cost", caption, ["method, judged by", *(c[0] for c in COLUMNS)], rows, [line])


def _compared(numbers, unit) -> Cell:
    if numbers is None or math.isnan(numbers[0]):
        return Cell(words.ENDASH, math.inf)
    value, low, high = numbers
    if unit is None:
        note = "" if low == high else words.interval(low, high)
        return Cell(words.number(value), value, note, (value, low, high) if note else None)
    tell = (lambda x: words.quantity(x, unit)) if unit else words.number
    return Cell(tell(value), value, "" if low == high else f"[{tell(low)}, {tell(high)}]")
