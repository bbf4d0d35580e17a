"""Tables and figures of what the restarts of a Group came to."""

from __future__ import annotations

import math

import qhn_results
from qhn_plot import InputError, data, intervals
from qhn_plot.figures import convergence, depth, generalization, success
from qhn_report import estimates, words
from qhn_report.blocks import Cell, Picture, Section, Table

MOST_ROWS = 40  # of a table that is shown open
MOST_CURVES = 6  # against epsilon, in one figure
SEED = "problem.seed"
PLURAL = {"stalled_line_search": "stalled in a line search", "iteration_limit": "at the iteration limit"}


def section(group, key) -> Section:
    """`group`: read.Group with entries; `key`: begins the addresses of the section."""
    made = Section(key, group.name)
    if len(group.entries) == 1 and not group.sweep:
        made.blocks.append(_one_campaign(group, key))
    else:
        made.blocks += _success_tables(group, key)
        made.blocks.append(_course_table(group, key))
        scores = _scores_table(group, key)
        made.blocks += [scores] if scores else []
    made.blocks += pictures(group, key)
    return made


def ladder(entries) -> list:
    """The epsilons of all campaigns, descending."""
    return sorted({e for entry in entries for e in entry.campaign.epsilons}, reverse=True)


def shown_keys(group) -> list:
    """The swept keys that tell points apart; counts of restarts have a column of their own."""
    keys = [key for key in group.sweep.keys if key != "restarts.count"]
    return keys or list(group.sweep.keys)


def labels_of(group):
    """(heads of the columns that name a row, function Entry -> their Cells)."""
    if group.sweep is None:
        return ["campaign"], lambda entry: [Cell(entry.label)]
    keys = shown_keys(group)
    return [words.key(k) for k in keys], lambda entry: [value_cell(entry.values[k]) for k in keys]


def value_cell(value) -> Cell:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return Cell(words.value(value), float(value) if is_number else None)


def share_cell(probability, low, high) -> Cell:
    if math.isnan(probability):
        return Cell(words.ENDASH, -1.0)
    return Cell(words.number(probability), probability, words.interval(low, high), (probability, low, high))


def number_cell(value, digits=3) -> Cell:
    return Cell(words.number(value, digits), -math.inf if value is None or math.isnan(value) else float(value))


def restarts_cell(entry) -> Cell:
    text = words.whole(entry.used)
    if entry.asked is not None and not entry.has_rule and entry.asked != entry.used:
        text += f" of {words.whole(entry.asked)}"
    return Cell(text, entry.used)


def stats_commands(group, *more) -> list:
    return [words.command("qhn", "stats", *group.paths, *more)]


def records_commands(group) -> list:
    """One record a line, from which medians are taken."""
    if group.sweep:
        place = words.command(group.paths[0])
        return [f'for point in {place}/*/; do qhn export "$point" --csv; done']
    return [words.command("qhn", "export", path, "--csv") for path in group.paths]


# ---- one campaign: a row a quantity ----


def _one_campaign(group, key) -> Table:
    (entry,) = group.entries
    campaign = entry.campaign
    rows = [("restarts used", restarts_cell(entry).text)]
    if len(campaign) != entry.used:
        rows.append(("restarts finished, in any order", words.whole(len(campaign))))
    kind, reference = campaign.reference
    rows.append((f"{'least loss of all networks, E_min' if kind == 'enumerated' else 'target, from which gaps count'}",
                 words.number(reference, 10)))
    table = [[Cell(name), Cell(text)] for name, text in rows]
    for s in campaign.success():
        shares = share_cell(s.probability, s.low, s.high)
        note = f"{s.count} of {s.restarts}; 95 % interval {shares.note}"
        table.append([Cell(f"success probability at ε = {words.epsilon(s.epsilon)}"),
                      Cell(shares.text, shares.order, note, shares.bar)])
    table += [[Cell(name), Cell(text)] for name, text in _course_rows(campaign) + _score_rows(campaign)]
    caption = "A restart succeeds at ε if its gap, E(θ) − E_min, is below ε. Intervals: 95 %, Clopper–Pearson."
    return Table(f"{key}-results", "All restarts", caption, ["quantity", "value"], table,
                 stats_commands(group) + records_commands(group), sortable=False)


def _course_rows(campaign) -> list:
    ended = estimates.ended(campaign)
    rows = [("restarts that ended", ", ".join(f"{n} {PLURAL.get(s, s)}" for s, n in ended.items()))] if ended else []
    limited = estimates.limited(campaign)
    if limited is not None:
        rows.append(("share at the iteration limit", words.percent(limited / campaign.prefix)))
    for name in ("iterations", "evaluations"):
        middle = estimates.median(campaign, name)
        if middle is not None:
            rows.append((f"{name} of a restart, median", words.number(middle, 4)))
    seconds = estimates.mean(campaign, "seconds")
    if seconds is not None:
        rows.append(("time of a restart, mean", words.quantity(seconds, "s")))
    return rows


