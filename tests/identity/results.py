#!/usr/bin/env python3
"""Do two builds of qhn give the same results, bit for bit?

  tests/identity/results.py run PROGRAM DIR    run every case with PROGRAM, keep what it wrote in DIR
  tests/identity/results.py compare OLD NEW    name what differs or is gone; exit code 1 where anything is

Cases cover every engine, circuit family, problem kind, optimizer and baseline, float32, one to four
ranks a state, and a campaign in three parts. Compared is all but time, joules, hosts and build.
Needs h5py and numpy, and mpirun for the cases with ranks. Two minutes on two cores.
"""

import argparse
import itertools
import json
import os
import pathlib
import subprocess
import sys

import h5py
import numpy as np

GAUSSIAN = """[problem]
kind = "gaussian"
seed = 3
train_samples = 200
test_samples = 50
[network]
hidden = {hidden}
activation = {activation}
"""
SMALL = GAUSSIAN.format(hidden=2, activation='["relu", "sigmoid"]')
SYNTHETIC = '[problem]\nkind = "synthetic"\nqubits = {}\nseed = 4\n'
CSV = '[problem]\nkind = "csv"\ndata = "data.csv"\n[network]\nhidden = 2\nactivation = "tanh"\n'
TABLE = '[problem]\nkind = "table"\ntable = "{}"\n'
IMAGES = """[problem]
kind = "images"
data = "{data}"
digits = [3, 7]
side = 2
{more}
[network]
hidden = 1
activation = "{activation}"
"""
CUSTOM = """[circuit]
family = "custom"
gates = [
  {gate = "Ry", qubits = [0], angle = "a"}, {gate = "Ry", qubits = [1], angle = "b"},
  {gate = "Rx", qubits = [2], angle = "c"}, {gate = "CX", qubits = [0, 2]},
  {gate = "Rzz", qubits = [1, 3], angle = "a"}, {gate = "CZ", qubits = [3, 4]},
  {gate = "Rz", qubits = [4], value = 0.7}, {gate = "Ry", qubits = [4], angle = "d"},
  {gate = "CX", qubits = [4, 0]}, {gate = "Rx", qubits = [3], angle = "e"},
]
"""


def circuit(family="linear", sublayers=4):
    return f'[circuit]\nfamily = "{family}"\nsublayers = {sublayers}\n'


def restarts(count=12, more=""):
    return f"[restarts]\ncount = {count}\nseed = 9\nkeep_angles = true\n{more}"


def optimizer(text):
    return f"[optimizer]\n{text}\n"


SHOTS = "shots = 64\nselection_shots = 128\nmax_iterations = 25"
TIES = [round(abs(((i * 37) % 64) - 20) / 4) * 0.5 for i in range(64)]


def cases(data):
    """(name, experiment, verb and options, ranks)"""
    for family, engine in itertools.product(
        ("product", "linear", "all-to-all"), ("reference", "sweep", "cut", "automatic")
    ):
        yield (f"{family}-{engine}", SMALL + circuit(family) + restarts(), f"train --engine {engine}", 1)
    for engine in ("reference", "sweep"):
        text = TABLE.format("t5.txt") + CUSTOM + restarts()
        yield f"custom-{engine}", text, f"train --engine {engine}", 1
    for precision in ("float32", "float64"):
        text = SYNTHETIC.format(12) + circuit(sublayers=6) + restarts(8)
        yield f"synthetic-{precision}", text, f"train --precision {precision}", 1
        yield f"sweep-{precision}", text, f"train --engine sweep --precision {precision}", 1
    for ranks in (2, 4):
        text = SYNTHETIC.format(11) + circuit(sublayers=5) + restarts(4)
        for engine in ("sweep", "cut") if ranks == 2 else ("sweep",):
            options = f"train --engine {engine} --ranks-per-state {ranks}"
            yield f"state-on-{ranks}-{engine}", text, options, ranks
        yield f"farm-on-{ranks}", SMALL + circuit() + restarts(20), "train", ranks
    blocks = SYNTHETIC.format(17) + circuit(sublayers=3) + restarts(2)
    blocks += optimizer('name = "lbfgs"\nmax_iterations = 6')
    yield "blocks", blocks, "train --engine sweep", 1
    yield "blocks-threads", blocks, "train --engine sweep --threads 2", 1
    yield "blocks-on-2", blocks, "train --engine sweep --ranks-per-state 2", 2
    yield "threads", SMALL + circuit() + restarts(20), "train --threads 2", 1
    yield "in-parts", SMALL + circuit() + restarts(20), "train", 1
    for name in ("adam", "spsa"):
        text = SMALL + circuit() + optimizer(f'name = "{name}"\n{SHOTS}') + restarts(6)
        yield name, text, "train", 1
        yield f"{name}-on-2", text, "train --ranks-per-state 2", 2
    rule = "halfwidth = 0.2\nepsilon = 1e-2\nmax = 40\n"
    text = SMALL + circuit() + f"[restarts]\nseed = 9\n{rule}"
    yield "until-narrow", text, "train", 1
    for activation in ("relu", "sigmoid", "tanh", "clamped-relu", "sign"):
        text = GAUSSIAN.format(hidden=2, activation=f'"{activation}"')
        yield f"network-{activation}", text + circuit() + restarts(6), "train", 1
    text = GAUSSIAN.format(hidden=3, activation='"relu"') + "width_choice = true\n"
    yield "width-choice", text + circuit() + restarts(6), "train", 1
    text = GAUSSIAN.format(hidden=2, activation='"relu"') + 'pair = "choice"\n'
    yield "pair-choice", text + circuit() + restarts(6), "train", 1
    yield "csv", CSV + circuit() + restarts(6), "train", 1
    for table in ("t6.txt", "t6.h5"):
        yield f"ties-{table}", TABLE.format(table) + circuit() + restarts(10), "train", 1
    if data:
        for activation, more in (("relu", ""), ("sign", "binarize = 0.5")):
            text = IMAGES.format(data=data, more=more, activation=activation)
            yield f"images-{activation}", text + circuit() + restarts(4), "train", 1
    for method in (
        "random", "descent", "annealing", "cross-entropy", "enumeration", "ste", "proxquant",
        "signsgd", "nested",
    ):  # fmt: skip
        text = SMALL + circuit() + restarts(6)
        yield f"baseline-{method}", text, f"baseline --method {method}", 1
    text = SMALL + circuit() + restarts(6)
    yield "evaluate", text, "evaluate --angles angles.txt --ignore-extra --gradient --json", 1
    yield "sample", text, "sample --angles angles.txt --ignore-extra --shots 5000", 1
    yield "table", text, "table --spectrum --json", 1


