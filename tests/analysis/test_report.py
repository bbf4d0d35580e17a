"""qhn report: what the page says, against numbers computed by hand, and the HTML file. QHN names the program."""

import contextlib
import html.parser
import io
import itertools
import json
import math
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
from unittest import mock
from xml.etree import ElementTree

import h5py
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "analysis"), str(pathlib.Path(__file__).parent)]

import campaigns as make  # noqa: E402
from qhn_plot import InputError, program  # noqa: E402
from qhn_report import blocks, content, drawings, estimates, page, read, words  # noqa: E402
from qhn_report import __main__ as command  # noqa: E402
from qhn_report.problem import NotAvailable, Program  # noqa: E402

NASTY = "a<b>&\"c'</script><script>alert(1)</script>"
EXPERIMENT = f"""name = "made"
[problem]
kind = "gaussian"
seed = 1
[network]
kind = "mlp"
hidden = 2
[circuit]
family = "linear"
layers = 3
# {NASTY}
"""
NO_PROGRAM = Program(None)
VOID = {"meta", "link", "br", "img", "input", "hr"}
SELF_CLOSED = {"path", "use", "rect", "image", "circle", "g", "clipPath", "defs"}


def soft(text):
    """With ordinary spaces."""
    return text.replace("\u00a0", " ")


