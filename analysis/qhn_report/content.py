"""What a report says: puts the sections in order, writes the first paragraph and what must be known first."""

from __future__ import annotations

from qhn_report import about, costs, estimates, provenance, results, words
from qhn_report.blocks import Report

MOST_TOLD = 6  # campaigns in the first paragraph
METHODS = {"random": "random search", "ste": "straight-through training", "nested": "nested search"}


def make_report(groups, program, *, title="", bench=None, scaling=(), out="report.html") -> Report:
    """`groups` of read.load(); `program`: problem.Program; `bench`, `scaling`: files.

    Raises InputError or FileNotFoundError for files that cannot be used."""
    given = [costs.scaling_section(scaling), costs.bench_section(bench)]  # first: they may be bad input
    sections = [results.section(group, f"results-{k}") for k, group in enumerate(groups) if group.entries]
    if len(sections) == 1:
        sections[0].title = "Results"
    notices = _notices(groups)
    groups = [group for group in groups if group.entries]
    sections += about.problem_sections(groups, program)
    sections += [about.comparison(groups, program), costs.section(groups), *given, provenance.section(groups)]
    line = ["qhn", "report", *(path for group in groups for path in group.paths), "--out", out]
    line += ["--title", title] if title else []
    line += ["--bench", bench] if bench else []
    line += [word for file in scaling for word in ("--scaling", file)]
    return Report(
        title or " and ".join(_names(groups)), [_summary(group) for group in groups], notices, _facts(groups),
        [section for section in sections if section], words.command(*line),
    )  # fmt: skip


def _names(groups) -> list:
    names = []
    for group in groups:
        own = list(dict.fromkeys(e.title for e in group.entries))
        names.append(group.name if group.sweep else words.some(own, 3))
    return list(dict.fromkeys(names))


# ---- what must be known first ----


def _notices(groups) -> list:
    found = []
    for group in groups:
        empty = group.empty
        if empty:
            what = "point" if group.sweep else "campaign"
            found.append(f"{group.name}: {words.counted(len(empty), what)} of {len(empty) + len(group.entries)} without a "
                         f"finished restart 0, not on this page: {words.some(empty)}.")  # fmt: skip
        short = [e for e in group.entries if not e.has_rule and e.asked is not None and e.used < e.asked]
        if len(short) == 1:
            found.append(_unfinished(short[0]))
        elif short:
            used, asked = sum(e.used for e in short), sum(e.asked for e in short)
            found.append(f"{group.name} is unfinished: {len(short)} of {len(group.entries)} "
                         f"{'points' if group.sweep else 'campaigns'} lack restarts ({words.whole(used)} of {words.whole(asked)} "
                         "used). Of each, only the restarts before the first unfinished one are used.")  # fmt: skip
        for e in group.entries:
            if e.has_rule:
                found.append(f"{e.label} is ended by a rule, not by a number of restarts: {words.counted(e.used, 'restart')} "
                             f"so far, at most {e.asked}. The file does not say whether the rule is met.")  # fmt: skip
    return found


def _unfinished(entry) -> str:
    finished = len(entry.campaign)
    text = f"{entry.label} is unfinished: {words.whole(finished)} of {words.counted(entry.asked, 'restart')} finished."
    if finished > entry.used:
        text += (f" Restart {entry.used} is not, so only the {words.counted(entry.used, 'restart')} before it are used: "
                 "the others are the quick ones, and would be counted too often.")  # fmt: skip
    return text + " Numbers will change."


# ---- the first paragraph ----


def _summary(group) -> str:
    if group.sweep:
        return _of_sweep(group)
    return _of_campaign(group.entries[0]) if len(group.entries) == 1 else _of_campaigns(group.entries)


def _of_campaigns(entries) -> str:
    subjects = {(words.network(e.campaign.settings), words.problem(e.campaign.settings)) for e in entries}
    network, problem = subjects.pop()
    shared = ""
    if not subjects and problem:
        shared = " on the same problem: " + "; ".join(p for p in (network, problem) if p)
    epsilon = min(results.ladder(entries), default=None)
    text = f"{words.counted(len(entries), 'campaign')}{shared}."
    if epsilon is None:
        return text
    text += f" Within ε = {words.epsilon(epsilon)} of the least loss, with 95 % intervals: "
    told = []
    for e in entries[:MOST_TOLD]:
        s, seconds = e.campaign.success(epsilon), estimates.mean(e.campaign, "seconds")
        took = f", {words.quantity(seconds, 's')} each" if seconds is not None else ""
        told.append(f"{s.count} of {words.counted(s.restarts, 'restart')} {_method(e)} ({e.label}), "
                    f"{words.number(s.probability)} {words.interval(s.low, s.high)}{took}")  # fmt: skip
    more = len(entries) - len(told)
    return text + "; ".join(told) + (f"; {more} more are in the tables." if more else ".")


def _subject(entry) -> str:
    settings, attributes = entry.campaign.settings, entry.campaign.attributes
    qubits = attributes.get("table/qubits")
    parts = [f"{words.counted(qubits, 'qubit')}" if qubits is not None and not entry.is_classical else ""]
    parts += [words.network(settings), words.problem(settings)]
    told = [p for p in parts if p]
    return f" ({'; '.join(told)})" if told else ""


def _method(entry) -> str:
    name = str(entry.campaign.attributes.get("method/name", ""))
    if name:
        return f"of {METHODS.get(name, name)}"
    circuit = words.circuit(entry.campaign.settings)
    optimizer = {"lbfgs": "L-BFGS with exact gradients", "adam": "Adam from measured shots", "spsa": "SPSA from measured shots",
                 "qnspsa": "QN-SPSA from measured shots"}  # fmt: skip
    trained = optimizer.get(entry.campaign.settings.get("optimizer.name"))
    return f"of {circuit}{f', trained with {trained}' if trained else ''}" if circuit else "of an experiment"


