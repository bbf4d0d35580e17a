"""Every figure, on small data: what is in it, through matplotlib's own objects, and its table."""

import contextlib
import csv
import io
import itertools
import json
import math
import pathlib
import shutil
import sys
import tempfile
import unittest
import warnings
from unittest import mock

import h5py
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "analysis"), str(pathlib.Path(__file__).parent)]

import campaigns as make  # noqa: E402
from qhn_plot import __main__ as program  # noqa: E402
from qhn_plot import InputError, figures, intervals, output, style  # noqa: E402
from qhn_plot.figures import networks  # noqa: E402
from qhn_plot.style import plt  # noqa: E402
from qhn_plot.table import Table  # noqa: E402

WORST = "_a$b$ 50% #1 x_{2} \x1b[31m\n^"  # a name that is a formula, a comment, an escape
MACHINE = "two cores"


class Figures(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.addCleanup(plt.close, "all")
        dots = mock.patch.object(style, "DPI", 60)
        dots.start()
        self.addCleanup(dots.stop)

    def draw(self, *command):
        """The figure that the command has drawn; self.table has the rows of --data, checked to be all numbers of it."""
        plt.close("all")
        out, data = self.folder / "figure.png", self.folder / "data.csv"
        command = [*map(str, command), "--out", str(out), "--data", str(data)]
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("error")  # a layout that does not fit, a glyph that is not there
            with mock.patch.object(plt, "close"):
                self.assertEqual(program.main(command), 0)
        self.assertGreater(out.stat().st_size, 1000)
        with open(data, newline="") as file:
            self.table = list(csv.DictReader(file))
        return plt.gcf()

    def check(self, figure):
        figure.draw_without_rendering()
        whole = figure.bbox
        renderer = figure.canvas.get_renderer()
        legends = [*figure.legends, *(a.get_legend() for a in figure.axes if a.get_legend())]
        boxes = [legend.get_window_extent(renderer) for legend in legends]
        for box in boxes:
            self.assertGreaterEqual(min(box.x0, box.y0), 0)
            self.assertLessEqual(box.x1, whole.x1)
            self.assertLessEqual(box.y1, whole.y1)
            for axes in figure.axes:
                self.assertFalse(box.overlaps(axes.get_tightbbox(renderer)), "a legend hides data")
        for one, other in itertools.combinations(boxes, 2):
            self.assertFalse(one.overlaps(other))
        inside = [(a.get_title(loc="left"), a.get_tightbbox(renderer)) for a in figure.axes]
        inside += [(t.get_text(), t.get_window_extent(renderer)) for t in figure.texts]
        for what, box in inside:
            self.assertGreaterEqual(min(box.x0, box.y0), -1, what)
            self.assertLessEqual(box.x1, whole.x1 + 1, what)
            self.assertLessEqual(box.y1, whole.y1 + 1, what)
        for text in figure.findobj(plt.Text):
            self.assertGreaterEqual(text.get_fontsize(), 6, text.get_text())
        for axes in figure.axes:
            drawn = [line for line in axes.lines if len(line.get_xdata()) and line.get_visible()]
            if not axes.get_visible() or axes.collections:  # a band
                continue
            self.assertTrue(
                any(line.get_marker() not in ("None", "", None) for line in drawn) or len(drawn) > 1,
                "a panel without data",
            )
        for legend in legends:
            seen = [
                (h.get_color(), h.get_marker(), h.get_linestyle(), h.get_markerfacecolor())
                for h in legend.get_lines()
            ]
            self.assertEqual(len(set(seen)), len(seen), "two labels that look alike")
            lines = [h.get_color() for h in legend.get_lines() if h.get_linestyle() != "None"]
            self.assertEqual(len(set(lines)), len(lines), "one colour for two labels")
        self.assertIn(figure.get_size_inches()[0], (style.NARROW, style.WIDE))
        return legends

    def column(self, rows, name):
        return [float(row[name]) for row in rows]

    def heights(self, axes):
        """Of every line with a marker, its y, one after the other."""
        return [y for line in axes.lines if line.get_marker() in style.MARKERS for y in line.get_ydata()]

    def fails(self, *command):
        """What the command says on its one line of standard error; nothing is written."""
        before = sorted(self.folder.rglob("*"))
        error = io.StringIO()
        with contextlib.redirect_stderr(error), contextlib.redirect_stdout(io.StringIO()):
            try:
                code = program.main([*map(str, command), "--out", str(self.folder / "no.png")])
            except SystemExit as end:
                code = end.code
        self.assertNotEqual(code, 0)
        self.assertRegex(error.getvalue(), r"\Aerror: [^\n]+\n\Z")
        self.assertEqual(sorted(self.folder.rglob("*")), before)
        return error.getvalue()

    def text_of(self, figure):
        return " ".join(t.get_text() for t in figure.texts).replace("\n", " ")

    def names(self, legends):
        return [t.get_text() for legend in legends for t in legend.get_texts()]

    # ---- success ----

    def campaigns(self, count):
        rng = np.random.default_rng(1)
        return [make.campaign(self.folder / f"c{k}", 10 ** (-7 * rng.random(30))) for k in range(count)]

    def test_success(self):
        for count, width in ((1, 3.4), (3, 3.4), (12, 7), (12, 3.4)):
            labels = [WORST.replace(",", "")] + [f"campaign {k}" for k in range(1, count)]
            for folder in self.folder.glob("c*"):
                shutil.rmtree(folder)
            figure = self.draw(
                "success",
                *self.campaigns(count),
                "--labels",
                ",".join(labels),
                "--title",
                WORST,
                "--width",
                width,
            )
            self.assertEqual(len(self.names(self.check(figure))), count)
            # The markers of campaigns stand side by side.
            lines = figure.axes[0].lines
            dots = [line for line in lines if line.get_marker() in style.MARKERS]
            self.assertEqual(len({tuple(line.get_xdata()) for line in dots}), count)
            # The table holds every point of every line.
            curves = [line for line in lines if line not in dots]
            for what, drawn in (("line", curves), ("marker", dots)):
                rows = [row for row in self.table if row["drawn"] == what]
                heights = [y for line in drawn for y in line.get_ydata()]
                np.testing.assert_allclose(self.column(rows, "probability"), heights)
            np.testing.assert_allclose(
                self.column([r for r in self.table if r["drawn"] == "line"], "epsilon"),
                [x for line in curves for x in line.get_xdata()],
            )

    def test_success_of_a_sweep(self):
        points = {name: ([f"'{name}'"], {"gaps": [1e-3, 1e-1]}) for name in ("linear", "product")}
        figure = self.draw("success", make.sweep(self.folder / "s", ["circuit.family"], points))
        legends = self.check(figure)
        self.assertEqual(self.names(legends), ["linear  (n = 2)", "product  (n = 2)"])

    # ---- compare ----

    def compare_csv(self, classical=True, projected=True):
        circuits = [("linear D=6 (ideal gradient)", f"best of {n} shots") for n in (1, 100, 10000)]
        shots = [("linear D=6 spsa 100 shots", by) for by in ("E(theta)", "best of selection shots")]
        names = ("annealing", "descent", WORST, "ste", "signsgd", "nested")
        methods = [(name, "network found") for name in names]
        methods = methods if classical else []
        with open(self.folder / "compare.csv", "w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow("table method success_by case quantity value low high".split())

            def put(table, whose, quantity, value, case=""):
                for method, by in whose:
                    rows.writerow([table, method, by, case, quantity, value, 0.9 * value, 1.1 * value])

            everything = [("full enumeration", "network found")]
            put("success", circuits + shots + methods, "probability", 0.5)
            put("oracle", shots + methods, "losses a training", 300)
            put("oracle", everything, "losses a training", 16384)
            put("circuits", circuits + shots, "s a training", 0.01)
            put("circuits", everything, "s a training", 0.006)
            put("circuits", circuits, "J a training", float("nan"))
            put("classical", methods, "s a training", 1e-5)
            if projected:
                for case, value in (("low", 1e3), ("central", 1e5), ("high", float("inf"))):
                    put("projected", shots, "J a training", value, case)
        return self.folder / "compare.csv"

    def test_compare(self):
        figure = self.draw("compare", self.compare_csv(), "--title", WORST, "--machine", MACHINE)
        legends = self.check(figure)
        here = [f"{what} on this machine" for what in ("Simulating circuits", "Classical methods")]
        self.assertEqual(self.names(legends), [*here, "full enumeration"])
        self.assertEqual(len(figure.axes), 7)
        self.assertIn(f"Seconds: {MACHINE}.", self.text_of(figure))
        self.assertIn("No number, no panel: projected, classical.", self.text_of(figure))
        rows = [t.get_text() for axes in figure.axes for t in axes.get_yticklabels()]
        self.assertTrue(any(r"a\$b\$ 50% #1" in row for row in rows), rows)
        # No point hides another: each method has a height of its own.
        for axes in figure.axes:
            heights = [y for bar in axes.containers for y in bar.lines[0].get_ydata()]
            self.assertEqual(len(set(heights)), len(heights))

    def test_compare_of_circuits_alone(self):
        figure = self.draw("compare", self.compare_csv(classical=False, projected=False))
        self.check(figure)
        self.assertEqual(len(figure.axes), 3)
        self.assertIn("projected, circuits", self.text_of(figure))
        self.assertIn("did not name", self.text_of(figure))

    # ---- scaling ----

    def test_scaling(self):
        head = (
            "mode what family qubits sublayers engine ranks threads median_seconds least_seconds most_seconds "
            "speedup efficiency exchange_share bytes_sent bytes_planned verdict"
        ).split()
        paths = []
        for place in ("a", "_b$"):
            (self.folder / place).mkdir()
            paths.append(self.folder / place / "scaling.csv")
            with open(paths[-1], "w", newline="") as file:
                rows = csv.writer(file)
                rows.writerow(head)
                for mode, what in itertools.product(("strong", "weak"), ("expectation", "gradient")):
                    for r in (1, 2, 4):
                        numbers = [r, 1, 1 / r, 0.9 / r, 1.2 / r, r, 1, 0.1, 1, 1]
                        rows.writerow([mode, what, "linear", 24, 4, "sweep", *numbers, "right"])
        figure = self.draw("scaling", *paths, "--title", WORST, "--machine", MACHINE)
        legends = self.check(figure)
        self.assertEqual(len(self.names(legends)), 8)
        self.assertIn(f"Measured on {MACHINE}.", self.text_of(figure))
        for axes in figure.axes:
            places = {bar.lines[0].get_xdata()[0] for bar in axes.containers}
            self.assertEqual(len(places), 8)

    # ---- roofline ----

    ROWS = [
        *(("pass", "", n, 0, t, 2.0 ** (n - 30), 0, 40) for n in (10, 14, 20, 26) for t in (1, 2)),
        *(("peak_fma", "", 0, 0, t, 1e-3, 1e-3, 100 * t) for t in (1, 2)),
        *(
            ("gradient", start, n, 4, t, 1e-4, 5e-5, 50)
            for start in ("zero", "random")
            for n in (14, 18, 20, 22, 24)
            for t in (1, 2)
        ),
        ("rotation", "random", 14, 1, 1, 2e-5, 1e-5, 60),
        ("wht", "", 20, 0, 1, 1e-3, 3e-4, 22),
    ]

    def check_roofline(self, figure, caption):
        legends = self.check(figure)
        self.assertEqual(len(figure.axes), 3)  # nothing of the kernels ran on two threads
        self.assertIn("Not measured, no panel: kernels and transforms, 2 threads.", self.text_of(figure))
        self.assertIn(caption, self.text_of(figure))
        # Every size that is drawn is in the legend, in the colour of its points.
        sizes = {h.get_color() for h in legends[0].get_lines()}
        self.assertEqual(len(sizes), 7)
        points = {line.get_color() for a in figure.axes for line in a.lines if line.get_marker() != "None"}
        self.assertLessEqual(points, sizes)

    def test_roofline(self):
        with open(self.folder / "bench.csv", "w", newline="") as file:
            rows = csv.writer(file)
            head = "benchmark start qubits sublayers threads median_seconds limit_seconds gflops"
            rows.writerow(head.split())
            rows.writerows(self.ROWS)
        figure = self.draw("roofline", self.folder / "bench.csv", "--title", WORST, "--machine", MACHINE)
        self.check_roofline(figure, f"Measured on {MACHINE}.")

    def test_roofline_of_a_page(self):
        lines = ["# Results", "", "| a | b |", "|---|---|", "| 1 | 2 |", ""]
        lines += ["| benchmark | start | N | D | threads | median | limit | passes | limit/median | GFLOP/s |"]
        lines += ["|---" * 10 + "|"]
        for name, start, n, d, threads, median, limit, gflops in self.ROWS:
            what = f"| {name} | {start} | {n or ''} | {d or ''} | {threads} "
            lines.append(f"{what}| {1e6 * median} µs | {1e3 * limit} ms |  | 1 | {gflops} |")
        (self.folder / "page.md").write_text("\n".join([*lines, "", "Text."]), encoding="utf-8")
        self.check_roofline(self.draw("roofline", self.folder / "page.md"), "that --machine did not name")

    # ---- depth ----

    def depth_sweep(self, families=("product", "linear"), seeds=(1,), limited=0, name="depth", depths=(1, 2, 4)):
        """Of ten restarts at depth L on data set s, L + s succeed at 1e-2 and L at 1e-4."""
        points = {}
        for family, seed, layers in itertools.product(families, seeds, depths):
            gaps = [1e-5] * layers + [1e-3] * seed + [1.0] * (10 - layers - seed)
            made = {"gaps": gaps, "limited": [1] * limited + [0] * (10 - limited)}
            points[f"{family}-{seed}-{layers}"] = ([f"'{family}'", str(seed), str(layers)], made)
        return make.sweep(self.folder / name, ["circuit.family", "problem.seed", "circuit.layers"], points)

    def test_depth_of_one_data_set(self):
        for width in (3.4, 7.0):
            figure = self.draw("depth", self.depth_sweep(), "--width", width, "--title", WORST)
            legends = self.check(figure)
            self.assertEqual(self.names(legends), ["product", "linear"])
            colors = [h.get_color() for h in legends[0].get_lines()]
            self.assertEqual(colors, [style.LOOKS[f].color for f in ("product", "linear")])
            self.assertIn("Clopper-Pearson intervals, n = 10 restarts a point.", self.text_of(figure))
            self.assertIn("A layer of linear is two sublayers", self.text_of(figure))
            self.assertEqual([a.get_title(loc="left") for a in figure.axes], [r"$\epsilon$ = 0.01", r"$\epsilon$ = 0.0001"])
            for axes, more, epsilon in zip(figure.axes, (1, 0), (1e-2, 1e-4)):
                self.assertEqual([t.get_text() for t in axes.get_xticklabels()], ["1", "2", "4"])
                np.testing.assert_allclose(self.heights(axes), 2 * [(k + more) / 10 for k in (1, 2, 4)])
                rows = [row for row in self.table if float(row["epsilon"]) == epsilon]
                np.testing.assert_allclose(self.column(rows, "probability"), self.heights(axes))
                bars = [segment for c in axes.collections for segment in c.get_segments()]
                ends = list(zip(self.column(rows, "low"), self.column(rows, "high")))
                np.testing.assert_allclose([(s[0][1], s[1][1]) for s in bars], ends)
                self.assertEqual(len({s[0][0] for s in bars}), 6)  # none hides another
            # 1 - 0.025^(1/10) is the upper end of 0 of 10, the symmetric one of 10 of 10.
            self.assertEqual({row["data_sets"] for row in self.table}, {"1"})
            shutil.rmtree(self.folder / "depth")

    def test_depth_is_averaged_over_data_sets(self):
        figure = self.draw("depth", self.depth_sweep(seeds=(1, 2, 3), limited=1), "--epsilon", "1e-2")
        self.check(figure)
        self.assertIn("Mean over 3 data sets (problem.seed), n = 10 restarts each.", self.text_of(figure))
        self.assertIn("Hollow: more than 2 %", self.text_of(figure))
        np.testing.assert_allclose(self.heights(figure.axes[0]), 2 * [0.3, 0.4, 0.6])
        for row in self.table:
            p = float(row["probability"])
            self.assertEqual((row["data_sets"], row["restarts"]), ("3", "30"))
            self.assertAlmostEqual(float(row["iteration_limit"]), 0.1)
            made = [np.arange(10) < 10 * q - 0.5 for q in (p - 0.1, p, p + 0.1)]
            deviation = self.deviation_of_crossed_draws(np.array(made))
            self.assertAlmostEqual((float(row["high"]) - float(row["low"])) / (2 * 1.96 * deviation), 1, delta=0.12)
        markers = [line for line in figure.axes[0].lines if line.get_marker() in style.MARKERS]
        self.assertEqual({line.get_markerfacecolor() for line in markers}, {"white"})

    def test_depth_compares_with_the_first_line(self):
        # linear - product, succeeding 0.2, 0.1, 0 and -0.1 more often on four data sets.
        points = {}
        for family, counts in (("product", (1, 3, 2, 5)), ("linear", (3, 4, 2, 4))):
            for seed, count in enumerate(counts, 1):
                points[f"{family}{seed}"] = ([f"'{family}'", str(seed), "2"], {"gaps": [1e-5] * count + [1.0] * (10 - count)})
        keys = ["circuit.family", "problem.seed", "circuit.layers"]
        self.draw("depth", make.sweep(self.folder / "depth", keys, points), "--epsilon", "1e-3")
        product, linear = self.table
        self.assertEqual([product[name] for name in ("difference", "difference_low", "p")], 3 * [""])
        self.assertAlmostEqual(float(linear["difference"]), 0.05)
        signs = list(itertools.product((1, -1), repeat=4))
        as_far = sum(abs(0.2 * a + 0.1 * b + 0.0 * c - 0.1 * d) > 0.2 - 1e-9 for a, b, c, d in signs) / 16
        # Within restarts: 1 and 2 succeed once more often for linear, 3 as often, 4 less.
        moved = [sum(k < n for n in (3, 4, 2, 4)) - sum(k < n for n in (1, 3, 2, 5)) for k in range(10)]
        every = [abs(sum(s * m for s, m in zip(one, moved))) for one in itertools.product((1, -1), repeat=10)]
        self.assertAlmostEqual(float(linear["p"]), max(as_far, sum(e >= sum(moved) for e in every) / 1024))
        made = [np.array([np.arange(10) < k for k in counts], dtype=float) for counts in ((3, 4, 2, 4), (1, 3, 2, 5))]
        deviation = self.deviation_of_crossed_draws(made[0] - made[1])
        width = float(linear["difference_high"]) - float(linear["difference_low"])
        self.assertAlmostEqual(width / (2 * 1.96 * deviation), 1, delta=0.12)
        # One data set: example (a) of Newcombe's paper, and Fisher's test from its definition.
        found = intervals.difference([np.arange(70) < 56], [np.arange(80) < 48])
        np.testing.assert_allclose(found[:3], (0.2, 0.0524, 0.3339), atol=5e-5)
        weight = [math.comb(70, k) * math.comb(80, 104 - k) for k in range(24, 71)]
        self.assertAlmostEqual(found[3], sum(w for w in weight if w <= weight[56 - 24]) / math.comb(150, 104))

    @staticmethod
    def deviation_of_crossed_draws(made):
        """Of vᵀ made w, where v and w are the shares of rows and of columns drawn with replacement: in closed form."""
        second = [np.full((n, n), (1 - 1 / n) / n**2) + np.eye(n) / n**2 for n in made.shape]  # E[vvᵀ], E[wwᵀ]
        return ((second[0] * (made @ second[1] @ made.T)).sum() - made.mean() ** 2) ** 0.5

    def test_data_sets_that_end_alike_tell_no_more_than_one(self):
        one, other = (np.arange(40) < k for k in (20, 10))
        mean, low, high = intervals.mean_share(20 * [one])
        self.assertEqual(mean, 0.5)
        self.assertAlmostEqual((high - low) / (2 * 1.96 * (0.25 / 40) ** 0.5), 1, delta=0.1)
        found = intervals.difference(20 * [np.random.default_rng(3).permutation(one)], 20 * [other])
        alone = intervals.difference([one], [other])
        self.assertLess(alone[3], 0.05)
        self.assertGreater(found[3], 0.01)  # by data sets alone: 2 / 2^20
        self.assertLess(found[1], 0.12)
        unfinished = [np.arange(400 + k) % 10 < 3 for k in range(20)]
        mean, low, high = intervals.mean_share(unfinished)
        self.assertAlmostEqual((high - low) / (2 * 1.96 * (0.21 / 410) ** 0.5), 1, delta=0.1)
        self.assertEqual(intervals.mean_share(20 * [np.zeros(40)])[2], intervals.mean_share([np.zeros(40)])[2])

    def test_data_sets_with_own_starts(self):
        random = np.random.default_rng(4)
        sets, others = ([random.random(50) < p for p in random.normal(mean, 0.05, 20)] for mean in (0.5, 0.35))
        mean, low, high = intervals.mean_share(sets, own_starts=True)
        deviation = np.std([each.mean() for each in sets]) / 20**0.5
        self.assertAlmostEqual((high - low) / (2 * 1.96 * deviation), 1, delta=0.1)
        found = intervals.difference(sets, others, own_starts=True)
        deviation = np.std([a.mean() - b.mean() for a, b in zip(sets, others)]) / 20**0.5
        self.assertAlmostEqual((found[2] - found[1]) / (2 * 1.96 * deviation), 1, delta=0.1)
        self.assertLess(found[3], 0.001)
        self.assertGreater(intervals.mean_share(sets)[2] - intervals.mean_share(sets)[1], 1.2 * (high - low))
        never = intervals.mean_share(20 * [np.zeros(40)], own_starts=True)
        self.assertAlmostEqual(never[2], 1 - 0.025 ** (1 / 800))

    def test_depth_of_several_sweeps_side_by_side(self):
        # The second succeeds more often, and has a depth less: nothing of either is cut off.
        sweeps = [self.depth_sweep(), self.depth_sweep(("all-to-all", "linear"), (4,), 1, "more", (1, 2))]
        for width, shape in (("7", [0, 1]), ("3.4", [0, 0])):
            figure = self.draw("depth", *sweeps, "--labels", f"{WORST},b", "--width", width)
            legends = self.check(figure)
            self.assertEqual(self.names(legends), ["product", "linear", "all-to-all"])
            colors = [h.get_color() for h in legends[0].get_lines()]
            self.assertEqual(colors, [style.LOOKS[f].color for f in ("product", "linear", "all-to-all")])
            titles = [a.get_title(loc="left") for a in figure.axes]
            self.assertEqual(titles[1:], [rf"b, $\epsilon$ = {e}" if k else titles[2] for e, k in ((0.01, 1), (0, 0), (0.0001, 1))])
            self.assertIn(r"$\epsilon$ = 0.0001", titles[2])
            self.assertEqual([a.get_subplotspec().colspan.start for a in figure.axes[:2]], shape)
            for axes, (more, hollow) in zip(figure.axes, ((1, False), (4, True), (0, False), (0, True))):
                depths = (1, 2) if hollow else (1, 2, 4)
                np.testing.assert_allclose(self.heights(axes), 2 * [(k + more) / 10 for k in depths])
                self.assertGreater(axes.get_ylim()[1], max(self.heights(axes)))
                self.assertGreater(axes.get_xlim()[1], 4)
                self.assertEqual([t.get_text() for t in axes.get_xticklabels()], ["1", "2", "4"])
                markers = [line for line in axes.lines if line.get_marker() in style.MARKERS]
                self.assertEqual({line.get_markerfacecolor() == "white" for line in markers}, {hollow})
            if width == "7":
                self.assertEqual(figure.axes[0].get_ylim(), figure.axes[1].get_ylim())
            self.assertEqual([row["sweep"] for row in self.table], 2 * (6 * [WORST] + 4 * ["b"]))
        self.assertIn("two sweeps are named made", self.fails("depth", *sweeps))
        self.assertIn("allowed: up to 3", self.fails("depth", *2 * sweeps, "--labels", "a,b,c,d"))
        other = make.sweep(self.folder / "other", ["circuit.sublayers"], {"p": (["3"], {"gaps": [1.0]})})
        self.assertIn("allowed: --x and --by with keys that all sweep", self.fails("depth", sweeps[0], other, "--labels", "a,b"))
        self.assertIn("1 labels for 2 sweeps", self.fails("depth", *sweeps, "--labels", "a"))

    def test_depth_of_one_point_without_success_and_of_twelve_lines(self):
        one = make.sweep(self.folder / "one", ["circuit.sublayers"], {"p": (["3"], {"gaps": [1.0] * 20}), "q": (["4"], None)})
        with contextlib.redirect_stderr(io.StringIO()) as said:
            figure = self.draw("depth", one, "--width", "3.4", "--epsilon", "0.1")
        self.assertEqual(self.check(figure), [])
        self.assertRegex(said.getvalue(), r"points without a result are not drawn \(1\): q\n")
        self.assertAlmostEqual(float(self.table[0]["high"]), 1 - 0.025 ** (1 / 20))
        families = [f"{WORST}{k}".replace("\n", "").replace("\x1b", "").replace("\\", "") for k in range(12)]
        figure = self.draw("depth", self.depth_sweep(families), "--width", "3.4")
        self.assertEqual(len(self.names(self.check(figure))), 12)

    def test_depth_of_what_it_cannot_pool(self):
        sweep = self.depth_sweep(seeds=(1, 2))
        self.assertIn("they differ in circuit.family: choose with --where", self.fails("depth", sweep, "--by", "problem.seed"))
        self.assertIn("no number", self.fails("depth", sweep, "--x", "circuit.family"))
        self.assertIn("not swept; allowed: circuit.family", self.fails("depth", sweep, "--x", "a.b"))
        self.assertIn("no point has begun with circuit.layers=9", self.fails("depth", sweep, "--where", "circuit.layers=9"))
        self.assertIn("allowed: KEY=VALUE", self.fails("depth", sweep, "--where", "x"))
        self.assertIn("numbers above 0", self.fails("depth", sweep, "--epsilon", "-1"))
        self.assertIn("no such sweep", self.fails("depth", sweep / "linear-1-1"))

    # ---- convergence ----

    def test_convergence(self):
        gaps = [10.0**-k for k in range(11)]
        made = make.campaign(self.folder / "c", gaps, iterations=[k % 4 for k in range(11)], history=True)
        for width in (3.4, 7.0):
            figure = self.draw("convergence", made, "--gradient", "--width", width)
            self.check(figure)
            # By hand: a restart that has ended keeps its last value.
            at = lambda k, i: gaps[k] + max(k % 4 - i, 0)  # noqa: E731
            for i in range(4):
                ordered = sorted(at(k, i) for k in range(11))
                (row,) = [r for r in self.table if r["panel"] == "gap" and r["iteration"] == str(i)]
                for name, place in (("low", 1), ("value", 5), ("high", 9)):
                    self.assertAlmostEqual(float(row[name]), ordered[place], places=12)
            line = figure.axes[0].lines[0]
            rows = [r for r in self.table if r["panel"] == "gap"]
            np.testing.assert_allclose(line.get_ydata(), self.column(rows, "value"))
            self.assertEqual(len(figure.axes), 2)
            self.assertEqual([r["value"] for r in self.table if r["panel"] == "gradient_norm"][-1], "0.5")

    def test_convergence_of_single_restarts_and_of_a_diverged_one(self):
        made = make.campaign(self.folder / "c", [1e-3, np.nan, 0.0], iterations=[2, 1, 400], history=True)
        figure = self.draw("convergence", made, "--restarts", "0", "2", "--linear")
        self.check(figure)
        self.assertIn("Gaps below 1e-14", self.text_of(figure))
        self.assertEqual({r["drawn"] for r in self.table}, {"restart 0", "restart 2"})
        drawn = [list(line.get_ydata()) for line in figure.axes[0].lines]
        self.assertEqual([len(d) for d in drawn], [len(self.table) / 2] * 2)
        np.testing.assert_allclose(drawn[0][:4], [2.001, 1.001, 0.001, 0.001])
        self.assertLess(len(drawn[0]), 400)  # not every iteration of a long one
        self.draw("convergence", made)
        self.assertIn("no restart 9", self.fails("convergence", made, "--restarts", "9"))
        bare = make.campaign(self.folder / "bare", [1.0])
        self.assertIn("restarts.keep_history = true", self.fails("convergence", bare))

    # ---- generalization ----

    def scored(self, seeds):
        points = {}
        for seed, samples in itertools.product(seeds, (10, 100)):
            gaps = np.array([0.3, 0.1, 0.2]) * seed
            made = {
                "gaps": gaps,
                "test_expectation": 0.25 + gaps + 1 / samples,
                "best_accuracy": 1 - gaps / 2,
                "best_test_accuracy": 0.9 - gaps / 2,
            }
            points[f"{seed}-{samples}"] = ([str(seed), str(samples)], made)
        return make.sweep(self.folder / "g", ["problem.seed", "problem.train_samples"], points)

    def test_generalization(self):
        sweep = self.scored((1, 2))
        figure = self.draw("generalization", sweep)
        self.check(figure)
        drawn = {(r["of"], r["data"], r["x"]): r for r in self.table}
        for of, mean in (("median restart", 0.25 + 0.3), ("best restart", 0.25 + 0.15)):
            for samples in ("10", "100"):
                self.assertAlmostEqual(float(drawn[of, "training", samples]["value"]), mean)
                test = drawn[of, "test", samples]
                self.assertAlmostEqual(float(test["value"]), mean + 1 / int(samples))
                # Of two data sets a bootstrap draws the same one twice with probability 1/4.
                half = 0.1 if of == "median restart" else 0.05
                self.assertAlmostEqual(float(test["high"]) - float(test["value"]), half)
        np.testing.assert_allclose(self.heights(figure.axes[0]), self.column(self.table, "value"))
        figure = self.draw("generalization", sweep, "--where", "problem.seed=1", "--accuracy", "--width", "7")
        self.check(figure)
        self.assertIn("One data set, n = 3 restarts a point: no interval.", self.text_of(figure))
        self.assertEqual({r["low"] for r in self.table}, {""})
        (best,) = [r for r in self.table if (r["of"], r["data"], r["x"]) == ("best restart", "test", "10")]
        self.assertAlmostEqual(float(best["value"]), 0.85)

    def test_generalization_needs_scores(self):
        points = {"p": (["10"], {"gaps": [1.0]})}
        sweep = make.sweep(self.folder / "g", ["problem.train_samples"], points)
        self.assertIn("no test_expectation; restarts.keep_scores = true", self.fails("generalization", sweep))
        self.assertIn("sweeps no problem.train_samples", self.fails("generalization", self.depth_sweep()))

    # ---- noise ----

    def evaluated(self, name, values, **more):
        """A file of one line for each (strength, expectation, probability)."""
        lines = [{"expectation": e, "minimum": 0.25, "best_probability": p,
                  "noise": {"kind": "depolarizing", "one_qubit": s / 4, "two_qubit": s}, **more} for s, e, p in values]  # fmt: skip
        (self.folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
        return self.folder / name

    def test_noise(self):
        a = self.evaluated("a.jsonl", [(0.1, 0.5, 0.2), (0.0, 0.3, 0.9), (0.1, 0.7, 0.4), (0.0, 0.3, 0.9)])
        b = self.evaluated("b.jsonl", [(0.0, 0.4, 0.5), (0.2, 0.6, 0.1)])
        for width in (3.4, 7.0):
            figure = self.draw("noise", a, b, "--labels", f"{WORST},b", "--width", width, "--title", WORST)
            self.assertEqual(len(self.names(self.check(figure))), 2)
            for axes, panel, means in zip(figure.axes, ("expectation", "best_probability"), ((0.3, 0.6), (0.9, 0.3))):
                rows = [r for r in self.table if r["panel"] == panel and r["line"] == WORST]
                self.assertEqual([(r["noise"], r["restarts"]) for r in rows], [("0.0", "2"), ("0.1", "2")])
                np.testing.assert_allclose(self.column(rows, "mean"), means)
                np.testing.assert_allclose(axes.lines[0].get_ydata(), means)
                self.assertLess(float(rows[1]["low"]), means[1])
            self.assertIn("Means over 1 to 2 restarts", self.text_of(figure))
        self.draw("noise", a, "--x", "one_qubit")
        self.assertEqual({r["noise"] for r in self.table}, {"0.0", "0.025"})

    def test_noise_of_what_it_cannot_read(self):
        good = self.evaluated("a.jsonl", [(0.1, 0.5, 0.2)])
        for name, text in (("x", "{}"), ("x", "nonsense"), ("x", '[1]'), ("x", good.read_text() + "{\"expectation\": 1}")):
            (self.folder / name).write_text(text)
            self.assertRegex(self.fails("noise", self.folder / name), r"x:[12]: allowed: lines of qhn evaluate")
        (self.folder / "x").write_text("")
        self.assertIn("empty", self.fails("noise", self.folder / "x"))
        self.assertIn("two files are named a", self.fails("noise", good, good))
        self.assertIn("missing", self.fails("noise", self.folder / "missing"))

    # ---- shots ----

    def test_shots(self):
        spent = np.array([[90, 10, 0]] * 4 + [[190, 10, 0]] * 4)
        half = {"best_cost": [0.25] * 4 + [1.0] * 4, "oracle_evaluations": spent}
        a = make.campaign(self.folder / "a", [0.5] * 8, **half)
        b = make.campaign(self.folder / "b", [0.5] * 8, best_cost=[1.0] * 8, oracle_evaluations=spent)
        figure = self.draw("shots", a, b, "--epsilon", "1e-3")
        self.assertEqual(self.names(self.check(figure)), ["a  (4 of 8)", "b  (0 of 8)"])
        for row in self.table:
            k = int(row["restarts_spent"])
            self.assertAlmostEqual(float(row["losses_spent"]), 150 * k)
            self.assertAlmostEqual(float(row["probability"]), 1 - 0.5**k if row["campaign"] == "a" else 0)
            if row["campaign"] == "b":  # 0 of 8
                self.assertAlmostEqual(float(row["high"]), 1 - (0.025 ** (1 / 8)) ** k)
        lines = figure.axes[0].lines[:2]
        np.testing.assert_allclose([y for l in lines for y in l.get_ydata()], self.column(self.table, "probability"))
        np.testing.assert_allclose([x for l in lines for x in l.get_xdata()], self.column(self.table, "losses_spent"))
        self.draw("shots", a, "--epsilon", "1e-3", "--expectation", "--width", "7")
        self.assertEqual({row["probability"] for row in self.table}, {"0.0"})
        every = make.campaign(self.folder / "e", [0.0] * 3, best_cost=[0.25] * 3, oracle_evaluations=spent[:3])
        self.draw("shots", every)
        self.assertEqual({row["probability"] for row in self.table}, {"1.0"})
        exact = make.campaign(self.folder / "x", [0.0])
        self.assertIn("counts no losses", self.fails("shots", exact))

    # ---- locality, landscape, networks ----

    def test_locality(self):
        text = json.dumps({"qubits": 3, "shares": [0.9, 0.1 - 1e-12, 1e-12]})
        (self.folder / "a.json").write_text(text)
        (self.folder / "two.json").write_text(text + "\n" + text)
        for width in (3.4, 7.0):
            figure = self.draw("locality", self.folder / "a.json", self.folder / "two.json", "--width", width)
            self.assertEqual(self.names(self.check(figure)), [f"{n}  (N = 3)" for n in ("a", "two 1", "two 2")])
        self.assertIn("below 1e-08 are left out", self.text_of(figure))
        self.assertEqual([(r["problem"], r["order"], r["share"]) for r in self.table[:2]], [("a", "1", "0.9"), ("a", "2", str(0.1 - 1e-12))])
        np.testing.assert_allclose(self.heights(figure.axes[0]), self.column(self.table, "share"))
        with mock.patch.object(sys, "stdin", io.StringIO(text)):
            self.draw("locality", "-", "--labels", "mine")
        self.assertEqual({row["problem"] for row in self.table}, {"mine"})
        for text, message in (("", "empty"), ("{", "not the JSON"), ("[1]", "not the JSON"), ('{"a": 1}', "no shares")):
            (self.folder / "bad.json").write_text(text)
            self.assertIn(message, self.fails("locality", self.folder / "bad.json"))
        self.assertIn("No such file", self.fails("locality", self.folder / "nowhere.json"))
        self.assertIn("no such program", self.fails("locality", "x.toml", "--qhn", self.folder / "qhn"))
        self.assertIn("2 labels for 1", self.fails("locality", self.folder / "a.json", "--labels", "a,b"))

    LANDSCAPE = {
        "qubits": 3, "local_minima": 3, "descent_success": 0.5,
        "minima": [{"index": 0, "gap": 0.0, "basin": 4}, {"index": 6, "gap": 0.5, "basin": 3}],
        "histogram": {"edges": [0.0, 1.0, 2.0], "counts": [7, 1]},
        "lowest": [],
    }  # fmt: skip

    def test_landscape(self):
        (self.folder / "l.json").write_text(json.dumps(self.LANDSCAPE))
        for width in (3.4, 7.0):
            figure = self.draw("landscape", self.folder / "l.json", "--width", width)
            figure.axes[0].plot([], [], "o"), figure.axes[0].plot([0.5], [7], "o")  # bars are no lines
            self.check(figure)
        self.assertIn("3 one-flip minima, the 2 lowest drawn.", self.text_of(figure))
        rows = [(r["panel"], float(r["x"]), float(r["y"])) for r in self.table]
        self.assertEqual(rows, [("histogram", 0, 7), ("histogram", 1, 1), ("minima", 0, 0.5), ("minima", 0.5, 0.375), ("optimum", 0, 0.5)])
        self.assertEqual([bar.get_height() for bar in figure.axes[0].patches], [7, 1])
        (self.folder / "l.json").write_text('{"qubits": 3}')
        self.assertIn("holds no histogram", self.fails("landscape", self.folder / "l.json"))

    def printed(self, **arrays):
        return {
            f"{group}[{','.join(map(str, place))}]" if place else group: f"{value:g}"
            for group, values in arrays.items()
            for place, value in np.ndenumerate(np.asarray(values, dtype=float))
        }

    def test_networks_of_the_plane(self):
        network = self.printed(W1=[[1, -1], [-1, 1]], W2=[1, 1], b2=-1.0, b1=[1, 1])
        lowest = [{"index": k, "gap": k / 10, "network": {**network, "activation": a}} for k, a in enumerate(("relu", "tanh"))]
        for width in (3.4, 7.0):
            figure, table = networks.make_figure({"lowest": lowest}, {"problem.kind": "gaussian"}, width=width)
            output.picture(figure, "png")
            self.assertEqual(len(figure.axes), 3)
            self.assertIn("relu", figure.axes[0].get_title(loc="left"))
            for row in table.rows():  # the formula, number by number
                f = {1: lambda z: max(z, 0.0), 2: math.tanh}[row["network"]]
                x, y = row["x"], row["y"]
                z = f(x - y + 1) + f(-x + y + 1) - 1
                self.assertAlmostEqual(row["value"], 1 / (1 + math.exp(-z)), places=12)

    def test_networks_of_images(self):
        logistic = {**self.printed(W=[-3, 1, 1, -3], b=1.0), "pair": "{-3, 1}"}
        settings = {"problem.kind": "images", "problem.side": 2, "problem.digits": [3, 7], "network.pair": "choice"}
        lowest = [{"index": 5, "gap": 0.0, "network": logistic}] * 3
        figure, table = networks.make_figure({"lowest": lowest}, settings)
        output.picture(figure, "pdf")
        self.assertIn("Positive weights speak for the digit 7", self.text_of(figure))
        self.assertEqual([r["value"] for r in table.rows()[:4]], [-3, 1, 1, -3])
        np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), [[-3, 1], [1, -3]])
        self.assertIn("values {-3, 1}", figure.axes[0].get_title(loc="left").replace("\n", " "))
        hidden = {**self.printed(W1=np.ones((4, 2)), W2=[1, 1], b2=1.0, b1=[1, 1]), "width": "1"}
        settings |= {"network.activation": "sign", "network.pair": [-1, 1]}
        figure, _ = networks.make_figure({"lowest": [{"index": 5, "gap": 0.0, "network": hidden}]}, settings, width=3.4)
        self.assertEqual(figure.axes[1].get_xlabel(), "switched off")
        for landscape, settings, message in (
            ({}, settings, "holds no networks"),
            ({"lowest": lowest}, {"problem.kind": "table"}, "no picture"),
            ({"lowest": lowest}, {"problem.kind": "gaussian"}, "4 inputs"),
            ({"lowest": lowest}, {"problem.kind": "images", "problem.side": 4}, "allowed: 16"),
            ({"lowest": [{"index": 0, "gap": 0, "network": {"W[1]": "1", "b": "1"}}]}, settings, "lacks weights of W"),
        ):
            with self.assertRaisesRegex(InputError, message):
                networks.make_figure(landscape, settings)

    # ---- the command ----

    def test_every_format_and_bad_options(self):
        made = self.campaigns(1)[0]
        for name, magic in (("a.png", b"\x89PNG"), ("new/a.svg", b"<?xml"), ("a.PDF", b"%PDF")):
            files = []
            for _ in range(2):
                with contextlib.redirect_stdout(io.StringIO()) as said:
                    self.assertEqual(program.main(["success", str(made), "--out", str(self.folder / name)]), 0)
                files.append((self.folder / name).read_bytes())
                self.assertEqual(said.getvalue(), f"{self.folder / name}\n")
            self.assertTrue(files[0].startswith(magic))
            self.assertEqual(*files)  # no date in it
        for command, message in (
            (["success", made, "--width", "5"], "invalid choice: 5.0"),
            (["success", made, "--range", "1", "0.1"], "the lower first"),
            (["success"], "the following arguments are required"),
            (["nosuch"], "invalid choice"),
            ([], "invalid choice|required|unrecognized"),
            (["success", made, "--data", self.folder / "no.png"], "no.png is named twice"),
            (["success", made, "--out", self.folder / "b.svg", "--out", self.folder / "b.svg"], "b.svg is named twice"),
            (["success", made, "--data", self.folder / "c0/campaign.h5/x"], "cannot write"),
        ):
            self.assertRegex(self.fails(*command), message)

    def test_one_figure_into_several_files(self):
        made, names = self.campaigns(1)[0], [str(self.folder / name) for name in ("a.pdf", "b.png", "c.csv")]
        with contextlib.redirect_stdout(io.StringIO()) as said:
            self.assertEqual(program.main(["success", str(made), "--out", names[0], "--out", names[1], "--data", names[2]]), 0)
        self.assertEqual(said.getvalue().split(), names)
        alone = self.folder / "alone.pdf"
        with contextlib.redirect_stdout(io.StringIO()):
            program.main(["success", str(made), "--out", str(alone)])
        self.assertEqual(alone.read_bytes(), pathlib.Path(names[0]).read_bytes())

    def test_a_file_is_written_whole_or_not_at_all(self):
        target = self.folder / "t.csv"
        target.write_text("old")
        with mock.patch("shutil.copymode", side_effect=OSError(28, "No space left on device")):
            with self.assertRaisesRegex(InputError, "cannot write .*t.csv: No space left"):
                output.write([(self.folder / "first", b"1"), (target, b"new")])
        self.assertEqual([p.name for p in self.folder.iterdir()], ["t.csv"])
        self.assertEqual(target.read_text(), "old")

    def test_every_figure_explains_itself(self):
        for name in figures.ALL:
            with contextlib.redirect_stdout(io.StringIO()) as said, self.assertRaises(SystemExit):
                program.main([name, "--help"])
            self.assertIn(f"example: ", said.getvalue())
            self.assertIn(f"qhn-plot {name} ", said.getvalue())

    def test_table(self):
        table = Table.from_rows(("a", "b"), [("x,1", np.float64(0.1)), ("y", math.nan), ("z", None)])
        self.assertEqual(table.csv(), 'a,b\n"x,1",0.1\ny,\nz,\n')
        self.assertEqual((len(table), table["a"][1], table.rows()[2]), (3, "y", {"a": "z", "b": None}))
        with self.assertRaisesRegex(ValueError, "different lengths"):
            Table({"a": [1], "b": []})

    def test_damaged_files(self):
        bad = self.folder / "bad"
        bad.mkdir()
        with h5py.File(bad / "campaign.h5", "w") as file:
            file.attrs.update({"format": "qhn campaign", "schema_version": 1})
        self.assertIn("cannot be read", self.fails("success", bad))
        made = make.campaign(self.folder / "c", [1.0])
        content = (made / "campaign.h5").read_bytes()
        (made / "campaign.h5").write_bytes(content[: len(content) // 2])
        self.assertIn("not an HDF5 file", self.fails("success", made))
        for name, text in (("a.csv", "x,y\n1,2\n"), ("b.csv", "\xff\x00")):
            (self.folder / name).write_bytes(text.encode("latin-1"))
            for figure in ("compare", "scaling", "roofline"):
                self.fails(figure, self.folder / name)
        self.assertIn("nowhere.csv: No such file", self.fails("compare", self.folder / "nowhere.csv"))
        with open(self.folder / "bench.csv", "w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow("benchmark start qubits sublayers threads median_seconds limit_seconds gflops".split())
            rows.writerows(self.ROWS)
        (self.folder / "bench.json").write_text("{}")
        self.assertIn("not as bench/run.sh writes it", self.fails("roofline", self.folder / "bench.csv"))

    # ---- style ----

    def test_families_and_methods_keep_their_look(self):
        self.assertEqual(style.looks(["linear", "product"]), [style.LOOKS["linear"], style.LOOKS["product"]])
        self.assertEqual(style.looks(["product"])[0], style.looks(["x", "product", "y"])[1])
        for names in (list(style.LOOKS), ["linear", "a", "b", "c"], ["linear"] * 12, ["a"] * 7, [str(k) for k in range(30)]):
            looks = style.looks(names)
            self.assertEqual(len({look.color for look in looks}), len(names))
        # Printed in grey: dashes or markers differ wherever colors are about as dark.
        self.assertEqual(len({(k.marker, str(k.linestyle)) for k in style.LOOKS.values()}), len(style.LOOKS))

    def test_no_colour_comes_twice(self):
        for count in (1, 7, 8, 15, 40):
            for colours in (style.palette(count), style.ordered(count)):
                self.assertEqual(len(colours), count)
                self.assertEqual(len(set(colours)), count)

    def test_a_long_name_is_cut_and_fits(self):
        figure, axes = plt.subplots(figsize=(style.NARROW, 2), layout="constrained")
        axes.plot([0, 1], [0, 1], marker="o")
        handles = [plt.Line2D([], [], color=c) for c in style.palette(3)]
        style.finish(figure, [(handles, ["n" * 500, "b" * 90, "c"], None)], "word " * 100, "t" * 10)
        self.check(figure)


if __name__ == "__main__":
    unittest.main()
