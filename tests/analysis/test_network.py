"""The outputs of decoded networks against the losses that qhn prints. QHN in the environment names the program."""

import contextlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "analysis"))

from qhn_plot import __main__ as program  # noqa: E402
from qhn_plot.network import Network  # noqa: E402
from qhn_results.toml_text import read_settings  # noqa: E402

NETWORKS = [
    'kind = "logistic"\npair = [-3, 1]',
    'kind = "logistic"\npair = "choice"',
    *(f'hidden = 2\nactivation = "{name}"' for name in ("relu", "sigmoid", "tanh", "sign", "clamped-relu")),
    'hidden = 2\nactivation = ["relu", "sigmoid"]\nwidth_choice = true\npair_b1 = [0, 2.5]',
    'hidden = 2\nactivation = ["tanh", "sign"]\npair = "choice"',
]


@unittest.skipUnless("QHN" in os.environ, "QHN names no program")
class RealNetworks(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def qhn(self, *command):
        done = subprocess.run([os.environ["QHN"], *map(str, command)], cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_losses_are_those_of_qhn_decode(self):
        rng = np.random.default_rng(5)
        x, y = rng.normal(size=(60, 2)), rng.integers(2, size=60)
        rows = [f"{a!r},{b!r},{label}" for (a, b), label in zip(x.tolist(), y)]
        (self.folder / "data.csv").write_text("\n".join(["a,b,label", *rows]) + "\n")
        for network in NETWORKS:
            text = f'[problem]\nkind = "csv"\ndata = "data.csv"\ntest_data = "data.csv"\n[network]\n{network}\n'
            (self.folder / "e.toml").write_text(text)
            settings = read_settings(self.qhn("validate", "e.toml"))
            for index in (1, 6, 5):
                said = json.loads(self.qhn("decode", "e.toml", index, "--json", "--threads", 1))
                decoded = Network.read(said["network"], settings)
                p = decoded.probability(x)
                if decoded.activation:
                    loss = np.mean((p - y) ** 2)
                else:
                    loss = -np.mean(np.log(np.where(y == 1, p, 1 - p)))
                self.assertEqual(said["train_samples"], 60)
                self.assertAlmostEqual(loss, said["train_loss"], places=10, msg=network)

    def test_figures_that_run_the_program(self):
        experiment = ROOT / "jobs/experiments/gaussian-h2.toml"
        for name, *more in (
            ("locality",),
            ("landscape", "--bins", 5, "--set", "network.hidden=1"),
            ("networks", "--count", 2, "--distinct"),
        ):
            out, data = self.folder / f"{name}.svg", self.folder / f"{name}.csv"
            command = [name, experiment, "--qhn", os.environ["QHN"], *more, "--out", out, "--data", data]
            with contextlib.redirect_stdout(io.StringIO()):
                self.assertEqual(program.main(list(map(str, command))), 0)
            self.assertTrue(out.read_bytes().startswith(b"<?xml"))
            self.assertGreater(len(data.read_text().splitlines()), 5)
        error = io.StringIO()
        with contextlib.redirect_stderr(error):
            code = program.main(["locality", str(self.folder / "no.toml"), "--qhn", os.environ["QHN"]])
        self.assertEqual(code, 1)
        self.assertRegex(error.getvalue(), r"\Aerror: .*cannot read the experiment[^\n]*\n\Z")
        error = io.StringIO()
        table = ROOT / "jobs/experiments/table.toml"
        with contextlib.redirect_stderr(error):
            code = program.main(["networks", str(table), "--qhn", os.environ["QHN"]])
        self.assertEqual(code, 1)
        self.assertRegex(error.getvalue(), r"\Aerror: [^\n]*\n\Z")


if __name__ == "__main__":
    unittest.main()
