"""Tests of sweeps, settings and histories of qhn_results. QHN in the environment names the program."""

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
sys.path[:0] = [str(ROOT / "analysis"), str(pathlib.Path(__file__).parent)]

import campaigns as make  # noqa: E402
import qhn_results  # noqa: E402
from qhn_results.toml_text import read_settings, read_value  # noqa: E402


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)


class Toml(unittest.TestCase):
    VALUES = {
        "1": 1, "-20_000": -20000, "0x1F": 31, "1e-06": 1e-6, "-3.25": -3.25, "inf": np.inf, "true": True,
        "'a # b'": "a # b", r'"x\"\u00e9\n"': 'x"é\n', "[1, 2,\n  3 ]": [1, 2, 3], "[]": [],
        '["relu", "sigmoid"]': ["relu", "sigmoid"], "{gate = 'Ry', qubits = [0]}": {"gate": "Ry", "qubits": [0]},
        '"""a\nb"""': "a\nb",
    }  # fmt: skip

    def test_values(self):
        for text, value in self.VALUES.items():
            found = read_value(text)
            self.assertEqual((found, type(found)), (value, type(value)), text)

    def test_what_is_none(self):
        for text in ("", "relu", "1 2", "[1", "'a", '"\\q"', "{a}", "1\nb = 2"):
            with self.assertRaises(ValueError, msg=text):
                read_value(text)

    def test_settings(self):
        text = 'name = "a" # x\n\n[circuit]\nfamily = "linear"\n[sweep]\ncircuit.layers = [1,\n 2]\n'
        self.assertEqual(
            read_settings(text), {"name": "a", "circuit.family": "linear", "sweep.circuit.layers": [1, 2]}
        )


class Sweeps(Folder):
    def test_points_values_and_what_has_not_begun(self):
        keys = ["circuit.family", "circuit.layers", "network.activation"]
        points = {
            "a": (["'linear'", "2", '["relu", "tanh"]'], {"gaps": [0.0, 1.0]}),
            "b": (["'product'", "2", '"relu"'], None),
            "c": (["'product'", "1", '"relu"'], {"gaps": [0.0]}),
        }
        sweep = qhn_results.load_sweep(make.sweep(self.folder / "s", keys, points))
        self.assertEqual((sweep.name, sweep.keys, len(sweep), sweep.missing), ("made", keys, 2, ["b"]))
        self.assertEqual(sweep.points[0].values, dict(zip(keys, ["linear", 2, ("relu", "tanh")])))
        self.assertEqual(sweep.values("circuit.layers"), [2, 1])
        self.assertEqual(sweep.points[0].restarts, 9)
        self.assertEqual(sweep.points[0].campaign.success(0.5).probability, 0.5)
        self.assertIs(sweep.points[1].campaign, sweep.points[1].campaign)
        self.assertTrue(qhn_results.is_sweep(self.folder / "s"))
        self.assertFalse(qhn_results.is_sweep(self.folder / "s/a"))

    def test_starts_of_each_data_set_are_no_other_points(self):
        keys = ["problem.seed", "restarts.seed"]
        for rows, left in (
            (((1, 5), (2, 6)), ["problem.seed"]), (((1, 5), (2, 5)), keys), (((1, 5), (1, 6)), keys), (((1, 5),), keys),
        ):
            points = {f"{a}-{b}": ([str(a), str(b)], {"gaps": [0.0]}) for a, b in rows}
            sweep = qhn_results.load_sweep(make.sweep(self.folder / "rows", keys, points))
            self.assertEqual(sweep.keys, left)
            self.assertEqual([list(p.values) for p in sweep.points], len(rows) * [left])
            shutil.rmtree(self.folder / "rows")

    def test_a_campaign_is_read_when_it_is_used(self):
        made = make.sweep(self.folder / "s", ["a.b"], {"p": (["1"], {"gaps": [0.0]})})
        (made / "p/campaign.h5").write_text("damaged")
        point = qhn_results.load_sweep(made).points[0]
        with self.assertRaisesRegex(ValueError, "not an HDF5 file"):
            point.campaign  # noqa: B018

    def test_what_is_no_sweep(self):
        with self.assertRaisesRegex(FileNotFoundError, "no such sweep"):
            qhn_results.load_sweep(self.folder)
        for text in ("{", "[]", '{"name": "a", "keys": ["k"], "points": [{"folder": "p", "values": [], "restarts": 1}]}',
                     '{"name": "a", "keys": ["k"], "points": [{"folder": "../p", "values": ["1"], "restarts": 1}]}'):  # fmt: skip
            (self.folder / "sweep.json").write_text(text)
            with self.assertRaisesRegex(ValueError, "does not hold the points of a sweep"):
                qhn_results.load_sweep(self.folder)


