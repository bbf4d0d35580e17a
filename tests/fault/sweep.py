"""Kills a sweep of 60 points again and again, and compares each point with a campaign of its own.

A first run is left alone and tells how busy the ranks were: the seconds of all restarts divided by
ranks × seconds. A second one is killed and continued until all is done: SIGKILL to mpirun and its
ranks, or USR1, after which campaign.h5 files of unfinished points are there. Result fields must be equal to the bit, as `qhn export` prints them.
"""
import argparse
import csv
import io
import itertools
import os
import pathlib
import random
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time

EXPERIMENT = """
[problem]
kind = "gaussian"
[network]
hidden = 2
[circuit]
family = "linear"
[restarts]
seed = 7
"""
VALUES = {
    "problem.seed": range(1, 6),
    "circuit.family": ["product", "linear", "all-to-all"],
    "circuit.sublayers": [1, 2, 3, 4],
}
COSTS = ("seconds", "cpu_seconds", "joules", "host")


def sweep_table():
    lines = ["[sweep]"]
    for key, values in VALUES.items():
        lines.append(f"{key} = [{', '.join(f'{chr(34)}{v}{chr(34)}' if isinstance(v, str) else str(v) for v in values)}]")
    return "\n".join(lines) + "\n"


class Sweep:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        (folder / "plain.toml").write_text(EXPERIMENT)
        (folder / "sweep.toml").write_text(EXPERIMENT + sweep_table())
        self.train = ["train", "--restarts", str(options.restarts)]
        self.ranks = [*shlex.split(options.mpirun), str(options.ranks)]

    def run(self, *words, launcher=(), **more):
        return subprocess.run([*launcher, self.options.qhn, *words], cwd=self.folder, capture_output=True,
                              text=True, **more)

    def check(self, done):
        if done.returncode != 0:
            sys.exit(f"{done.args}: exit code {done.returncode}\n{done.stderr}")
        return done

    def records(self, folder):
        text = self.check(self.run("export", str(folder), "--csv")).stdout
        rows = list(csv.DictReader(io.StringIO(text)))
        return [{key: value for key, value in row.items() if key not in COSTS} for row in rows], rows

    def points(self):
        for values in itertools.product(*VALUES.values()):
            name = ",".join(f"{key.split('.')[1]}={value}" for key, value in zip(VALUES, values))
            yield name, [word for key, value in zip(VALUES, values) for word in ("--set", f"{key}={value}")]

    def busy(self):
        done = self.check(self.run(*self.train, "sweep.toml", "--out", "whole", launcher=self.ranks))
        seconds = re.search(r"restarts in ([0-9.]+) s", done.stderr)
        if not seconds:
            sys.exit(f"no seconds in: {done.stderr}")
        self.seconds = float(seconds[1])
        inside = sum(float(row["seconds"]) for name, _ in self.points() for row in self.records(f"whole/{name}")[1])
        share = inside / (self.options.ranks * float(seconds[1]))
        print(f"{self.options.ranks} ranks, {seconds[1]} s: busy {100 * share:.1f} %")

    def killed(self):
        rng = random.Random(self.options.seed)
        kills = 0
        start_up, each = 0.7, self.seconds / self.options.kills  # half of the work is done before the last kill
        while True:
            process = subprocess.Popen([*self.ranks, self.options.qhn, *self.train, "sweep.toml", "--out", "killed"],
                                       cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                       start_new_session=True)
            try:
                until = start_up + rng.uniform(0.0, each) if kills < self.options.kills else None
                _, words = process.communicate(timeout=until)
            except subprocess.TimeoutExpired:
                if kills % 2 == 0:
                    os.killpg(process.pid, signal.SIGKILL)
                else:
                    os.kill(process.pid, signal.SIGUSR1)
                process.communicate()
                kills += 1
                time.sleep(0.2)
                continue
            if process.returncode != 0:
                sys.exit(f"exit code {process.returncode}: {words}")
            break
        print(f"{kills} kills")
        if kills < self.options.kills:
            sys.exit(f"the sweep ended before {self.options.kills} kills: more --restarts")

    def compare(self):
        for name, options in self.points():
            self.check(self.run(*self.train, "plain.toml", *options, "--out", f"alone/{name}"))
            alone, _ = self.records(f"alone/{name}")
            if len(alone) != self.options.restarts:
                sys.exit(f"{name}: {len(alone)} restarts")
            for sweep in ("whole", "killed"):
                if self.records(f"{sweep}/{name}")[0] != alone:
                    sys.exit(f"{sweep}/{name} differs from the campaign alone")
        print(f"{len(list(self.points()))} points equal campaigns of their own")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--qhn", required=True)
    parser.add_argument("--mpirun", required=True, help="with its option for the number of ranks")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--restarts", type=int, default=200)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    options.qhn = str(pathlib.Path(options.qhn).resolve())
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory(prefix="qhn-sweep-") as folder:
        sweep = Sweep(options, pathlib.Path(folder))
        sweep.busy()
        sweep.killed()
        sweep.compare()


if __name__ == "__main__":
    main()
