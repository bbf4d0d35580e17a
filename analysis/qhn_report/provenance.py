"""Where the results come from: program, machine, run, data, and the experiment files."""

from __future__ import annotations

from qhn_report import words
from qhn_report.blocks import Cell, Code, Section, Table

# Name, attribute or function of the campaign.
LINES = [
    ("qhn", "provenance/version"), ("commit", "provenance/git_commit"), ("uncommitted changes", "provenance/git_dirty"),
    ("compiler", "provenance/compiler"), ("compiler flags", "provenance/compiler_flags"), ("libraries", "provenance/libraries"),
    ("MPI", "provenance/mpi"), ("processor", "provenance/cpu"), ("nodes", "provenance/hosts"), ("ranks", "provenance/ranks"),
    ("threads a rank", "provenance/threads"), ("binding", "provenance/binding"), ("engine", "provenance/engine"),
    ("SIMD level", "provenance/simd"), ("precision", "provenance/precision"), ("seed of the restarts", "provenance/seed"),
    ("SHA-256 of the data", "provenance/data_sha256"), ("started (UTC)", "provenance/started"),
    ("finished (UTC)", "provenance/finished"),
]  # fmt: skip
MOST_FILES = 12  # experiment files shown
NOTHING = "not in the file"


def section(groups) -> Section:
    entries = [e for g in groups for e in g.entries]
    made = Section("provenance", "Provenance")
    lines = LINES + [(f"Slurm: {name.rsplit('/', 1)[-1]}", name) for name in _slurm(entries)]
    rows = [[Cell(title), Cell(*_values(entries, attribute))] for title, attribute in lines]
    made.blocks.append(Table(
        "provenance-table", "Program, machine and run",
        "As the result files say." + (" Where campaigns differ, every value is named." if len(entries) > 1 else ""),
        ["what", "value"], rows,
        [words.command("python3", "-c", "import sys, qhn_results; print(qhn_results.load(sys.argv[1]).attributes)", entries[0].path)], sortable=False,
    ))  # fmt: skip
    made.blocks += experiment_files(groups)
    return made


def _slurm(entries) -> list:
    names = {n for e in entries for n in e.campaign.attributes if n.startswith("provenance/slurm/")}
    return sorted(n for n in names if not n.endswith("/description"))


def _text(value) -> str:
    if value is None:
        return NOTHING
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return words.some([_text(v) for v in value], 8)
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _values(entries, attribute):
    """(text,) of a value that all share; else the different ones; of dates: the first and the last."""
    found = list(dict.fromkeys(_text(e.campaign.attributes.get(attribute)) for e in entries))
    if len(found) > 1 and attribute in ("provenance/started", "provenance/finished"):
        dates = sorted(f for f in found if f != NOTHING)
        return (f"{dates[0]} to {dates[-1]}" if len(dates) > 1 else dates[0],)
    return (words.some(found, 6) if len(found) > 1 else found[0],)


def experiment_files(groups) -> list:
    """A Code for each campaign; of a sweep that of its first point."""
    shown = []
    for group in groups:
        for entry in group.entries[:1] if group.sweep else group.entries:
            name = f"{entry.title}, first point ({entry.label})" if group.sweep else entry.name
            shown.append((f"Experiment {name}", str(entry.campaign.attributes.get("experiment", NOTHING))))
    return [Code(f"experiment-{k}", title, text) for k, (title, text) in enumerate(shown[:MOST_FILES])]
