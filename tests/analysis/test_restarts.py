"""Tests of restarts.py. QHN names the program, QHN_MPIRUN what starts it on so many ranks."""

import os
import subprocess
import sys

from test_results import ROOT, Folder


class Restarts(Folder):
    def compare(self, *arguments):
        command = [sys.executable, ROOT / "analysis/restarts.py", *arguments]
        return subprocess.run(list(map(str, command)), capture_output=True, text=True)

    def made(self, name, gaps, seed=7):
        return self.campaign(gaps, name=name, seed=[seed] * len(gaps), engine="sweep")

    def test_fishers_tea(self):
        # Four cups of each kind, three of them told: p = 34/70 (R. A. Fisher, The Design of
        # Experiments, 1935; two-sided).
        run = self.compare(self.made("a", [0, 0, 0, 1]), self.made("b", [1, 1, 0, 1]), "--epsilon=0.5")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("gap below 0.5: 3 and 1, Fisher p = 0.4857", run.stdout)
        self.assertIn("only in the first  2: 0, 1\n", run.stdout)
        self.assertIn("only in the second 0\n", run.stdout)

    def test_all_against_none(self):
        # p = 2/C(20, 10)
        run = self.compare(self.made("a", [0] * 10), self.made("b", [1] * 10))
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn(f"p = {2 / 184756:.4g}\n", run.stdout)
        self.assertIn("not compatible", run.stdout)

    def test_other_seeds_are_refused(self):
        run = self.compare(self.made("a", [0] * 4), self.made("b", [0] * 4, seed=8))
        self.assertIn("other seeds", run.stderr)
        self.assertEqual(run.returncode, 1)

    def test_one_and_two_ranks_per_state_are_compatible(self):
        experiment = self.folder / "mini.toml"
        experiment.write_text(
            '[problem]\nkind = "gaussian"\ntrain_samples = 100\ntest_samples = 10\n'
            "[network]\nhidden = 1\n[circuit]\nsublayers = 4\n[restarts]\ncount = 300\n"
        )
        for ranks in (1, 2):
            command = os.environ["QHN_MPIRUN"].split() + [str(ranks), os.environ["QHN"], "train"]
            command += [experiment, "--out", self.folder / str(ranks), f"--ranks-per-state={ranks}"]
            subprocess.run(list(map(str, command)), check=True, capture_output=True)
        run = self.compare(self.folder / "1", self.folder / "2")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("1: cut\n", run.stdout)
        self.assertIn("2: sweep on 2 ranks\n", run.stdout)
        self.assertIn("300 restarts;", run.stdout)
        # Neither all nor none, or nothing is compared.
        counts = run.stdout.split("gap below 1e-05: ")[1].split(",")[0].split(" and ")
        for count in counts:
            self.assertTrue(50 < int(count) < 250, counts)
