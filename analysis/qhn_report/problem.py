"""Runs the program for what the result files do not hold: landscape, locality, networks, comparison."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import tempfile

from qhn_plot import InputError, program
from qhn_plot.figures import compare

MOST_QUBITS = 20  # larger tables of costs take too long for a page
SECONDS = 300  # that a verb may take
SAME = 1e-9  # relative: a minimum that differs more is of another problem


class NotAvailable(Exception):
    """The program, its data or its answer is missing; the message is the end of a sentence."""


class Program:
    """The program qhn at `path`; None: there is none, and every verb raises NotAvailable."""

    def __init__(self, path):
        self.path = path

    @classmethod
    def find(cls) -> Program:
        """The one that the environment variable QHN names, else that of the checkout or of PATH."""
        try:
            return cls(program.find(os.environ.get("QHN") or None))
        except InputError:
            return cls(None)

    def run(self, *arguments) -> str:
        """What `qhn ARGUMENTS` prints. Raises NotAvailable with the last line of its errors."""
        if self.path is None:
            raise NotAvailable("the program qhn was not found")
        command = [self.path, *map(str, arguments)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=SECONDS, errors="replace"
            )
        except OSError as error:
            raise NotAvailable(f"qhn could not be started ({error.strerror})") from None
        except subprocess.TimeoutExpired:
            raise NotAvailable(f"qhn {arguments[0]} took longer than {SECONDS} s") from None
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
            raise NotAvailable(f"qhn {arguments[0]} failed: {lines[-1].removeprefix('qhn: ')}")
        return done.stdout

    def about(self, verb, campaign, *more) -> dict:
        """The JSON of `qhn VERB EXPERIMENT --json MORE…` on the experiment that the campaign keeps."""
        text = str(campaign.attributes.get("experiment", ""))
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "experiment.toml")
            file.write_text(text, encoding="utf-8")
            try:
                said = self.run(verb, file, *more, "--json")
            except NotAvailable as error:
                raise NotAvailable(str(error).replace(f"{file}: ", "").replace(str(file), "experiment")) from None
        try:
            return json.loads(said)
        except ValueError:
            raise NotAvailable(f"qhn {verb} printed no JSON") from None

    def landscape(self, campaign, *more) -> dict:
        """The JSON of qhn landscape, checked to be of the table that the campaign's gaps are counted from."""
        check_size(campaign)
        found = self.about("landscape", campaign, *more)
        minimum = float(campaign.reference[1])
        if campaign.reference[0] == "enumerated" and abs(found["minimum"] - minimum) > SAME * max(abs(minimum), 1e-300):
            raise NotAvailable(
                f"the data here give another minimum ({found['minimum']:.10g}) than the campaign's ({minimum:.10g})"
            )
        return found

    def compare(self, paths) -> tuple:
        """(tables as qhn_plot.figures.compare.read returns them, the CSV) of `qhn compare PATHS --format csv`."""
        said = self.run("compare", *paths, "--format", "csv")
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "compare.csv")
            file.write_text(said, encoding="utf-8")
            try:
                return compare.read(file), said
            except InputError as error:
                raise NotAvailable(str(error).replace(str(file), "the CSV of qhn compare")) from None


def check_size(campaign) -> None:
    """Raises NotAvailable where a table of all costs is unknown or too large for a page."""
    qubits = campaign.attributes.get("table/qubits")
    if qubits is None:
        raise NotAvailable("the result file does not say how many qubits there are")
    if campaign.reference[0] != "enumerated":
        raise NotAvailable("the campaign counts from a target, not from a table of all costs")
    if int(qubits) > MOST_QUBITS:
        raise NotAvailable(f"the problem has 2^{int(qubits)} networks; a page takes up to 2^{MOST_QUBITS}")


def experiment_file(entry) -> str:
    """What the experiment of a read.Entry is called in commands; the page holds its text."""
    return (re.sub(r"[^A-Za-z0-9._-]+", "-", entry.title).strip("-.") or "experiment") + ".toml"
