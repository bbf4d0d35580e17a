"""The numbers of a figure: columns of equal length, one row for each thing that is drawn."""

from __future__ import annotations

import csv
import io
import math


class Table:
    """Columns by name, in order; table["low"] is one, len(table) the number of rows.

    A cell is text, a number, or None where there is none. Raises ValueError if lengths differ."""

    def __init__(self, columns: dict):
        self.columns = {name: [_plain(cell) for cell in cells] for name, cells in columns.items()}
        if len({len(cells) for cells in self.columns.values()}) > 1:
            raise ValueError("columns of different lengths")

    @classmethod
    def from_rows(cls, names, rows) -> Table:
        """`names` of the columns, and rows as sequences in that order."""
        rows = list(rows)
        return cls({name: [row[k] for row in rows] for k, name in enumerate(names)})

    def __getitem__(self, name):
        return self.columns[name]

    def __len__(self):
        return len(next(iter(self.columns.values()), []))

    def rows(self):
        """Every row as {column: cell}."""
        return [dict(zip(self.columns, cells)) for cells in zip(*self.columns.values())]

    def csv(self) -> str:
        """As CSV with a line of names. Numbers have all their digits; None and NaN are empty."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        for cells in zip(*self.columns.values()):
            writer.writerow(["" if _absent(cell) else cell for cell in cells])
        return text.getvalue()


def _plain(cell):
    """A numpy scalar as the number of Python that it is."""
    return cell.item() if hasattr(cell, "item") else cell


def _absent(cell):
    return cell is None or (isinstance(cell, float) and math.isnan(cell))