# Field, name of the column, of which restart.
SCORES = [
    ("test_expectation", "E on test data (loss), median restart", "median"),
    ("test_expectation", "E on test data (loss), best restart", "best"),
    ("best_accuracy", "training accuracy, best restart", "best"),
    ("best_test_accuracy", "test accuracy, best restart", "best"),
]


def score(campaign, field, of):
    """The median over restarts of a field, or its value at the restart with the least E; None without the field."""
    if of == "median":
        return estimates.median(campaign, field)
    values, best = estimates.column(campaign, field), estimates.best_restart(campaign)
    return None if values is None or best is None else float(values[best])


def _score_rows(campaign) -> list:
    found = [(name, score(campaign, field, of)) for field, name, of in SCORES]
    return [(name, words.number(value, 4)) for name, value in found if value is not None]


# ---- many campaigns: a row each ----


def data_sets(group) -> int:
    """Data sets that points differ in; 1 for campaigns that stand alone."""
    if group.sweep is None or SEED not in group.sweep.keys:
        return 1
    return len({entry.values[SEED] for entry in group.entries})


def averaged(group) -> dict:
    """{values without the data set: [Entry]}, in the order of the sweep."""
    keys, found = [k for k in shown_keys(group) if k != SEED], {}
    for entry in group.entries:
        found.setdefault(tuple(entry.values[k] for k in keys), []).append(entry)
    return found


def mean_success(entries, epsilon):
    """(mean over data sets, low, high) of the success probability."""
    campaigns = [e.campaign for e in entries]
    return intervals.mean_share([c.succeeded(epsilon) for c in campaigns], qhn_results.own_starts(campaigns))


def success_heads(epsilons) -> list:
    return [f"P(gap < {words.epsilon(e)})" for e in epsilons]


def _success_tables(group, key) -> list:
    epsilons, tables = ladder(group.entries), []
    sets = data_sets(group)
    folded = len(group.entries) > MOST_ROWS
    if sets > 1:
        names = [words.key(k) for k in shown_keys(group) if k != SEED]
        rows = [
            [*map(value_cell, values), Cell(str(len(of)), len(of)), Cell(words.whole(sum(e.used for e in of)), sum(e.used for e in of)),
             *(share_cell(*mean_success(of, e)) for e in epsilons)]
            for values, of in averaged(group).items()
        ]  # fmt: skip
        own = all(qhn_results.own_starts([e.campaign for e in of]) for of in averaged(group).values())
        caption = ("Success probability, mean over data sets (problem.seed), with 95 % intervals by a bootstrap over data "
                   f"sets{'' if own else ' and over restarts, the same for all'}.")  # fmt: skip
        tables.append(Table(f"{key}-means", "Success, mean over data sets", caption,
                            [*names, "data sets", "restarts", *success_heads(epsilons)], rows,
                            _depth_commands(group, epsilons) or stats_commands(group), labels=max(len(names), 1),
                            folded=len(rows) > MOST_ROWS))
        folded = True
    heads, label = labels_of(group)
    rows = [
        [*label(e), restarts_cell(e), *(share_cell(s.probability, s.low, s.high) for s in e.campaign.success(epsilons))]
        for e in group.entries
    ]
    caption = "Success probability: the share of restarts whose gap, E(θ) − E_min, is below ε, with 95 % Clopper–Pearson intervals."
    tables.append(Table(f"{key}-success", "Success of each point" if group.sweep else "Success", caption,
                        [*heads, "restarts", *success_heads(epsilons)], rows, stats_commands(group),
                        labels=len(heads), folded=folded))
    return tables


def _depth_commands(group, epsilons) -> list:
    found = axes_of(group, ("layers", "sublayers"))
    if found is None:
        return []
    return [plot_command("depth", group, found, "--epsilon", *(f"{e:g}" for e in epsilons), "--data", "depth.csv")]


def _course_table(group, key) -> Table:
    heads, label = labels_of(group)
    rows = []
    for entry in group.entries:
        c = entry.campaign
        limited = estimates.limited(c)
        share = None if limited is None else 100 * limited / entry.used
        seconds = estimates.mean(c, "seconds")
        rows.append([
            *label(entry), number_cell(share), number_cell(estimates.median(c, "iterations"), 4),
            number_cell(estimates.median(c, "evaluations"), 4),
            Cell(words.quantity(seconds, "s"), -math.inf if seconds is None else seconds),
        ])  # fmt: skip
    caption = "How restarts ended and what they took. Medians and means are over the restarts counted above."
    return Table(f"{key}-course", "Course of the restarts", caption,
                 [*heads, "at the iteration limit (%)", "iterations, median", "evaluations, median", "time of a restart, mean"],
                 rows, stats_commands(group) + records_commands(group), labels=len(heads),
                 folded=len(rows) > MOST_ROWS or data_sets(group) > 1)  # fmt: skip


