"""The page of qhn report in headless Chromium: what a reader sees and can do. QHN names the program.

Without Chromium these tests are skipped, or fail if QHN_NO_SKIP is set."""

import itertools
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "analysis"), str(pathlib.Path(__file__).parent)]

import browser  # noqa: E402
import campaigns as make  # noqa: E402
from qhn_report import content, page, read  # noqa: E402
from qhn_report.problem import Program  # noqa: E402

EXPERIMENT = """name = "made"
[problem]
kind = "gaussian"
seed = 1
train_samples = 200
test_samples = 200
[network]
kind = "mlp"
hidden = 2
activation = ["relu", "sigmoid"]
[circuit]
family = "linear"
layers = 3
"""
# The contrast of every text that is seen against what is behind it: (ratio, needed, text), the worst first.
CONTRAST = r"""(() => {
  const color = (text) => { const n = text.match(/[\d.]+/g).map(Number); return n.length < 4 ? [...n.slice(0, 3), 1] : n; };
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, k) => sum + c * [0.2126, 0.7152, 0.0722][k], 0);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const c = color(getComputedStyle(at).backgroundColor);
      if (c[3] === 1) return c;
      if (c[3] > 0) throw new Error('half transparent');
    }
    return [255, 255, 255, 1];
  };
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement, style = getComputedStyle(node);
    if (!walker.currentNode.data.trim() || ['SCRIPT', 'STYLE', 'title'].includes(node.tagName)) continue;
    if (!node.getClientRects().length || style.visibility === 'hidden') continue;
    const [a, b] = [light(color(node.closest('svg') ? style.fill : style.color)), light(behind(node))];
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), large ? 3 : 4.5, walker.currentNode.data.trim().slice(0, 40)]);
  }
  return found.sort((x, y) => x[0] / x[1] - y[0] / y[1]);
})()"""
# Parts that reach over the side of the window, without those in a part that scrolls.
TOO_WIDE = """[...document.querySelectorAll('body *')].filter((e) => e.getClientRects().length && !e.closest('.scrolls svg, .skip, #tip') &&
  (e.getBoundingClientRect().right > innerWidth + 0.5 || e.getBoundingClientRect().left < -0.5))
  .map((e) => `${e.tagName}.${e.className.baseVal ?? e.className}: ${e.textContent.trim().slice(0, 40)}`)"""
FIRST_COLUMN = "[...document.querySelectorAll('#results-0-means tbody tr')].map((row) => row.cells[4].querySelector('.value').textContent)"


