"""Tests of qhn_results and qhn-plot success. QHN in the environment names the program to compare with."""

import contextlib
import io
import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLOT = ROOT / "analysis/qhn-plot"
sys.path.insert(0, str(ROOT / "analysis"))

import qhn_results  # noqa: E402
from qhn_plot import __main__ as program  # noqa: E402


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def campaign(self, gaps, ids=None, name="made", schema=1, engine="cut", **fields):
        folder = self.folder / name
        folder.mkdir()
        with h5py.File(folder / "campaign.h5", "w") as file:
            ids = range(len(gaps)) if ids is None else ids
            file["restarts/id"] = np.array(ids, dtype="u8")
            file["restarts/gap"] = np.array(gaps, dtype="f8")
            for field, values in fields.items():
                file[f"restarts/{field}"] = values
            file["epsilon"] = [1e-2, 1e-4]
            file["experiment"] = "[problem]"
            file["provenance/hosts"] = np.array(["n1"], dtype=h5py.string_dtype())
            file.attrs.update({"format": "qhn campaign", "schema_version": schema})
            file["provenance"].attrs["git_commit"] = "abc"
            file["provenance"].attrs["engine"] = engine
        return folder

    def plot(self, *command):
        """As qhn-plot does it, in this process."""
        out, error = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
            code = program.main([*map(str, command)])
        return subprocess.CompletedProcess(command, code, out.getvalue(), error.getvalue())


class Load(Folder):
    def test_counts_restarts_below_epsilon_only(self):
        made = qhn_results.load(self.campaign([1e-3, 1e-4, 1e-5, 0.5]))
        self.assertEqual([s.count for s in made.success([1e-3, 1e-4, 1.0])], [2, 1, 4])
        self.assertEqual([s.epsilon for s in made.success()], [1e-2, 1e-4])
        self.assertEqual(made.success(1e-4).probability, 0.25)

    def test_clopper_pearson_matches_textbook_values(self):
        eight_of_ten = qhn_results.load(self.campaign([0] * 8 + [1] * 2, name="a")).success(0.5)
        self.assertAlmostEqual(eight_of_ten.low, 0.44390, places=5)
        self.assertAlmostEqual(eight_of_ten.high, 0.97479, places=5)
        # Closed forms where all or none succeed.
        none = qhn_results.load(self.campaign([1] * 20, name="b")).success(0.5)
        self.assertEqual(none.low, 0)
        self.assertAlmostEqual(none.high, 1 - 0.025 ** (1 / 20), places=12)
        every = qhn_results.load(self.campaign([0] * 20, name="c")).success(0.5)
        self.assertAlmostEqual(every.low, 0.025 ** (1 / 20), places=12)
        self.assertEqual(every.high, 1)

    def test_diverged_restarts_stay_in_the_denominator(self):
        made = qhn_results.load(self.campaign([0, np.nan, np.inf, 0]))
        self.assertEqual(made.success(1e-2)[1:4], (2, 4, 0.5))

    def test_estimates_use_the_contiguous_prefix_in_order_of_ids(self):
        made = qhn_results.load(self.campaign([0, 1, 0, 0, 0], ids=[7, 1, 0, 2, 5]))
        self.assertEqual(made["id"].tolist(), [0, 1, 2, 5, 7])
        self.assertEqual(made["gap"].tolist(), [0, 1, 0, 0, 0])
        self.assertEqual(made.prefix, 3)
        self.assertEqual(made.success(0.5)[1:3], (2, 3))

    def test_nothing_finished_says_nothing(self):
        nothing = qhn_results.load(self.campaign([0.1], ids=[4])).success(0.5)
        self.assertEqual(nothing[1:3] + nothing[4:], (0, 0, 0.0, 1.0))
        self.assertTrue(np.isnan(nothing.probability))

    def test_fields_strings_and_attributes(self):
        host = np.array(["b", "a"], dtype=h5py.string_dtype())
        kind = h5py.enum_dtype({"converged": 0, "diverged": 3}, basetype="u1")
        status = np.array([3, 0], dtype=kind)
        made = qhn_results.load(self.campaign([1, 2], ids=[1, 0], host=host, status=status))
        self.assertEqual(made["host"].tolist(), ["a", "b"])
        self.assertEqual(made["status"].tolist(), ["converged", "diverged"])
        self.assertEqual(made.attributes["provenance/hosts"].tolist(), ["n1"])
        self.assertEqual(made.attributes["experiment"], "[problem]")
        self.assertEqual(made.attributes["provenance/git_commit"], "abc")

    def test_reference_of_gaps(self):
        for attributes, reference in (
            ({"minimum": 0.3, "minimizers": 2}, ("enumerated", 0.3)),
            ({"target": 0.2, "reference": "target"}, ("target", 0.2)),
        ):
            folder = self.campaign([1], name=f"made-{len(list(self.folder.iterdir()))}")
            with h5py.File(folder / "campaign.h5", "a") as file:
                file.create_group("table").attrs.update(attributes)
            self.assertEqual(qhn_results.load(folder).reference, reference)

    def test_what_is_no_campaign(self):
        with self.assertRaisesRegex(FileNotFoundError, "nowhere.*no such campaign"):
            qhn_results.load(self.folder / "nowhere")
        text = self.folder / "text.h5"
        text.write_text("hello")
        with self.assertRaisesRegex(ValueError, "not an HDF5 file"):
            qhn_results.load(text)
        with h5py.File(self.folder / "other.h5", "w") as file:
            file["x"] = 1
        with self.assertRaisesRegex(ValueError, "not a campaign"):
            qhn_results.load(self.folder / "other.h5")
        for schema in (0, 99):
            with self.assertRaisesRegex(ValueError, f"h5: schema version {schema}; .* reads version 1$"):
                qhn_results.load(self.campaign([1], name=f"schema-{schema}", schema=schema))

    def test_frame(self):
        made = qhn_results.load(self.campaign([1, 2], crossings=np.array([[1, 2], [3, 4]])))
        try:
            import pandas  # noqa: F401
        except ImportError:
            with self.assertRaisesRegex(ImportError, "python3-pandas"):
                made.frame()
            return
        frame = made.frame()
        self.assertEqual(frame.index.name, "id")
        self.assertEqual(frame["crossings_1"].tolist(), [2, 4])
        self.assertEqual(frame["gap"].tolist(), [1, 2])