class Html(html.parser.HTMLParser):
    """Ids, addresses, tags in balance, and the text of a page."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.addresses, self.open, self.text, self.scripts, self.drawn = [], [], [], [], 0, []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.note(tag, attributes)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.note(tag, attributes)

    def note(self, tag, attributes):
        attributes = dict(attributes)
        self.scripts += tag == "script"
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "figure":
            self.drawn.append(attributes["id"])
        for name, value in attributes.items():
            if name in ("src", "href", "xlink:href", "action", "srcset"):
                self.addresses.append(value)
            self.addresses += re.findall(r"url\(([^)]*)\)", value or "")

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open[-3:])
        self.open.pop()

    def handle_data(self, data):
        self.text.append(data)


def add_energy(folder, phases, restarts=10):
    """`phases`: (run, phase, host, method, nodes, seconds, joules, uncertainty, net joules)."""
    names = "run phase host method nodes seconds joules uncertainty net_joules".split()
    with h5py.File(folder / "campaign.h5", "a") as file:
        for name, cells in zip(names, zip(*phases)):
            kind = h5py.string_dtype() if isinstance(cells[0], str) else None
            file.create_dataset(f"energy/phases/{name}", data=np.array(cells, dtype=kind))
        scope = np.array(["node"] * len(phases), dtype=h5py.string_dtype())
        file["energy/phases/scope"] = scope
        file["energy/phases/net_uncertainty"] = np.full(len(phases), math.nan)
        runs = list(dict.fromkeys(p[0] for p in phases))
        file.create_dataset("energy/runs/run", data=np.array(runs, dtype=h5py.string_dtype()))
        file["energy/runs/restarts"] = np.full(len(runs), restarts)


def set_attributes(folder, **attributes):
    with h5py.File(folder / "campaign.h5", "a") as file:
        file.attrs.update(attributes)


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def made(self, name="one", gaps=(1e-5, 1e-3, 1.0, 1.0), **more):
        count = len(gaps)
        more = {
            "iterations": np.arange(1, count + 1), "evaluations": 10 * np.arange(1, count + 1),
            "seconds": np.full(count, 0.5), "experiment": EXPERIMENT, **more,
        }  # fmt: skip
        return make.campaign(self.folder / name, list(gaps), **more)

    def sweep(self, points, name="sweep", keys=("circuit.family", "problem.seed", "circuit.layers"), **more):
        """`points`: [(values as TOML, gaps)]."""
        listed = {}
        for values, gaps in points:
            count = 0 if gaps is None else len(gaps)
            fields = {"gaps": list(gaps or ()), "experiment": EXPERIMENT, "iterations": np.arange(1, count + 1),
                      "evaluations": np.arange(1, count + 1), "seconds": np.full(count, 0.1), **more}  # fmt: skip
            listed[",".join(values).replace("'", "")] = (values, fields if gaps is not None else None)
        return make.sweep(self.folder / name, list(keys), listed)

    def report(self, *paths, **more):
        more.setdefault("program", NO_PROGRAM)
        return content.make_report(read.load([str(p) for p in paths]), more.pop("program"), **more)

    def table(self, report, key):
        return next(t for t in report.blocks(blocks.Table) if t.key == key)

    def cells(self, table):
        """{first column: text and note of the others}."""
        return {row[0].text: [soft(f"{c.text} {c.note}".strip()) for c in row[1:]] for row in table.rows}


class Words(unittest.TestCase):
    def test_numbers(self):
        for value, text in ((0.15, "0.15"), (12345.6, "12\u202f300"), (1e-5, "1e-5"), (-3, "\u22123"), (0, "0"), (0.00012345, "0.000123"),
                            (99.96, "100"), (None, "–"), (math.nan, "–"), (math.inf, "∞"), (0.99999, "1"), (2.5e7, "2.5e7")):  # fmt: skip
            self.assertEqual(words.number(value), text)
        for value, unit, text in ((0.0114, "s", "11.4 ms"), (7200, "s", "2 h"), (90, "s", "90 s"), (1500, "J", "1.5 kJ"),
                                  (0, "J", "0 J"), (None, "s", "–"), (999.9e-6, "s", "1 ms")):  # fmt: skip
            self.assertEqual(soft(words.quantity(value, unit)), text)

    def test_lists_and_commands(self):
        self.assertEqual(words.listed(["a", "b", "c"]), "a, b and c")
        self.assertEqual(words.counted(1, "restart"), "1 restart")
        self.assertEqual(words.some("abcdef", 2), "a, b and 4 more")
        self.assertEqual(words.command("qhn", "stats", "a b;c"), "qhn stats 'a b;c'")


class Estimates(Folder):
    def test_noise_is_named(self):
        settings = {"circuit.family": "all-to-all", "noise.kind": "bit-flip", "noise.one_qubit": 0.001, "noise.scale": 2}
        self.assertEqual(words.circuit(settings), "an all-to-all circuit with bit-flip noise (0.002 after gates of one qubit, 0 of two)")
        self.assertEqual(words.circuit({**settings, "noise.scale": 0}), "an all-to-all circuit")
        readout = {"circuit.family": "linear", "noise.readout": [0.01, 0.03]}
        self.assertEqual(words.circuit(readout), "a linear circuit with readout errors (0.01 of zeros, 0.03 of ones)")
        both = {**settings, "noise.readout": [[0.01, 0.03], [0, 0.1]]}
        self.assertTrue(words.circuit(both).endswith(" of two) and readout errors (up to 0.2)"))

    def test_cost_until_a_success(self):
        for p, factor in ((0.5, math.log(0.01) / math.log(0.5)), (1.0, 1.0), (0.999, 1.0), (0.0, math.inf)):
            self.assertAlmostEqual(estimates.factor(p), factor)
        success = read.load([str(self.made())])[0].entries[0].campaign.success(1e-4)  # 1 of 4
        bounds = estimates.to_solution(2.0, success)
        self.assertAlmostEqual(bounds.value, 2 * math.log(0.01) / math.log(0.75))
        self.assertAlmostEqual(bounds.low, 2 * math.log(0.01) / math.log(1 - success.high))
        self.assertAlmostEqual(bounds.high, 2 * math.log(0.01) / math.log(1 - success.low))

    def energy(self, phases, name="e"):
        folder = self.made(name, gaps=[1e-5] * 10)
        add_energy(folder, phases)
        return read.load([str(folder)])[0].entries[0].campaign

    def test_modelled_joules_of_a_restart(self):
        nan = math.nan
        campaign = self.energy([("r", "restarts", "all", "modelled:cpu", 1, 10.0, 100.0, nan, 20.0)])
        seconds, phase, joules = estimates.restart_costs(campaign)
        self.assertEqual((seconds, phase.method, phase.restarts), (0.5, "modelled:cpu", 10))
        # Restarts computed in 5 of 10 s: the 20 J of work, and half of the idle 80 J, over ten restarts.
        self.assertAlmostEqual(joules, (20 + 40) / 10)

    def test_measured_joules_come_first_if_every_node_has_them(self):
        nan = math.nan
        rows = [("r", "restarts", "all", "modelled:cpu", 2, 5.0, 100.0, nan, 20.0),
                ("r", "restarts", "n1", "measured:rapl", 1, 5.0, 30.0, 1.0, nan),
                ("r", "restarts", "n2", "measured:rapl", 1, 5.0, 50.0, 2.0, nan)]  # fmt: skip
        (found,) = estimates.energy(self.energy(rows))
        self.assertEqual((found.method, found.joules, found.uncertainty), ("measured:rapl", 80.0, 3.0))
        self.assertAlmostEqual(found.per_restart(0.5), 8.0)
        (found,) = estimates.energy(self.energy(rows[:2], "f"))
        self.assertEqual((found.method, found.joules), ("modelled:cpu", 100.0))
        (found,) = estimates.energy(self.energy([("r", "restarts", "all", "none", 1, 5.0, nan, nan, nan)], "g"))
        self.assertEqual((found.method, found.seconds), ("none", 5.0))
        doubtful = [("r", "restarts", "all", "none", 1, 5.0, nan, nan, nan), ("r", "restarts", "n1", "doubtful:rapl", 1, 5.0, 9e9, nan, nan)]
        self.assertEqual(estimates.energy(self.energy(doubtful, "h"))[0].method, "none")


class Content(Folder):
    def test_one_campaign(self):
        report = self.report(self.made(limited=[0, 0, 0, 1]))
        rows = self.cells(self.table(report, "results-0-results"))
        self.assertEqual(rows["restarts used"], ["4"])
        # Clopper-Pearson of 1 and 2 of 4.
        self.assertEqual(rows["success probability at ε = 0.0001"], ["0.25 1 of 4; 95 % interval [0.00631, 0.806]"])
        self.assertEqual(rows["success probability at ε = 0.01"], ["0.5 2 of 4; 95 % interval [0.0676, 0.932]"])
        self.assertEqual(rows["iterations of a restart, median"], ["2.5"])
        self.assertEqual(rows["evaluations of a restart, median"], ["25"])
        self.assertEqual(rows["time of a restart, mean"], ["500 ms"])
        self.assertEqual(rows["share at the iteration limit"], ["25 %"])
        self.assertEqual(rows["restarts that ended"], ["3 converged, 1 at the iteration limit"])
        self.assertEqual(report.notices, [])
        self.assertEqual(report.title, "made")
        (summary,) = map(soft, report.summary)
        self.assertIn("4 restarts of a linear circuit of 3 layers", summary)
        self.assertIn("1 of 4 came within ε = 0.0001 of the least loss: a success probability of 0.25", summary)
        self.assertIn("within 0.01, 2.", summary)
        self.assertIn("25 % ended at the iteration limit", summary)
        cost = self.cells(self.table(report, "cost-0"))["one"]
        value, low, high = (words.quantity(0.5 * estimates.factor(p), "s") for p in (0.25, 0.8058796, 0.0063095))
        self.assertEqual(cost, ["500 ms", "–", soft(f"{value} [{low}, {high}]"), "–"])
        told = [b.text for b in report.blocks(blocks.Text)]
        self.assertTrue(any("no energy was measured or modelled" in text for text in told), told)
        for text in ("Networks are not drawn", "Landscape and locality are left out"):
            self.assertTrue(any(text in t for t in told), told)
        with_file = [c.text for c in report.blocks(blocks.Code)]
        self.assertEqual(with_file, [EXPERIMENT])

    def test_scores(self):
        scores = {"test_expectation": [0.4, 0.3, 0.2, 0.1], "best_accuracy": [0.9, 0.8, 0.7, 0.6], "best_test_accuracy": [0.5] * 4}
        report = self.report(self.made(**scores))
        rows = self.cells(self.table(report, "results-0-results"))
        self.assertEqual(rows["E on test data (loss), median restart"], ["0.25"])
        self.assertEqual(rows["E on test data (loss), best restart"], ["0.4"])  # restart 0 has the least gap
        self.assertEqual(rows["training accuracy, best restart"], ["0.9"])

    def test_an_unfinished_campaign_uses_the_prefix(self):
        folder = self.made(gaps=[1e-5, 1.0, 1e-5], ids=[0, 1, 3])
        set_attributes(folder, restarts_requested=10)
        report = self.report(folder)
        self.assertEqual(len(report.notices), 1)
        self.assertIn("one is unfinished: 3 of 10 restarts finished. Restart 2 is not, so only the 2 restarts before it are used",
                      report.notices[0])  # fmt: skip
        rows = self.cells(self.table(report, "results-0-results"))
        self.assertEqual(rows["restarts used"], ["2 of 10"])
        self.assertEqual(rows["restarts finished, in any order"], ["3"])
        self.assertIn("1 of 2", rows["success probability at ε = 0.0001"][0])
        self.assertEqual(report.facts[0], ("restarts", "2", "of 10 asked for"))

    def test_files_that_say_little_and_restarts_that_diverged(self):
        bare = make.campaign(self.folder / "bare", [math.nan, math.nan], iterations=[1, 2], history=True)
        report = self.report(bare)
        rows = self.cells(self.table(report, "results-0-results"))
        self.assertIn("0 of 2; 95 % interval [0, 0.842]", rows["success probability at ε = 0.01"][0])
        self.assertNotIn("time of a restart, mean", rows)
        self.assertEqual(self.cells(self.table(report, "cost-0")), {"bare": ["–", "–", "–", "–"]})
        for picture in report.blocks(blocks.Picture):
            self.assertIsInstance(drawings.draw(picture), (drawings.Drawing, blocks.Text), picture.key)
        several = self.report(bare, self.made(gaps=[1.0] * 4))
        self.assertEqual(self.cells(self.table(several, "cost-0"))["one"][2].split(" none")[1], " succeeded")
        self.assertIn("2 campaigns.", several.summary[0])

    def test_a_rule_does_not_count_as_unfinished(self):
        folder = self.made(experiment=EXPERIMENT + "[restarts]\nhalfwidth = 0.1\nmax = 1000\n")
        set_attributes(folder, restarts_requested=1000)
        report = self.report(folder)
        self.assertEqual(len(report.notices), 1)
        self.assertIn("ended by a rule", report.notices[0])
        self.assertEqual(self.cells(self.table(report, "results-0-results"))["restarts used"], ["4"])

    def test_a_sweep(self):
        points = [((f"'{family}'", str(seed), str(layers)), [1e-5] * layers + [1.0] * (4 - layers))
                  for family, seed, layers in itertools.product(("product", "linear"), (1, 2), (1, 3))]  # fmt: skip
        points.append((("'linear'", "2", "4"), None))
        report = self.report(self.sweep(points))
        means = self.table(report, "results-0-means")
        self.assertEqual(means.head[:4], ["family", "layers", "data sets", "restarts"])
        self.assertEqual([[c.text for c in row[:5]] for row in means.rows],
                         [[f, d, "2", "8", p] for f in ("product", "linear") for d, p in (("1", "0.25"), ("3", "0.75"))])  # fmt: skip
        each = self.table(report, "results-0-success")
        self.assertEqual((len(each.rows), each.labels, each.folded), (8, 3, True))
        self.assertEqual([c.text for c in each.rows[0][:5]], ["product", "1", "1", "4 of 9", "0.25"])
        self.assertEqual(soft(each.rows[0][4].note), "[0.00631, 0.806]")
        self.assertIn("8 points with 4 restarts each", report.summary[0])
        self.assertIn("highest at 0.75", report.summary[0])
        self.assertIn("lowest at 0.25", report.summary[0])
        self.assertEqual(len(report.notices), 2)  # a point that has not begun; none has its nine restarts
        self.assertIn("1 point of 9 without a finished restart 0", report.notices[0])
        self.assertIn("8 of 8 points lack restarts (32 of 72 used)", report.notices[1])
        pictures = {p.key: p for p in report.blocks(blocks.Picture)}
        self.assertEqual(set(pictures), {"results-0-epsilon", "results-0-depth"})
        self.assertIn("For each family the point with problem.seed = 1 that succeeded most often", pictures["results-0-epsilon"].caption)
        self.assertEqual(shlex.split(pictures["results-0-depth"].commands[0])[:3], ["qhn-plot", "depth", str(self.folder / "sweep")])

    def test_figures_of_a_sweep_over_more_keys(self):
        keys = ("circuit.layers", "network.hidden", "optimizer.memory")
        points = [(tuple(map(str, v)), [1e-5, 1.0]) for v in itertools.product((1, 2), (2, 3), (4, 8))]
        report = self.report(self.sweep(points, keys=keys))
        depth = next(p for p in report.blocks(blocks.Picture) if p.key == "results-0-depth")
        self.assertIn("Only points with memory = 4.", depth.caption)
        self.assertIn("--where optimizer.memory=4", depth.commands[0])
        self.assertIsInstance(drawings.draw(depth), drawings.Drawing)

    def test_histories_and_generalization(self):
        fields = {"history": True, "test_expectation": [0.1, 0.2], "best_accuracy": [0.9, 0.8], "best_test_accuracy": [0.9, 0.7]}
        points = [((n,), [1e-5, 1.0]) for n in ("100", "1000")]
        report = self.report(self.sweep(points, keys=("problem.train_samples",), **fields))
        pictures = {p.key: p for p in report.blocks(blocks.Picture)}
        self.assertEqual(set(pictures), {f"results-0-{what}" for what in ("epsilon", "convergence", "generalization", "accuracy")})
        drawn = drawings.draw(pictures["results-0-generalization"])
        self.assertEqual(drawn.wide.count("<title>"), 2 * 4)
        self.assertIn("median restart, training data, 100 samples: E ", drawn.wide)

    def test_provenance_names_what_differs(self):
        a, b = self.made("a"), self.made("b")
        with h5py.File(b / "campaign.h5", "a") as file:
            file["provenance"].attrs["git_commit"] = "def"
            file.create_group("provenance/slurm").attrs["SLURM_JOB_ID"] = "17"
        rows = self.cells(self.table(self.report(a, b), "provenance-table"))
        self.assertEqual(rows["commit"], ["abc, def"])
        self.assertEqual(rows["engine"], ["cut"])
        self.assertEqual(rows["nodes"], ["n1"])
        self.assertEqual(rows["processor"], ["not in the file"])
        self.assertEqual(rows["Slurm: SLURM_JOB_ID"], ["not in the file, 17"])

    def test_commands_are_quoted(self):
        folder = self.made("a b;$(x)")
        for block in self.report(folder, title="it's").blocks((blocks.Table, blocks.Picture)):
            self.assertTrue(block.commands, block.key)
            for line in block.commands:
                self.assertIn(shlex.split(line)[0], ("qhn", "qhn-plot", "python3"))
        self.assertIn("it's", shlex.split(self.report(folder, title="it's").command))


class Input(Folder):
    def fails(self, code, *arguments):
        out, error = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
            try:
                found = command.main(list(map(str, arguments)))
            except SystemExit as end:
                found = end.code
        self.assertEqual(found, code, error.getvalue())
        self.assertRegex(error.getvalue(), r"\Aerror: [^\n]+\n\Z")
        self.assertEqual(out.getvalue(), "")
        return error.getvalue()

    def test_errors_are_one_line(self):
        self.assertIn("no such folder", self.fails(2, self.folder / "missing"))
        self.assertIn("required: DIR", self.fails(2))
        made = self.made()
        before = sorted(self.folder.rglob("*"))
        (made / "bench.csv").write_text("a,b\n1,2\n")
        self.assertIn("lacks columns", self.fails(2, made, "--bench", made / "bench.csv"))
        self.assertIn("No such file", self.fails(2, made, "--scaling", made / "nosuch.csv"))
        with mock.patch.object(page, "render", return_value=""):
            self.assertIn("cannot write", self.fails(1, made, "--out", made / "campaign.h5/no.html"))
            self.assertIn("cannot write", self.fails(1, made, "--out", made))
        (made / "bench.csv").unlink()
        self.assertEqual(sorted(self.folder.rglob("*")), before)

    def test_what_cannot_be_read(self):
        def error(*paths):
            with self.assertRaises(InputError) as raised:
                read.load([str(p) for p in paths])
            return str(raised.exception)

        (self.folder / "empty").mkdir()
        self.assertIn("holds no campaign.h5", error(self.folder / "empty"))
        (self.folder / "empty/journal").mkdir()
        self.assertIn("qhn merge", error(self.folder / "empty"))
        (self.folder / "bad").mkdir()
        (self.folder / "bad/campaign.h5").write_text("damaged")
        self.assertIn("not an HDF5 file", error(self.folder / "bad"))
        bare = self.made("bare")
        with h5py.File(bare / "campaign.h5", "a") as file:
            del file["table"]
        self.assertIn("what its gaps are counted from", error(bare))
        self.assertIn("restart 0 is not finished", error(self.made("late", gaps=[1.0], ids=[3])))

    def test_folders_that_hold_campaigns(self):
        self.made("in/a")
        self.made("in/b")
        self.sweep([(("'linear'", "1", "2"), [1.0])], name="in/s")
        groups = read.load([str(self.folder / "in"), str(self.folder / "in/a")])
        self.assertEqual([[e.label for e in g.entries] for g in groups], [["a", "b"], ["linear,1,2"]])
        self.assertEqual(command.default_out(self.folder / "in/a/campaign.h5"), self.folder / "in/a/report.html")


class Page(Folder):
    def check(self, text):
        self.assertEqual(text.count("<!DOCTYPE html>"), 1)
        found = Html(text)
        self.assertEqual(found.open, [])
        self.assertEqual(len(set(found.ids)), len(found.ids), "an id that is there twice")
        for address in found.addresses:
            self.assertRegex(address, r"\A(#|data:image/png;base64,)")
            if address.startswith("#"):
                self.assertIn(address[1:], found.ids)
        self.assertNotRegex(text, r"(?i)@import|https?://")
        self.assertEqual(found.scripts, 1)
        return found

    def test_names_and_files_are_escaped(self):
        folder = self.made("x<y>&'z")
        set_attributes(folder, name=NASTY)
        report = self.report(folder, title=NASTY)
        found = self.check(page.render(report))
        told = "".join(found.text)
        self.assertIn(EXPERIMENT, told)
        self.assertIn(f"Experiment {NASTY}", told)
        self.assertIn("x<y>&'z", told)
        self.assertEqual(found.drawn, ["results-0-epsilon"])

    def test_a_sweep_of_60_points_stays_small(self):
        random = np.random.default_rng(1)
        points = [((f"'{f}'", str(s), str(d)), list(10 ** (-6 * random.random(1000)))) for f, s, d in
                  itertools.product(("product", "linear", "all-to-all"), range(1, 6), (1, 2, 3, 4))]  # fmt: skip
        text = page.render(self.report(self.sweep(points)))
        found = self.check(text)
        self.assertLess(len(text.encode()), 3e6)
        self.assertEqual(found.drawn, ["results-0-epsilon", "results-0-depth"])
        # A value for each of the 12 points at both epsilons, in both sizes; three lines with two markers.
        self.assertEqual(text.count("<title>"), 1 + 2 * (24 + 6))
        self.assertIn("<title>linear layers 2, ε = 0.01: ", text)

    def test_svg_is_well_formed_and_marks_have_values(self):
        report = self.report(self.made())
        (picture,) = report.blocks(blocks.Picture)
        drawn = drawings.draw(picture)
        self.assertIn("Bands: 95 % Clopper-Pearson intervals.", drawn.caption)
        for svg in (drawn.wide, drawn.narrow):
            root = ElementTree.fromstring(svg)
            titles = [soft(t.text) for t in root.iter("title")]
            self.assertEqual(titles, ["one, ε = 0.01: 0.5 [0.0676, 0.932]", "one, ε = 0.0001: 0.25 [0.00631, 0.806]"])
            self.assertEqual(root.get("aria-label"), picture.alt)
            self.assertNotIn("Clopper", "".join(root.itertext()))  # below the figure, as text
            self.assertNotIn("<style", svg)  # it would be one of the whole page

    def test_a_figure_that_cannot_be_drawn_says_why(self):
        def draw(width):
            raise InputError("nothing there")

        picture = blocks.Picture("k", "Title", "alt", "", ["qhn"], draw)
        self.assertEqual(drawings.draw(picture), blocks.Text("Title is not drawn: nothing there.", "missing"))

    def test_scaling_and_bench(self):
        import test_figures

        head = ("mode what family qubits sublayers engine ranks threads median_seconds least_seconds most_seconds "
                "speedup efficiency exchange_share bytes_sent bytes_planned verdict").split()  # fmt: skip
        rows = [["strong", what, "linear", 24, 4, "sweep", r, 1, 1 / r, 0.9 / r, 1.2 / r, r, 1, 0.1, 1, 1, "right"]
                for what in ("expectation", "gradient") for r in (1, 2, 4)]  # fmt: skip
        scaling, bench = self.folder / "scaling.csv", self.folder / "bench.csv"
        scaling.write_text("\n".join(",".join(map(str, row)) for row in [head, *rows]))
        head = "benchmark,start,qubits,sublayers,threads,median_seconds,limit_seconds,gflops"
        bench.write_text("\n".join([head, *(",".join(map(str, row)) for row in test_figures.Figures.ROWS)]))
        with contextlib.redirect_stderr(io.StringIO()):  # a note that there is no bench.json
            report = self.report(self.made(), scaling=[str(scaling)], bench=str(bench))
        table = self.table(report, "scaling-table")
        self.assertEqual([soft(c.text) for c in table.rows[1]][1:6], ["2", "1", "500 ms", "2", "100"])
        report.sections = [s for s in report.sections if s.key in ("scaling", "bench")]
        text = page.render(report)
        self.assertEqual(self.check(text).drawn, ["scaling-figure", "bench-figure"])
        self.assertEqual(text.count("<title>"), 1 + 2 * 12)
        self.assertIn("gradient, linear N 24 D 4, sweep, 4 ranks: efficiency 1</title>", text)


class ProgramFails(Folder):
    def fake(self, script):
        path = self.folder / "qhn"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return Program(str(path))

    def test_the_page_says_what_is_missing_and_why(self):
        folder = self.made()
        with h5py.File(folder / "campaign.h5", "a") as file:
            file["table"].attrs["qubits"] = 10
        failing = self.fake('echo "qhn: data/mnist: no such folder" >&2; exit 2')
        told = [b.text for b in self.report(folder, program=failing).blocks(blocks.Text)]
        self.assertIn("Landscape and locality are left out: qhn landscape failed: data/mnist: no such folder.", told)
        other = self.fake("""echo '{"minimum": 0.5}'""")  # the campaign says 0.25
        told = [b.text for b in self.report(folder, program=other).blocks(blocks.Text)]
        self.assertTrue(any("another minimum (0.5) than the campaign's (0.25)" in text for text in told), told)
        with self.assertRaisesRegex(NotAvailable, "printed no JSON"):
            self.fake("echo no").about("locality", read.load([str(folder)])[0].entries[0].campaign)
        with h5py.File(folder / "campaign.h5", "a") as file:
            file["table"].attrs["qubits"] = 21
        told = [b.text for b in self.report(folder, program=other).blocks(blocks.Text)]
        self.assertTrue(any("the problem has 2^21 networks" in text for text in told), told)

    def test_find(self):
        with mock.patch.dict(os.environ, {"QHN": str(self.folder / "nosuch")}):
            self.assertIsNone(Program.find().path)
        with mock.patch.dict(os.environ, {"QHN": sys.executable}):
            self.assertEqual(Program.find().path, sys.executable)


@unittest.skipUnless("QHN" in os.environ, "QHN names no program")
class Real(Folder):
    def test_a_campaign_and_a_classical_method(self):
        qhn = program.find(os.environ["QHN"])
        experiment = ["jobs/experiments/gaussian-h2.toml", "--threads", "1"]
        results = [self.folder / "linear", self.folder / "methods"]
        for verb, out, more in (("train", results[0], ["--restarts", "20"]),
                                ("baseline", results[1], ["--restarts", "20", "--method", "descent"])):  # fmt: skip
            subprocess.run([qhn, verb, *experiment, "--out", out, *more], cwd=ROOT, check=True, capture_output=True)
        out = self.folder / "page.html"
        done = subprocess.run(
            [sys.executable, "-m", "qhn_report", *results, "--out", out], capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT / "analysis"), "QHN": qhn, "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        self.assertEqual((done.returncode, done.stderr, done.stdout), (0, "", f"{out}\n"))
        found = Html(out.read_text(encoding="utf-8"))
        self.assertEqual(found.drawn, ["results-0-epsilon", "networks-0", "problem-0-landscape", "problem-0-locality",
                                       "comparison-figure"])  # fmt: skip
        report = self.report(*results, program=Program(qhn))
        self.assertFalse([b.text for b in report.blocks(blocks.Text) if b.kind == "missing"])
        # Joules, seconds and shares as qhn stats prints them.
        stats = [qhn, "stats", results[0], results[1] / "descent", "--format", "json"]
        said = subprocess.run(stats, check=True, capture_output=True)
        entries = read.load([str(p) for p in results])[0].entries
        for entry, theirs in zip(entries, json.loads(said.stdout)):
            seconds, phase, joules = estimates.restart_costs(entry.campaign)
            energy = next(e for e in theirs["energy"] if e["phase"] == "restarts")
            self.assertAlmostEqual(seconds, theirs["mean_seconds"])
            self.assertAlmostEqual(joules / energy["per_restart"], 1, places=9)
            self.assertEqual((phase.method, phase.restarts), (energy["method"], energy["restarts"]))
            self.assertEqual(estimates.limited(entry.campaign), theirs["iteration_limit"])
        methods = self.cells(self.table(report, "comparison-table"))
        self.assertIn("descent", methods)
        self.assertEqual(methods["full enumeration"][1], "1020")


if __name__ == "__main__":
    unittest.main()
