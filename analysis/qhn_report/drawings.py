"""Figures of qhn_plot as SVG inside a page: small, without ids that meet others, with the values of marked points.

Text stays text: half the size of outlines, and it can be searched. Its font is the page's variable --figure-font.
"""

from __future__ import annotations

import io
import re
import warnings
from typing import NamedTuple
from xml.etree import ElementTree

from matplotlib.transforms import Bbox

from qhn_plot import InputError, style
from qhn_report.blocks import Picture, Text

WIDE, NARROW = style.WIDE, 2.7  # inches: for a page, for a phone
MOST_MARKS = 400  # with a value each; more would make the page heavy
CAPS = {"_", "|", "None", "none", "", " ", None}  # ends of bars, and no marker
MARKS = "marks-"  # begins the name of a group of markers in the SVG
SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
NUMBER = re.compile(r"-?\d*\.?\d+(?:e-?\d+)?")
REFERENCE = re.compile(r"url\(#([^)]+)\)")
FONT = re.compile(r"'DejaVu Sans'(?:, *'[^']+')*(?:, *[\w-]+)?")


class Drawing(NamedTuple):
    """A Picture that is drawn.

    wide, narrow  SVG elements as text; narrow is "" where there is one form only
    caption       that of the picture, then that of the figure"""

    picture: Picture
    wide: str
    narrow: str
    caption: str


def draw(picture):
    """A Drawing, or a Text that says why there is none."""
    try:
        wide, caption = _svg(picture, WIDE)
        narrow = "" if picture.wide else _svg(picture, NARROW)[0]
    except InputError as why:
        return Text(f"{picture.title} is not drawn: {why}.", "missing")
    return Drawing(picture, wide, narrow, f"{picture.caption}{caption}".strip())


def _svg(picture, width):
    """(SVG, caption of the figure)."""
    figure, table = picture.draw(width)
    try:
        caption = _take_caption(figure)
        titles = picture.marks(table) if picture.marks else []
        groups = _name_marks(figure) if titles else []
        for part in (figure, *figure.axes):
            part.set_facecolor("none")  # the page has its own, light in dark mode too
        content = io.BytesIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a glyph that a font lacks
            figure.savefig(content, format="svg", bbox_inches=_border(figure), facecolor="none", metadata={"Date": None})
    finally:
        style.plt.close(figure)
    root = ElementTree.fromstring(content.getvalue())
    if titles and len(titles) == sum(count for _, count in groups) and len(titles) <= MOST_MARKS:
        _add_titles(root, groups, titles)
    prefix = re.sub(r"\W", "-", f"{picture.key}-{'w' if width == WIDE else 'n'}-")
    return _compact(root, prefix, picture.alt), caption


def _take_caption(figure) -> str:
    """Removes the caption from the figure: on the page it is text below it."""
    captions = [text for text in figure.texts if text is not figure._suptitle]
    told = " ".join(" ".join(text.get_text().split()) for text in captions)
    for text in captions:
        text.remove()
    for legend in figure.legends:
        legend.set_in_layout(True)  # or the border is drawn without it
    return told.replace(r"\$", "$")


def _border(figure):
    """Inches: everything that is drawn. bbox_inches="tight" counts a label of an axis as a point."""
    renderer = figure.canvas.get_renderer()
    boxes = [figure.get_tightbbox(renderer)]
    for axes in figure.axes:
        labels = [axis.label for axis in (axes.xaxis, axes.yaxis) if axes.get_visible() and axis.label.get_text()]
        boxes += [label.get_window_extent(renderer).transformed(figure.dpi_scale_trans.inverted()) for label in labels]
    return Bbox.union(boxes).padded(0.02)


def _name_marks(figure) -> list:
    """Names the lines with markers; returns [(name, points)] in the order in which they are drawn."""
    lines = [line for axes in figure.axes for line in axes.lines if line.get_marker() not in CAPS]
    named = []
    for k, line in enumerate(lines):
        line.set_gid(f"{MARKS}{k}")
        named.append((f"{MARKS}{k}", len(line.get_xdata())))
    return named


def _add_titles(root, groups, titles):
    """Puts every marker into a group of its own, with its text."""
    places = {node.get("id"): node for node in root.iter(f"{SVG}g") if (node.get("id") or "").startswith(MARKS)}
    found = []
    for name, count in groups:
        parents = [n for n in places[name].iter() if n.tag == f"{SVG}g"]
        marks = [(parent, use) for parent in parents for use in parent if use.tag == f"{SVG}use"]
        if len(marks) != count:  # a point without a place
            return
        found += marks
    for (parent, use), text in zip(found, titles):
        mark = ElementTree.Element(f"{SVG}g", {"class": "mark"})
        ElementTree.SubElement(mark, f"{SVG}title").text = text
        parent[list(parent).index(use)] = mark
        mark.append(use)


def _compact(root, prefix, alt) -> str:
    used = _references(root)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{SVG}metadata", f"{SVG}style"):
                parent.remove(child)
    inside = {node for defs in root.iter(f"{SVG}defs") for node in defs.iter()}
    for node in root.iter():
        node.tag = node.tag.replace(SVG, "")
        digits = 2 if node in inside else 1
        for name, value in list(node.attrib.items()):
            del node.attrib[name]
            name = name.replace(XLINK, "")
            value = _attribute(name, value, prefix, used, digits)
            if value is not None:
                node.set(name, value)
        if node.tag not in ("text", "tspan", "title"):
            node.text = (node.text or "").strip() or None
        node.tail = (node.tail or "").strip() or None
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    has_marks = any(node.get("class") == "mark" for node in root.iter())
    root.attrib.update({"role": "group" if has_marks else "img", "aria-label": alt})
    return ElementTree.tostring(root, encoding="unicode")


def _references(root) -> set:
    found = set()
    for node in root.iter():
        for name, value in node.attrib.items():
            found.update(REFERENCE.findall(value))
            if name in ("href", f"{XLINK}href") and value.startswith("#"):
                found.add(value[1:])
    return found


def _attribute(name, value, prefix, used, digits):
    """The value as the page has it; None: left out."""
    if name == "id":
        return prefix + value if value in used else None
    if name == "href":
        return f"#{prefix}{value[1:]}" if value.startswith("#") else value
    value = REFERENCE.sub(lambda m: f"url(#{prefix}{m[1]})", value)
    if name == "d":
        return _path(value, digits)
    if name in ("x", "y", "transform", "width", "height"):
        if name == "transform" and value.startswith("rotate(-0 "):
            return None
        return NUMBER.sub(lambda m: _rounded(m[0], 4 if name == "transform" else 2), value)
    if name == "style":
        return FONT.sub("var(--figure-font)", value).replace(": ", ":").replace("; ", ";")
    return value


def _rounded(text, digits) -> str:
    short = f"{float(text):.{digits}f}"
    short = short.rstrip("0").rstrip(".") if "." in short else short
    return "0" if short in ("-0", "") else short


def _path(value, digits) -> str:
    """The same path with rounded numbers, without points that fall on the one before."""
    parts, last = [], None
    for command, numbers in re.findall(r"([A-Za-z])([^A-Za-z]*)", re.sub(r"e-\d+", "", value) if "e-" in value else value):
        place = " ".join(_rounded(n, digits) for n in numbers.split())
        if command == "L" and place == last:
            continue
        parts.append(command + place)
        last = place if command in "ML" else None
    return "".join(parts)
