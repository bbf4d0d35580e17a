"""The report as one HTML file."""

from __future__ import annotations

import pathlib

import jinja2

from qhn_report import blocks, drawings

FOLDER = pathlib.Path(__file__).resolve().parent


def render(report) -> str:
    """`report`: blocks.Report. Draws its pictures; the page needs nothing from elsewhere."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    environment.globals.update(kind=lambda block: type(block).__name__)
    for section in report.sections:
        section.blocks = [drawings.draw(b) if isinstance(b, blocks.Picture) else b for b in section.blocks]
    return environment.get_template("template.html").render(
        report=report,
        style=(FOLDER / "style.css").read_text(encoding="utf-8"),
        script=(FOLDER / "page.js").read_text(encoding="utf-8"),
    )