class Plot(Folder):
    def test_png_and_svg_of_two_campaigns(self):
        a = self.campaign([1e-6, 1e-3, 1e-3, 0.1], name="linear")
        b = self.campaign([1e-2, np.nan], name="product")
        for name, magic in (("plot.png", b"\x89PNG"), ("new/plot.svg", b"<?xml")):
            out = self.folder / name
            done = self.plot("success", a, b / "campaign.h5", "--out", out)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(out.read_bytes().startswith(magic))
        svg = out.read_text()
        self.assertIn("linear  (n = 4)", svg)
        self.assertIn("product  (n = 2)", svg)

    def test_errors_are_one_line(self):
        a = self.campaign([1, 2])
        unfinished = self.campaign([1], ids=[3], name="unfinished")
        for arguments, message in (
            ([self.folder / "nowhere"], "no such campaign"),
            ([a, "--labels", "x,y"], "2 labels for 1 campaigns"),
            ([a, "--out", self.folder / "x.nosuch"], "cannot write"),
            ([unfinished], "restart 0 is not finished"),
        ):
            done = self.plot("success", *arguments)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, rf"\Aerror: .*{message}.*\n\Z")

    def test_names_are_no_formulas(self):
        odd = self.campaign([1e-3, 1e-5], name=r"a$\nosuch$b_c^{")
        out = self.folder / "odd.svg"
        done = self.plot("success", odd, "--out", out)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn(r"a$\nosuch$b_c^{", out.read_text())

    def test_what_is_there_is_written_not_replaced(self):
        a = self.campaign([1e-3, 1e-5], name="a")
        target, link = self.folder / "t.png", self.folder / "l.png"
        target.write_text("old")
        target.chmod(0o600)
        link.symlink_to("t.png")
        places = [link]
        if os.geteuid() == 0:
            os.mknod(self.folder / "null.png", stat.S_IFCHR | 0o666, os.makedev(1, 3))
            places.append(self.folder / "null.png")
        for out in places:
            done = self.plot("success", a, "--out", out)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(link.is_symlink())
        self.assertEqual(target.read_bytes()[:4], b"\x89PNG")
        self.assertEqual(stat.S_IMODE(target.stat().st_mode), 0o600)
        for out in places[1:]:
            self.assertTrue(stat.S_ISCHR(out.stat().st_mode))


