"""Every script that draws, on small data: what is in the figure, through matplotlib's own objects."""

import csv
import importlib
import itertools
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
sys.path.insert(0, str(ROOT / "analysis"))

import looks  # noqa: E402
from looks import plt  # noqa: E402

WORST = "_a$b$ 50% #1 x_{2} \x1b[31m\n^"  # a name that is a formula, a comment, an escape
MACHINE = "two cores"


class Figures(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.addCleanup(plt.close, "all")

    def draw(self, script, *arguments):
        """The figure that the script has drawn."""
        plt.close("all")
        out = self.folder / "figure.png"
        command = [script, *map(str, arguments), "--out", str(out)]
        with mock.patch.object(sys, "argv", command), mock.patch("builtins.print"):
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # a layout that does not fit, a glyph that is not there
                importlib.import_module(script).main()
        self.assertGreater(out.stat().st_size, 1000)
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
            self.assertTrue(
                any(line.get_marker() not in ("None", "", None) for line in drawn) or len(drawn) > 1,
                "a panel without data",
            )
        for legend in legends:
            looks_of = [
                (h.get_color(), h.get_marker(), h.get_linestyle(), h.get_markerfacecolor())
                for h in legend.get_lines()
            ]
            self.assertEqual(len(set(looks_of)), len(looks_of), "two labels that look alike")
            lines = [h.get_color() for h in legend.get_lines() if h.get_linestyle() != "None"]
            self.assertEqual(len(set(lines)), len(lines), "one colour for two labels")
        self.assertIn(round(figure.get_size_inches()[0] * 2.54, 1), (8.5, 17.0))
        return legends

    def text_of(self, figure):
        return " ".join(t.get_text() for t in figure.texts).replace("\n", " ")

    def names(self, legends):
        return [t.get_text() for legend in legends for t in legend.get_texts()]

    # ---- success.py ----

    def campaigns(self, count):
        rng = np.random.default_rng(1)
        folders = []
        for k in range(count):
            folder = self.folder / f"c{k}"
            folder.mkdir()
            with h5py.File(folder / "campaign.h5", "w") as file:
                file["restarts/id"] = np.arange(30, dtype="u8")
                file["restarts/gap"] = 10 ** (-7 * rng.random(30))
                file["epsilon"] = [1e-2, 1e-4]
                file["experiment"] = "[problem]"
                file["provenance/hosts"] = np.array(["n1"], dtype=h5py.string_dtype())
                file.attrs.update({"format": "qhn campaign", "schema_version": 1})
                file["provenance"].attrs["git_commit"] = "abc"
                file["provenance"].attrs["engine"] = "cut"
            folders.append(folder)
        return folders

    def test_success(self):
        for count, width in ((1, 8.5), (3, 8.5), (12, 17)):
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
            # The dots of campaigns stand side by side.
            lines = figure.axes[0].lines
            dots = [tuple(line.get_xdata()) for line in lines if line.get_marker() in looks.MARKERS]
            self.assertEqual(len(set(dots)), count)

    # ---- compare.py ----

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

    # ---- scaling.py ----

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

    # ---- roofline.py ----

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

    # ---- looks.py ----

    def test_no_colour_comes_twice(self):
        for count in (1, 7, 8, 15, 40):
            for colours in (looks.palette(count), looks.ordered(count)):
                self.assertEqual(len(colours), count)
                self.assertEqual(len(set(colours)), count)

    def test_a_long_name_is_cut_and_fits(self):
        figure, axes = plt.subplots(figsize=(looks.COLUMN, 2), layout="constrained")
        axes.plot([0, 1], [0, 1], marker="o")
        handles = [plt.Line2D([], [], color=c) for c in looks.palette(3)]
        looks.finish(figure, [(handles, ["n" * 500, "b" * 90, "c"], None)], "word " * 100, "t" * 10)
        self.check(figure)


if __name__ == "__main__":
    unittest.main()