def _scores_table(group, key):
    """None if no campaign kept scores."""
    columns = [(field, name, of) for field, name, of in SCORES
               if any(field in e.campaign.records for e in group.entries)]  # fmt: skip
    if not columns:
        return None
    heads, label = labels_of(group)
    rows = [[*label(e), *(number_cell(score(e.campaign, f, of), 4) for f, _, of in columns)] for e in group.entries]
    caption = "Best restart: the one with the least E on training data; accuracies (shares) are of its best network."
    return Table(f"{key}-scores", "On test data", caption, [*heads, *(name for _, name, _ in columns)], rows,
                 records_commands(group), labels=len(heads), folded=len(rows) > MOST_ROWS)


# ---- figures ----


def chosen(group) -> list:
    """At most MOST_CURVES Entries: all, or of a sweep the best at the smallest epsilon for each family (or value of
    the first swept key)."""
    if len(group.entries) <= MOST_CURVES:
        return group.entries
    if group.sweep is None:
        return group.entries[:MOST_CURVES]
    keys = shown_keys(group)
    by = _main_key(keys)
    finest, best = min(ladder(group.entries), default=1e-5), {}
    for entry in _one_data_set(group):
        value, p = entry.values[by], entry.campaign.success(finest).probability
        if value not in best or p > best[value][0]:
            best[value] = (p, entry)
    return [entry for _, entry in best.values()][:MOST_CURVES]


def _main_key(keys) -> str:
    """circuit.family, or the first swept key that is no data set."""
    return "circuit.family" if "circuit.family" in keys else next((k for k in keys if k != SEED), keys[0])


def _one_data_set(group) -> list:
    """The Entries of the first data set."""
    if data_sets(group) == 1:
        return group.entries
    return [e for e in group.entries if e.values[SEED] == group.entries[0].values[SEED]]


def _why_chosen(group) -> str:
    if len(chosen(group)) == len(group.entries):
        return ""
    if group.sweep is None:
        return f"The first {MOST_CURVES} of {len(group.entries)} campaigns. "
    keys = shown_keys(group)
    by = words.key(_main_key(keys))
    finest = min(ladder(group.entries), default=1e-5)
    among = f" with {SEED} = {words.value(group.entries[0].values[SEED])}" if data_sets(group) > 1 else ""
    return (f"For each {by} the point{among} that succeeded most often at ε = {words.epsilon(finest)}: {len(chosen(group))} of "
            f"{len(group.entries)} points. ")


def _curve_names(group, entries) -> list:
    if group.sweep is None:
        return [e.label for e in entries]
    varied = [k for k in shown_keys(group) if len({e.values[k] for e in _one_data_set(group)}) > 1]
    return [", ".join(named(k, e.values[k]) for k in varied) or e.label for e in entries]


def named(key, value) -> str:
    return words.value(value) if key == "circuit.family" else f"{words.key(key)} {words.value(value)}"


def axes_of(group, ends):
    """(x, by, sweep restricted to one value of any further key, [(key, value)] of these) for a figure against a swept
    key whose name ends in one of `ends`; None if there is no such key."""
    if group.sweep is None:
        return None
    keys = group.sweep.keys
    x = next((k for k in keys if k.rsplit(".", 1)[-1] in ends), None)
    if x is None:
        return None
    others = [k for k in keys if k not in (x, SEED, "restarts.count") and len({p.values[k] for p in group.sweep.points}) > 1]
    by = "circuit.family" if "circuit.family" in keys else (others[0] if others else None)
    points, fixed = group.sweep.points, []
    for extra in [k for k in keys if k not in (x, by, SEED)]:
        if _doubles(points, x, by):
            value = points[0].values[extra]
            if len({p.values[extra] for p in points}) > 1:
                points = [p for p in points if p.values[extra] == value]
                fixed.append((extra, value))
    sweep = qhn_results.Sweep(group.sweep.path, group.sweep.name, keys, points, [])
    try:
        data.grouped(sweep, x, by)
    except InputError:
        return None
    return x, by, sweep, fixed


def _doubles(points, x, by) -> bool:
    places = [(p.values[x], p.values.get(by), p.values.get(SEED)) for p in points]
    return len(set(places)) < len(places)