def _of_campaign(entry) -> str:
    campaign = entry.campaign
    text = f"{entry.label}: {words.counted(entry.used, 'restart')} {_method(entry)}{_subject(entry)}."
    found = campaign.success()
    if found:
        last = found[-1]
        text += (f" {last.count} of {last.restarts} came within ε = {words.epsilon(last.epsilon)} of the "
                 f"{'least loss' if campaign.reference[0] == 'enumerated' else 'target'}: a success probability of "
                 f"{words.number(last.probability)}, 95 % interval {words.interval(last.low, last.high)}")  # fmt: skip
        first = found[0]
        text += f"; within {words.epsilon(first.epsilon)}, {first.count}." if first is not last else "."
    seconds = estimates.mean(campaign, "seconds")
    text += f" A restart took {words.quantity(seconds, 's')} on average." if seconds is not None else ""
    limited = estimates.limited(campaign)
    text += f" {words.percent(limited / entry.used)} ended at the iteration limit." if limited else ""
    return text


def _of_sweep(group) -> str:
    keys = results.shown_keys(group)
    counts = sorted({e.used for e in group.entries})
    each = words.counted(counts[0], "restart") if len(counts) == 1 else f"{counts[0]} to {words.counted(counts[-1], 'restart')}"
    swept = words.listed(f"{words.key(k)} ({words.some([words.value(v) for v in group.sweep.values(k)], 6)})" for k in keys)
    first = group.entries[0]
    subject = " ".join(p for p in (words.network(first.campaign.settings), "on", words.problem(first.campaign.settings)) if p)
    about_data = f", {subject}" if words.network(first.campaign.settings) and results.SEED not in keys else ""
    text = f"{group.name}: {words.counted(len(group.entries), 'point')} with {each} each{about_data}. Swept: {swept}."
    epsilons = results.ladder(group.entries)
    rows = results.averaged(group) if results.data_sets(group) > 1 else {
        tuple(e.values[k] for k in keys): [e] for e in group.entries}  # fmt: skip
    if epsilons and len(rows) > 1:
        text += _extremes(rows, [k for k in keys if results.data_sets(group) == 1 or k != results.SEED], epsilons[-1])
    limited = [(estimates.limited(e.campaign) or 0) / e.used for e in group.entries]
    if max(limited) > 0.02:
        text += f" Up to {words.percent(max(limited))} of the restarts of a point ended at the iteration limit."
    return text


def _extremes(rows, keys, epsilon) -> str:
    found = {values: results.mean_success(of, epsilon) for values, of in rows.items()}
    most, least = max(found, key=lambda v: found[v][0]), min(found, key=lambda v: found[v][0])
    sets = max(len(of) for of in rows.values())
    mean = f", mean over {sets} data sets" if sets > 1 else ""
    if found[most][0] == found[least][0]:
        return f" All succeed equally often at ε = {words.epsilon(epsilon)}{mean}: {words.number(found[most][0])}."

    def told(values):
        place = ", ".join(results.named(k, v) for k, v in zip(keys, values))
        return f"{words.number(found[values][0])} {words.interval(*found[values][1:])} ({place})"

    overlap = found[most][1] <= found[least][2]
    return (f" The success probability at ε = {words.epsilon(epsilon)}{mean} is highest at {told(most)} and lowest at "
            f"{told(least)}; their 95 % intervals {'overlap' if overlap else 'do not overlap'}. The highest and the lowest "
            f"of {len(found)} are picked after the fact and exaggerate the difference.")  # fmt: skip


# ---- the numbers shown large ----


def _facts(groups) -> list:
    entries = [e for g in groups for e in g.entries]
    used = sum(e.used for e in entries)
    asked = [e.asked for e in entries]
    known = None not in asked and not any(e.has_rule for e in entries)
    facts = [("restarts", words.whole(used), f"of {words.whole(sum(asked))} asked for" if known else "finished, and used")]
    if len(entries) == 1:
        (entry,) = entries
        for s in entry.campaign.success()[-1:]:
            facts.append((f"success at ε = {words.epsilon(s.epsilon)}", words.number(s.probability), f"95 %: {words.interval(s.low, s.high)}"))
        seconds, _, joules = estimates.restart_costs(entry.campaign)
        if seconds is not None:
            facts.append(("a restart takes", words.quantity(seconds, "s"), "wall clock, mean"))
        if joules is not None:
            method = next(e.method for e in estimates.energy(entry.campaign) if e.phase == "restarts")
            facts.append(("a restart needs", words.quantity(joules, "J"), method.split(":", 1)[0]))
        return facts
    swept = sum(len(g.entries) for g in groups if g.sweep)
    facts.append(("points of sweeps", words.whole(swept), "with results") if swept == len(entries)
                 else ("campaigns", words.whole(len(entries)), f"{swept} of them points of sweeps" if swept else "in this report"))  # fmt: skip
    epsilons = results.ladder(entries)
    if epsilons:
        shares = [e.campaign.success(epsilons[-1]).probability for e in entries]
        facts.append((f"success at ε = {words.epsilon(epsilons[-1])}", f"{words.number(min(shares))} to {words.number(max(shares))}",
                      "least and most of all"))  # fmt: skip
    seconds = [s for s in (estimates.mean(e.campaign, "seconds") for e in entries) if s is not None]
    if seconds:
        facts.append(("a restart takes", f"{words.quantity(min(seconds), 's')} to {words.quantity(max(seconds), 's')}", "wall clock, means"))
    return facts
