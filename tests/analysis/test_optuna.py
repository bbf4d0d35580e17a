"""Tests of optuna_baseline.py, without Optuna where there is none. QHN names the program."""

import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "analysis/optuna_baseline.py"
TINY = """[problem]
kind = "gaussian"
train_samples = 40
test_samples = 10
[network]
hidden = 1
"""  # 5 bits for weights and biases, one for the activation


class Optuna(unittest.TestCase):
    def test_bills_every_trial_of_the_loss_of_the_table(self):
        with tempfile.TemporaryDirectory() as folder:
            experiment, out = pathlib.Path(folder, "tiny.toml"), pathlib.Path(folder, "out.json")
            experiment.write_text(TINY)
            run = subprocess.run(
                [sys.executable, SCRIPT, experiment, "--sampler", "random", "--budget", "400", "--restarts", "2",
                 "--qhn", os.environ["QHN"], "--out", out], capture_output=True, text=True)  # fmt: skip
            if importlib.util.find_spec("optuna") is None:
                self.assertNotEqual(run.returncode, 0)
                self.assertIn("apt-get install python3-optuna", run.stderr)
                self.assertEqual(run.stderr.count("\n"), 1)
                return
            self.assertEqual(run.returncode, 0, run.stderr)
            result = json.loads(out.read_text())
            for one in result["restarts"]:
                self.assertEqual((one["evaluations"], one["samples"]), (400, 16000))
                # 400 of 64 networks: a given one is missed with probability 0.002.
                self.assertGreaterEqual(one["unique"], 60)
                self.assertLessEqual(one["unique"], 64)
                self.assertGreaterEqual(one["loss"], result["minimum"])


if __name__ == "__main__":
    unittest.main()
