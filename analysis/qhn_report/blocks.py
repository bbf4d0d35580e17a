"""What a page is made of, as plain data: a Report has Sections, a Section has Texts, Tables, Pictures, Codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable


@dataclass(frozen=True)
class Cell:
    """Of a table.

    text   what is printed
    order  what the column is sorted by; None: the text
    note   a second, smaller line: an interval
    bar    (value, low, high), shares that are also drawn; None: no bar"""

    text: str
    order: float | None = None
    note: str = ""
    bar: tuple | None = None


@dataclass(frozen=True)
class Table:
    """`head`: names with units; `rows`: sequences of as many Cells; the first `labels` columns name the row.

    key       tells it apart on the page: its address is #key
    commands  lines for a shell that give its numbers
    folded    shown closed
    sortable  by any column"""

    key: str
    title: str
    caption: str
    head: list
    rows: list
    commands: list
    labels: int = 1
    folded: bool = False
    sortable: bool = True


@dataclass(frozen=True)
class Picture:
    """A figure of qhn_plot.

    alt      says in words what is seen
    caption  stands below it, before that of the figure itself
    draw     width in inches -> (matplotlib Figure, qhn_plot Table); may raise InputError
    marks    qhn_plot Table -> a text for each marked point, in the order in which they are drawn
    wide     is not drawn narrow too: scrolls sideways on a phone"""

    key: str
    title: str
    alt: str
    caption: str
    commands: list
    draw: Callable
    marks: Callable | None = None
    wide: bool = False


@dataclass(frozen=True)
class Text:
    """A paragraph; `kind`: "" or "missing", which says what is not on the page, and why."""

    text: str
    kind: str = ""


@dataclass(frozen=True)
class Code:
    """A file, shown closed under its title."""

    key: str
    title: str
    text: str


@dataclass
class Section:
    key: str
    title: str
    blocks: list = field(default_factory=list)


@dataclass
class Report:
    """title    of the page
    summary  paragraphs: what was run and what came out
    notices  what a reader must know first: unfinished campaigns
    facts    [(name, value, note)]: the few numbers shown large
    sections in the order of the page
    command  that makes the page"""

    title: str
    summary: list
    notices: list
    facts: list
    sections: list
    command: str

    def blocks(self, kind) -> list:
        """All blocks of a class."""
        return [block for section in self.sections for block in section.blocks if isinstance(block, kind)]
