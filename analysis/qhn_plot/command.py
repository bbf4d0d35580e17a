"""What the command lines of qhn-plot and qhn report have in common."""

from __future__ import annotations

import argparse


class Parser(argparse.ArgumentParser):
    """Says on one line what cannot be used, and exits with 2."""

    def error(self, message):
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")
