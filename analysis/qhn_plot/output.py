"""Writes figures and tables, each whole or not at all."""

from __future__ import annotations

import io
import os
import pathlib
import shutil
import tempfile

from qhn_plot import InputError, style

FORMATS = {".png": "png", ".svg": "svg", ".pdf": "pdf"}


def format_of(path) -> str:
    """png, svg or pdf, by the end of the name. Raises InputError for another."""
    ending = pathlib.Path(path).suffix.lower()
    if ending not in FORMATS:
        raise InputError(f"cannot write {path}: allowed: a name that ends in {', '.join(FORMATS)}")
    return FORMATS[ending]


def picture(figure, kind, dpi=None) -> bytes:
    """The figure as the bytes of a file of that kind: "png", "svg" or "pdf". PDF and SVG of the same figure are the
    same bytes: they hold no date. `dpi`: of PNG, default style.DPI."""
    content = io.BytesIO()
    dates = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}
    figure.savefig(content, format=kind, dpi=dpi or style.DPI, metadata=dates.get(kind))
    return content.getvalue()


def write(files) -> None:
    """Writes (path, bytes) after (path, bytes), also through links; folders are made. All are on the disk under other
    names before the first takes its own. Permissions of a file that is there stay.

    Raises InputError that names the path; then old files are as they were."""
    ready = []  # (other name, own name)
    try:
        for path, content in files:
            place = pathlib.Path(os.path.realpath(path))
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                if place.exists() and not place.is_file():  # a device, a pipe; or a folder, which fails here
                    place.write_bytes(content)
                else:
                    ready.append((_beside(place, content), place))
            except OSError as error:
                raise InputError(f"cannot write {path}: {error.strerror or error}") from None
        for name, place in ready:
            os.replace(name, place)
    finally:
        for name, _ in ready:
            name.unlink(missing_ok=True)


def _beside(place, content):
    """A new file in the folder of `place`, with its permissions."""
    handle, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
    name = pathlib.Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        if place.exists():
            shutil.copymode(place, name)
        else:
            mask = os.umask(0)
            os.umask(mask)
            name.chmod(0o666 & ~mask)
    except BaseException:
        name.unlink()
        raise
    return name
