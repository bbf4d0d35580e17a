"""What figures take from the program qhn: JSON from a file, from standard input, or by running it."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import sys

from qhn_plot import InputError
from qhn_results.toml_text import read_settings

BUILT = pathlib.Path("build/release/bin/qhn")


def add_options(parser):
    parser.add_argument("--qhn", metavar="PATH", help="program to run (default: build/release/bin/qhn, else qhn in PATH)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as of qhn, for experiments")


def find(path=None) -> str:
    """The program: `path`, or build/release/bin/qhn here or in the checkout, or qhn in PATH. Raises InputError."""
    if path:
        found = shutil.which(path)
        if not found:
            raise InputError(f"--qhn {path}: no such program")
        return found
    checkout = pathlib.Path(__file__).resolve().parents[2] / BUILT
    found = next((shutil.which(str(p)) for p in (BUILT, checkout) if shutil.which(str(p))), None) or shutil.which("qhn")
    if not found:
        raise InputError("found no program qhn; allowed: --qhn PATH, or the JSON that it prints")
    return found


def run(verb, experiment, options, *more) -> str:
    """What `qhn VERB EXPERIMENT MORE…` prints. `options`: those of add_options(). Raises InputError if it fails."""
    command = [find(options.qhn), verb, str(experiment), *map(str, more)]
    for setting in options.set:
        command += ["--set", setting]
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise InputError(f"{command[0]}: {error.strerror}") from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
        raise InputError(f"{pathlib.Path(command[0]).name} {verb} {experiment}: {said[-1]}")
    return done.stdout


def settings(experiment, options) -> dict:
    """Every setting of an experiment file, defaults included: {"problem.kind": "gaussian", ...}."""
    try:
        return read_settings(run("validate", experiment, options))
    except ValueError as error:
        raise InputError(str(error)) from None


def documents(sources, verb, options, *more):
    """[(name, JSON object)] of `sources`: experiment files (.toml), for which `qhn VERB --json MORE…` is run, files
    of what it printed, or - for standard input; several objects may follow each other.

    Raises InputError, naming the source."""
    found = []
    for source in map(str, sources):
        if source.endswith(".toml"):
            text, name = run(verb, source, options, "--json", *more), pathlib.Path(source).stem
        elif source == "-":
            text, name = sys.stdin.read(), "standard input"
        else:
            try:
                text, name = pathlib.Path(source).read_text(encoding="utf-8"), pathlib.Path(source).stem
            except UnicodeDecodeError:
                raise InputError(f"{source}: not the JSON of qhn {verb}") from None
        objects = list(_objects(text, source, verb))
        found += [(f"{name} {k}" if len(objects) > 1 else name, one) for k, one in enumerate(objects, 1)]
    return found


def _objects(text, source, verb):
    decoder, at = json.JSONDecoder(), 0
    text = text.strip()
    if not text:
        raise InputError(f"{source}: empty; allowed: the JSON of qhn {verb} --json")
    while at < len(text):
        try:
            one, at = decoder.raw_decode(text, at)
        except ValueError:
            raise InputError(f"{source}: not the JSON of qhn {verb}") from None
        if not isinstance(one, dict):
            raise InputError(f"{source}: not the JSON of qhn {verb}")
        yield one
        at += len(text[at:]) - len(text[at:].lstrip())


def labelled(found, labels):
    """`found` with the names of --labels, text with commas, if given."""
    if not labels:
        return found
    names = labels.split(",")
    if len(names) != len(found):
        raise InputError(f"{len(names)} labels for {len(found)} problems")
    return [(name, one) for name, (_, one) in zip(names, found)]
