"""qhn_bench at tiny sizes: every row is there and right, and a broken kernel is noticed. The program
is in the environment variable QHN_BENCH."""

import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

BENCH = os.environ["QHN_BENCH"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
COLUMNS = (
    "benchmark,start,qubits,sublayers,threads,median_seconds,limit_seconds,passes,gflops,verified"
)
ROWS = {"gradient", "forward", "restarts", "table", "wht", "sampling", "pass", "peak_fma"}


def bench(folder, *options):
    """(exit code, rows of bench.csv, bench.json), or (exit code, messages, None)"""
    command = [BENCH, "--smoke", "--threads", "2", "--out", folder, *options]
    run = subprocess.run(command, capture_output=True, text=True)
    path = pathlib.Path(folder, "bench.csv")
    if not path.exists():
        return run.returncode, run.stdout + run.stderr, None
    text = path.read_text()
    assert text.splitlines()[0] == COLUMNS, text
    rows = list(csv.DictReader(text.splitlines()))
    return run.returncode, rows, json.loads(pathlib.Path(folder, "bench.json").read_text())


def bench_in_passing(*options):
    with tempfile.TemporaryDirectory() as folder:
        return bench(folder, *options)


def roofline(*arguments):
    command = [sys.executable, ROOT / "analysis/qhn-plot", "roofline", *arguments]
    subprocess.run(command, check=True, capture_output=True, text=True)


class Smoke(unittest.TestCase):
    def test_every_row_is_there_and_verified(self):
        with tempfile.TemporaryDirectory() as folder:
            code, rows, report = bench(folder)
            self.assertEqual(code, 0, rows)
            self.check(rows, report)
            for name, start in (("a.png", b"\x89PNG"), ("a.svg", b"<?xml")):
                roofline(f"{folder}/bench.csv", "--out", f"{folder}/{name}")
                self.assertTrue(pathlib.Path(folder, name).read_bytes().startswith(start))

    def check(self, rows, report):
        self.assertLessEqual(ROWS, {row["benchmark"] for row in rows})
        keys = [tuple(row.values())[:5] for row in rows]
        self.assertEqual(len(keys), len(set(keys)))
        passes = {(r["qubits"], r["threads"]): r for r in rows if r["benchmark"] == "pass"}
        for row in rows:
            self.assertEqual(row["verified"], "1", row)
            self.assertGreater(float(row["median_seconds"]), 0, row)
            self.assertGreater(float(row["limit_seconds"]), 0, row)
            if row["qubits"] != "0" and row["benchmark"] not in ("scale", "pass"):
                one = passes[row["qubits"], row["threads"]]
                ratio = float(row["median_seconds"]) / float(one["median_seconds"])
                self.assertAlmostEqual(float(row["passes"]) / ratio, 1, 4)
        for name in ("gradient", "forward"):
            self.assertEqual(
                {row["start"] for row in rows if row["benchmark"] == name}, {"zero", "random"}
            )
        # What compare.py reads: names, and the times of every repetition.
        self.assertIn("context", report)
        names = {entry["run_name"].split("/")[0] for entry in report["benchmarks"]}
        self.assertEqual(names, {row["benchmark"] for row in rows})
        for entry in report["benchmarks"]:
            self.assertIn("real_time", entry)
            self.assertIn("cpu_time", entry)

    def test_a_broken_kernel_is_noticed(self):
        code, rows, _ = bench_in_passing("--break", "gradient", "--filter", "^(gradient|forward)/")
        self.assertEqual(code, 1)
        for row in rows:
            self.assertEqual(row["verified"], "01"[row["benchmark"] != "gradient"], row)

    def test_every_row_can_be_seen_to_be_wrong(self):
        code, rows, _ = bench_in_passing("--break", "all")
        self.assertEqual(code, 1)
        self.assertLessEqual(ROWS, {row["benchmark"] for row in rows})
        for row in rows:
            self.assertEqual(row["verified"], "0", row)

    def test_refuses_what_it_does_not_know(self):
        for options in (["--simd", "mmx"], ["--break", "nothing"], ["--filter", "nothing"]):
            code, text, _ = bench_in_passing(*options)
            self.assertEqual(code, 2, options)
            self.assertIn(options[1], text)


class Roofline(unittest.TestCase):
    def test_says_what_is_wrong(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "bench.csv")
            for text, message in (("", "columns"), (COLUMNS + "\n", "pass")):
                path.write_text(text)
                with self.assertRaises(subprocess.CalledProcessError) as failure:
                    roofline(path)
                self.assertEqual(failure.exception.returncode, 1)
                self.assertIn(message, failure.exception.stderr)


if __name__ == "__main__":
    unittest.main()