def write_inputs(folder):
    (folder / "t5.txt").write_text("".join(f"{(i * 7 % 32) / 3:.17g}\n" for i in range(32)))
    (folder / "t6.txt").write_text("".join(f"{c:.17g}\n" for c in TIES))
    with h5py.File(folder / "t6.h5", "w") as file:
        file["costs"] = np.array(TIES)
    random = np.random.default_rng(5)
    rows = random.normal(size=(60, 2))
    lines = [f"{x:.17g},{y:.17g},{int(x * y > 0)}" for x, y in rows]
    (folder / "data.csv").write_text("\n".join(lines) + "\n")
    (folder / "angles.txt").write_text(" ".join(f"{a:.17g}" for a in random.uniform(-3, 3, 400)))


def run_all(program, folder, data):
    folder.mkdir(parents=True)
    write_inputs(folder)
    env = os.environ | {
        "OMP_NUM_THREADS": "1",
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
        "OMPI_MCA_hwloc_base_binding_policy": "none",
        "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
    }
    for name, text, command, ranks in cases(data):
        (folder / f"{name}.toml").write_text(text)
        verb, *options = command.split()
        line = [program, verb, f"{name}.toml", *options]
        if verb in ("train", "baseline"):
            line += ["--out", name]
        if ranks > 1:
            line = ["mpirun", "-n", str(ranks), *line]
        if name == "in-parts":
            for part in ("0:3", "7:15"):
                subprocess.run(
                    [*line, "--ids", part], cwd=folder, env=env, capture_output=True, check=True
                )
        done = subprocess.run(line, cwd=folder, env=env, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{name}: {' '.join(line)}: exit code {done.returncode}: {done.stderr.strip()}")
        if verb not in ("train", "baseline"):
            (folder / f"{name}.out").write_text(done.stdout)
        print(name, flush=True)


# Of one run or one build.
APART = {"seconds", "cpu_seconds", "joules", "host", "networks_per_second", "description", "unit", "shape"}


def fields_of_campaign(path):
    """What a campaign.h5 says of results: path of the object → value."""
    fields = {}
    with h5py.File(path) as file:
        for name in file["restarts"]:
            if name not in APART:
                fields[f"restarts/{name}"] = file["restarts"][name][()].tobytes().hex()
        fields["epsilon"] = file["epsilon"][()].tobytes().hex()
        for group in ("table", "method"):
            if group in file:
                for name, value in file[group].attrs.items():
                    fields[f"{group}.{name}"] = repr(value)
                for name in file[group]:
                    fields[f"{group}/{name}"] = file[group][name][()].tobytes().hex()
        fields["engine"] = repr(file["provenance"].attrs["engine"])
        fields["data_sha256"] = repr(file["provenance"].attrs["data_sha256"])
    return fields


def fields_of_output(path):
    text = path.read_text()
    try:
        values = json.loads(text)
    except json.JSONDecodeError:
        return {"output": text}
    return {key: repr(value) for key, value in values.items() if key not in APART}


def fields_in(folder):
    fields = {}
    for path in sorted(folder.rglob("campaign.h5")):
        for key, value in fields_of_campaign(path).items():
            fields[f"{path.parent.relative_to(folder)}: {key}"] = value
    for path in sorted(folder.glob("*.out")):
        for key, value in fields_of_output(path).items():
            fields[f"{path.stem}: {key}"] = value
    return fields


def compare(first, second):
    a, b = fields_in(first), fields_in(second)
    gone, new = sorted(a.keys() - b.keys()), sorted(b.keys() - a.keys())
    differ = sorted(key for key in a.keys() & b.keys() if a[key] != b[key])
    for key in gone:
        print(f"not in {second}: {key}")
    for key in differ:
        print(f"differs: {key}")
    runs = len({key.split(": ")[0] for key in a})
    print(f"{runs} runs, {len(a.keys() & b.keys())} fields compared: {len(differ)} differ")
    print(f"{len(new)} fields are new in {second}, {len(gone)} are gone")
    return 1 if gone or differ or not a else 0


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run")
    run.add_argument("program", type=lambda p: str(pathlib.Path(p).resolve()))
    run.add_argument("folder", type=pathlib.Path)
    run.add_argument("--images", metavar="DIR", help="folder of MNIST, for the cases with images")
    both = verbs.add_parser("compare")
    both.add_argument("first", type=pathlib.Path)
    both.add_argument("second", type=pathlib.Path)
    options = parser.parse_args()
    if options.verb == "compare":
        return compare(options.first, options.second)
    images = str(pathlib.Path(options.images).resolve()) if options.images else None
    if options.folder.exists():
        parser.error(f"{options.folder}: is there already")
    run_all(options.program, options.folder, images)
    return 0


if __name__ == "__main__":
    sys.exit(main())