class Browsing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        program = browser.find()
        if program is None:
            if os.environ.get("QHN_NO_SKIP"):
                raise AssertionError("no chromium in PATH; QHN_NO_SKIP is set")
            raise unittest.SkipTest("skipped: no chromium in PATH (Debian: apt-get install chromium)")
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.file = cls.folder / "report.html"
        report = content.make_report(read.load([cls.sweep()]), Program(os.environ.get("QHN")), out=cls.file)
        report.notices.append("A note, so that there is one.")
        cls.file.write_text(page.render(report), encoding="utf-8")
        cls.browser = browser.Browser(program)
        cls.addClassCleanup(cls.browser.__exit__)

    @classmethod
    def sweep(cls):
        """60 points: three families, four depths, five data sets."""
        random, points = np.random.default_rng(1), {}
        for family, seed, layers in itertools.product(("product", "linear", "all-to-all"), range(1, 6), range(1, 5)):
            iterations = random.integers(1, 30, 40)
            made = {"gaps": 10 ** (-6 * random.random(40)), "iterations": iterations, "evaluations": 2 * iterations,
                    "seconds": 0.01 * iterations, "experiment": EXPERIMENT, "history": True}  # fmt: skip
            points[f"{family}-{seed}-{layers}"] = ([f"'{family}'", str(seed), str(layers)], made)
        return make.sweep(cls.folder / "sweep", ["circuit.family", "problem.seed", "circuit.layers"], points)

    def setUp(self):
        self.browser.problems.clear()
        self.browser.requests.clear()
        self.browser.scripts(True)
        self.browser.look("light")
        self.browser.size(1280)
        self.browser.open(self.file)

    def tearDown(self):
        self.assertEqual(self.browser.problems, [])
        self.assertEqual({r for r in self.browser.requests if not r.startswith("data:")}, {self.file.resolve().as_uri()})

    def run_js(self, code):
        return self.browser.run(code)

    def test_figures_are_there(self):
        shown = "[...document.querySelectorAll('figure svg')].filter((s) => s.getClientRects().length)"
        sizes = self.run_js(f"{shown}.map((s) => [s.closest('figure').id, s.clientWidth, s.clientHeight, s.ariaLabel.length])")
        names = {name for name, *_ in sizes}
        self.assertLessEqual({f"results-0-{what}" for what in ("epsilon", "depth", "convergence")}, names)
        self.assertEqual(len(names), len(sizes), "a figure that is shown twice")
        self.assertEqual(len(names), self.run_js("document.querySelectorAll('figure').length"))
        for name, width, height, label in sizes:
            self.assertGreater(min(width, height), 150, name)
            self.assertGreater(label, 30, name)
        self.assertEqual(self.run_js("[...document.querySelectorAll('figure')].filter((f) => !f.querySelector('figcaption').innerText.trim()).length"), 0)
        milliseconds = self.run_js("performance.getEntriesByType('navigation')[0].loadEventEnd")
        print(f"the page of 60 points: {self.file.stat().st_size / 1e3:.0f} kB, loaded in {milliseconds:.0f} ms", file=sys.stderr)

    def test_tables_are_sorted_by_keyboard(self):
        before = self.run_js(FIRST_COLUMN)
        self.run_js("document.querySelectorAll('#results-0-means thead button')[4].focus()")
        self.browser.press("Enter")
        up = self.run_js(FIRST_COLUMN)
        self.assertEqual(up, sorted(before, key=float))
        self.assertNotEqual(up, before)
        head = "document.querySelectorAll('#results-0-means thead th')[4]"
        self.assertEqual(self.run_js(f"{head}.getAttribute('aria-sort')"), "ascending")
        self.browser.press("Enter")
        self.assertEqual(self.run_js(FIRST_COLUMN), sorted(before, key=float, reverse=True))
        self.assertEqual(self.run_js(f"{head}.getAttribute('aria-sort')"), "descending")
        self.browser.press("Tab")  # to the next column, by text or number
        self.run_js("document.querySelectorAll('#results-0-means thead button')[0].focus()")
        self.browser.press("Enter")
        families = "[...document.querySelectorAll('#results-0-means tbody tr')].map((row) => row.cells[0].innerText.trim())"
        self.assertEqual(self.run_js(families), 4 * ["all-to-all"] + 4 * ["linear"] + 4 * ["product"])

    def test_contrast(self):
        self.run_js("document.querySelectorAll('details').forEach((d) => (d.open = true))")
        for scheme, media in (("light", ""), ("dark", ""), ("dark", "print")):
            self.browser.look(scheme, media)
            found = self.run_js(CONTRAST)
            self.assertGreater(len(found), 300)
            self.assertGreaterEqual(found[0][0], found[0][1], f"{scheme} {media}: {found[:5]}")
        self.browser.look("dark")
        self.assertLess(self.run_js("Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])"), 60)

    def test_narrow_windows(self):
        for width in (360, 800, 1280):
            self.browser.size(width)
            self.run_js("document.querySelectorAll('details').forEach((d) => (d.open = true))")
            self.assertLessEqual(self.run_js("document.documentElement.scrollWidth"), width)
            self.assertEqual(self.run_js(TOO_WIDE), [], width)
        self.browser.size(360)
        small = self.run_js("Math.min(...[...document.querySelectorAll('.narrow text')].map((t) => "
                            "parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().a).filter((s) => s > 0))")  # fmt: skip
        self.assertGreaterEqual(small, 7, "letters of a figure on a phone, in pixels")

    def test_values_of_points_by_keyboard_and_mouse(self):
        self.run_js("document.querySelector('#results-0-depth .wide svg').focus({preventScroll: true})")
        self.browser.press("ArrowRight")
        first = self.run_js("document.getElementById('tip').className + document.getElementById('tip').textContent")
        self.assertRegex(first, r"^onproduct layers 1, ε = 0.01: 0\.\d+ \[")
        # The value stays at its point while the page scrolls.
        self.run_js("new Promise((done) => { addEventListener('scroll', () => requestAnimationFrame(done), {once: true}); "
                    "document.querySelector('#results-0-depth .wide svg').scrollIntoView({block: 'center', behavior: 'instant'}); })")  # fmt: skip
        mark, value = self.run_js("['#results-0-depth .wide .mark', '#tip'].map((of) => document.querySelector(of)"
                                  ".getBoundingClientRect()).map((place) => [place.top, place.bottom])")  # fmt: skip
        self.assertAlmostEqual(mark[0] - value[1], 8, delta=1)
        self.assertTrue(0 < value[0] < 900, value)
        self.assertEqual(self.run_js("document.getElementById('tip').className"), "on")
        self.browser.press("ArrowRight")
        self.assertIn("product layers 2", self.run_js("document.getElementById('tip').textContent"))
        self.browser.press("Escape")
        self.assertEqual(self.run_js("document.getElementById('tip').className"), "")
        place = self.run_js("(() => { const m = document.querySelectorAll('#results-0-depth .wide .mark')[5]; m.scrollIntoView({block: 'center', "
                            "behavior: 'instant'}); const b = m.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()")  # fmt: skip
        self.browser.move(0, 0)
        self.browser.move(*place)
        # The page may be busy: until the value is shown, at most ten seconds.
        self.run_js("new Promise((done) => { const end = performance.now() + 1e4, look = () => performance.now() > end || "
                    "document.getElementById('tip').className === 'on' ? done() : requestAnimationFrame(look); look(); })")  # fmt: skip
        self.assertRegex(self.run_js("document.getElementById('tip').textContent"), r"^linear layers 2, ε = 0.01: ")

    def test_without_scripts(self):
        self.browser.scripts(False)
        self.browser.open(self.file)
        self.browser.scripts(True)
        self.assertEqual(self.run_js("document.querySelectorAll('button').length"), 0)
        self.assertEqual(self.run_js("document.querySelectorAll('#results-0-depth .wide .mark title').length"), 24)
        self.assertGreater(self.run_js("document.body.innerText.length"), 2000)

    def test_print(self):
        file = self.folder / "page.pdf"
        self.browser.pdf(file)
        self.assertEqual(file.read_bytes()[:5], b"%PDF-")


if __name__ == "__main__":
    unittest.main()