def plot_command(name, group, found, *more) -> str:
    x, by, _, fixed = found
    line = ["qhn-plot", name, group.paths[0], "--x", x]
    line += ["--by", by] if by else []
    for key, value in fixed:
        line += ["--where", f"{key}={words.value(value)}"]
    return words.command(*line, *more, "--out", f"{name}.svg")


def _fixed_text(fixed) -> str:
    return "".join(f"Only points with {words.key(k)} = {words.value(v)}. " for k, v in fixed)


def pictures(group, key) -> list:
    """Success against epsilon and depth; convergence and generalization if the files hold what they need."""
    found = [_success_picture(group, key), _depth_picture(group, key), _convergence_picture(group, key)]
    found += _generalization_pictures(group, key)
    return [picture for picture in found if picture]


def _point_text(name, epsilon, probability, low, high) -> str:
    return f"{name}, ε = {words.epsilon(epsilon)}: {words.number(probability)} {words.interval(low, high)}"


def _success_picture(group, key) -> Picture:
    entries = chosen(group)
    campaigns, names = [e.campaign for e in entries], _curve_names(group, entries)
    finest = min(ladder(entries), default=None)
    told = "" if finest is None else "; ".join(
        f"{n}: {words.number(c.success(finest).probability)}" for n, c in zip(names, campaigns))
    alt = "Success probability against the gap ε that counts as success, a line a campaign."
    alt += f" At ε = {words.epsilon(finest)}: {told}." if told else ""
    line = ["qhn-plot", "success", *(e.path for e in entries)]
    line += ["--labels", ",".join(n.replace(", ", " ").replace(",", " ") for n in names)] if group.sweep else []
    return Picture(
        f"{key}-epsilon", "Success against ε", alt, _why_chosen(group),
        [words.command(*line, "--width", "7.0", "--out", "success.svg")],
        lambda width: success.make_figure(campaigns, names, width=width),
        lambda table: [_point_text(*(r[k] for k in ("campaign", "epsilon", "probability", "low", "high")))
                       for r in table.rows() if r["drawn"] == "marker"],
    )  # fmt: skip


def _depth_picture(group, key):
    found = axes_of(group, ("layers", "sublayers"))
    if found is None:
        return None
    x, by, sweep, fixed = found
    epsilons = ladder(group.entries)
    name = words.key(x)
    alt = f"Success probability against {name}, a panel for each of ε = {', '.join(map(words.epsilon, epsilons))}"
    alt += f", a line for each {words.key(by)}." if by else "."

    def marks(table):
        return [_point_text(f"{r['by']} {name} {r['x']:g}".strip(), *(r[k] for k in ("epsilon", "probability", "low", "high")))
                for r in table.rows()]  # fmt: skip

    return Picture(
        f"{key}-depth", f"Success against {name}", alt, _fixed_text(fixed),
        [plot_command("depth", group, found, "--epsilon", *(f"{e:g}" for e in epsilons))],
        lambda width: depth.make_figure({"": sweep}, x=x, by=by, epsilons=epsilons, width=width), marks,
    )  # fmt: skip


def _convergence_picture(group, key):
    entries = [e for e in chosen(group) if e.campaign.has_history]
    if not entries:
        return None
    campaigns, names = [e.campaign for e in entries], _curve_names(group, entries)
    line = ["qhn-plot", "convergence", *(e.path for e in entries), "--gradient", "--width", "7.0", "--out", "convergence.svg"]
    return Picture(
        f"{key}-convergence", "Convergence",
        "Gap and norm of the gradient against the iteration, medians with bands from 10 to 90 % of the restarts.",
        _why_chosen(group), [words.command(*line)],
        lambda width: convergence.make_figure(campaigns, names, gradient=True, width=width),
    )  # fmt: skip


def _generalization_pictures(group, key) -> list:
    found = axes_of(group, ("train_samples",))
    if found is None:
        return []
    x, by, sweep, fixed = found
    made = []
    for accuracy, field, title in ((False, "test_expectation", "Generalization"),
                                   (True, "best_test_accuracy", "Accuracy on test data")):  # fmt: skip
        if not all(field in p.campaign.records for p in sweep.points):
            continue
        what = "Accuracy" if accuracy else "E"
        made.append(Picture(
            f"{key}-{'accuracy' if accuracy else 'generalization'}", title,
            f"{what} on training and on test data against the number of training samples.", _fixed_text(fixed),
            [plot_command("generalization", group, found, *(["--accuracy"] if accuracy else []), "--width", "7.0")],
            lambda width, accuracy=accuracy: generalization.make_figure(sweep, x=x, by=by, accuracy=accuracy, width=width),
            lambda table, what=what: [f"{r['of']}, {r['data']} data, {r['x']:g} samples: {what} {words.number(r['value'], 4)}"
                                      for r in table.rows()],
        ))  # fmt: skip
    return made


