"""Reads the TOML that qhn writes: experiments in result files, values of a sweep."""

from __future__ import annotations

try:
    import tomllib
except ModuleNotFoundError:  # Python before 3.11
    import tomli as tomllib


def read_value(text: str):
    """One TOML value: text, a number, true or false, an array (list), an inline table (dict).

    Raises ValueError if it is none."""
    found = tomllib.loads(f"value = {text}")
    if list(found) != ["value"]:
        raise ValueError(f"found {text!r}; allowed: one TOML value")
    return found["value"]


def read_settings(text: str) -> dict:
    """{"table.key": value} of a whole file. Raises ValueError where it is not TOML."""
    settings = {}

    def collect(table, path):
        for key, value in table.items():
            if isinstance(value, dict):
                collect(value, f"{path}{key}.")
            else:
                settings[path + key] = value

    collect(tomllib.loads(text), "")
    return settings