class Histories(Folder):
    def test_every_restart_has_its_own_iterates(self):
        # Rows are not in the order of ids: the iterates are in the order of the rows.
        made = make.campaign(self.folder / "c", [0.5, 0.1, 0.2], ids=[2, 0, 1], iterations=[3, 0, 2], history=True)
        campaign = qhn_results.load(made)
        self.assertTrue(campaign.has_history)
        for id, gap, iterations in ((0, 0.1, 0), (1, 0.2, 2), (2, 0.5, 3)):
            history = campaign.history(id)
            steps = np.arange(iterations, -1, -1)
            np.testing.assert_allclose(history.expectation, 0.25 + gap + steps)
            np.testing.assert_allclose(history.gradient_norm, 0.5 + steps)
            self.assertEqual(history.evaluations.tolist(), (2 * np.arange(iterations + 1)).tolist())
            self.assertEqual(campaign["iterations"][id], iterations)
            self.assertAlmostEqual(history.expectation[-1], campaign["expectation"][id])
        self.assertEqual([len(h.expectation) for h in campaign.histories()], [1, 3, 4])
        self.assertFalse([name for name in campaign.attributes if name.startswith("history")])
        with self.assertRaisesRegex(KeyError, "no restart 3"):
            campaign.history(3)

    def test_none_kept_and_one_missing(self):
        without = qhn_results.load(make.campaign(self.folder / "a", [1.0]))
        self.assertFalse(without.has_history)
        with self.assertRaisesRegex(ValueError, "keep_history"):
            without.history(0)
        made = make.campaign(self.folder / "b", [1.0, 2.0], iterations=[1, 1], history=True)
        import h5py

        with h5py.File(made / "campaign.h5", "a") as file:
            del file["history/expectation"]
            file["history/expectation"] = np.zeros(3)
        with self.assertRaisesRegex(ValueError, "holds 3 iterates, its restarts have 4"):
            qhn_results.load(made)


class Intervals(unittest.TestCase):
    def test_clopper_pearson_of_arrays(self):
        low, high = qhn_results.clopper_pearson([0, 8, 20, 0], [20, 10, 20, 0])
        np.testing.assert_allclose(low, [0, 0.4439045376923585, 0.025 ** (1 / 20), 0], atol=1e-12)
        np.testing.assert_allclose(high, [1 - 0.025 ** (1 / 20), 0.9747892736731666, 1, 1], atol=1e-12)


@unittest.skipUnless("QHN" in os.environ, "QHN names no program")
class RealSweep(Folder):
    def test_agrees_with_qhn_stats(self):
        qhn, out = os.environ["QHN"], self.folder / "real"
        train = [qhn, "train", "jobs/experiments/gaussian-h2.toml", "--restarts", "6", "--threads", "1"]
        lists = ['sweep.circuit.family=["product","linear"]', "sweep.circuit.layers=[1,2]"]
        sets = [word for one in lists for word in ("--set", one)]
        subprocess.run([*train, *sets, "--out", out], cwd=ROOT, check=True, capture_output=True)
        said = subprocess.run(
            [qhn, "stats", out, "--format", "json", "--epsilon", "0.05"], capture_output=True, check=True
        )
        said = [one["success"][0]["count"] for one in json.loads(said.stdout)]
        sweep = qhn_results.load_sweep(out)
        self.assertEqual(sweep.keys, ["circuit.family", "circuit.layers"])
        self.assertEqual(sweep.missing, [])
        self.assertEqual([p.campaign.success(0.05).count for p in sweep.points], said)
        for point in sweep.points:
            self.assertEqual(point.campaign.settings["circuit.family"], point.values["circuit.family"])
            layers = point.values["circuit.layers"] * (2 if point.values["circuit.family"] == "linear" else 1)
            self.assertEqual(point.campaign.settings["circuit.sublayers"], layers)


if __name__ == "__main__":
    unittest.main()