@unittest.skipUnless("QHN" in os.environ, "QHN names no program")
class RealCampaign(Folder):
    def test_agrees_with_qhn_stats(self):
        qhn = os.environ["QHN"]
        out = self.folder / "real"
        train = [qhn, "train", "jobs/experiments/gaussian-h2.toml", "--restarts", "12"]
        subprocess.run([*train, "--out", out], cwd=ROOT, check=True, capture_output=True)
        ladder = [1.0, 1e-2, 1e-3, 1e-4]
        said = subprocess.run(
            [qhn, "stats", out, "--format", "json", "--epsilon", ",".join(map(str, ladder))],
            capture_output=True,
            check=True,
        )
        (said,) = json.loads(said.stdout)
        campaign = qhn_results.load(out)
        self.assertEqual(len(campaign), 12)
        self.assertEqual(campaign.prefix, said["restarts"])
        self.assertEqual([s["epsilon"] for s in said["success"]], ladder)
        for ours, theirs in zip(campaign.success(ladder), said["success"]):
            self.assertEqual(ours.count, theirs["count"])
            for field in ("probability", "low", "high"):
                self.assertAlmostEqual(getattr(ours, field), theirs[field], places=9)
        np.testing.assert_allclose(campaign["expectation"] - said["minimum"], campaign["gap"], atol=1e-14)
        self.assertEqual(campaign.attributes["table/minimum"], said["minimum"])
        self.assertEqual(campaign.reference, ("enumerated", said["minimum"]))
        self.assertEqual(campaign.attributes["table/next_gaps"].tolist(), said["next_gaps"])
        self.assertEqual(campaign.attributes["restarts/seconds/unit"], "s")
        self.assertEqual(campaign.attributes["restarts/best_string/meaning"], "most probable")
        self.assertGreater(len(campaign.epsilons), 0)
        self.assertLessEqual(set(campaign["status"]), {"converged", "iteration_limit", "stalled_line_search"})
        done = subprocess.run([sys.executable, PLOT, "success", out, "--out", self.folder / "real.png"], capture_output=True)
        self.assertEqual((done.returncode, done.stderr), (0, b""))

    def test_compare_draws_what_qhn_compare_prints(self):
        qhn = os.environ["QHN"]
        run = [qhn, "baseline", "jobs/experiments/gaussian-h2.toml", "--restarts", "20", "--method", "descent"]
        subprocess.run([*run, "--out", self.folder], cwd=ROOT, check=True, capture_output=True)
        compare = [qhn, "compare", self.folder / "descent", "--format", "csv"]
        said = subprocess.run(compare, cwd=ROOT, check=True, capture_output=True).stdout
        (self.folder / "c.csv").write_bytes(said)
        done = self.plot("compare", self.folder / "c.csv", "--out", self.folder / "c.svg")
        self.assertEqual(done.returncode, 0, done.stderr)
        svg = (self.folder / "c.svg").read_text()
        for text in ("descent, network found", "full enumeration", "Oracle", "Classical methods on this"):
            self.assertIn(text, svg)
        self.assertNotIn("Projected", svg)  # nothing measured shots
        # Nothing succeeded: no bound, an empty number.
        rows = said.decode().splitlines()
        (self.folder / "u.csv").write_text(
            "\n".join(r[: r.rindex(",") + 1] if r.startswith("oracle,descent") else r for r in rows)
        )
        done = self.plot("compare", self.folder / "u.csv", "--out", self.folder / "u.svg")
        self.assertEqual(done.returncode, 0, done.stderr)
        (self.folder / "c.csv").write_text("a,b\n1,2\n")
        done = self.plot("compare", self.folder / "c.csv", "--out", self.folder / "d.svg")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"\Aerror: .*not the csv of qhn compare\n\Z")


if __name__ == "__main__":
    unittest.main()
