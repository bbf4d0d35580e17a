"""The networks that `qhn landscape` and `qhn decode` print, as arrays, and their outputs (docs/theory.md)."""

from __future__ import annotations

import re

import numpy as np

from qhn_plot import InputError

_NAME = re.compile(r"(W1|W2|W|b1|b2|b)((?:\[\d+(?:,\d+)*\])?)$")
ACTIVATIONS = {
    "relu": lambda z: np.maximum(z, 0.0),
    "sigmoid": lambda z: _sigmoid(z),
    "tanh": np.tanh,
    "sign": lambda z: np.where(z >= 0, 1.0, -1.0),
    "clamped-relu": lambda z: np.clip(z, 0.0, 1.0),
}


def _sigmoid(z):
    return 0.5 * (1.0 + np.tanh(0.5 * z))


class Network:
    """A decoded network.

    weights     {"W1": [inputs, hidden], "W2": [hidden], "b2": [], "b1": [hidden]} or {"W": [inputs], "b": []}
    activation  of the hidden layer, "" of logistic networks
    width       hidden units that are on: the others give nothing"""

    def __init__(self, weights, activation, width):
        self.weights = weights
        self.activation = activation
        self.width = width

    @classmethod
    def read(cls, printed: dict, settings: dict) -> Network:
        """`printed`: {"W1[0,0]": "-1", …, "activation": "relu"}, as qhn prints it; `settings`: of its experiment, for
        what is not a choice. Raises InputError if a weight is missing."""
        cells = {}
        for name, value in printed.items():
            found = _NAME.match(name)
            if found:
                place = tuple(int(k) for k in re.findall(r"\d+", found[2]))
                cells.setdefault(found[1], {})[place] = float(value)
        weights = {}
        for name, values in cells.items():
            shape = tuple(max(place[k] for place in values) + 1 for k in range(len(next(iter(values)))))
            if len(values) != int(np.prod(shape)):
                raise InputError(f"the network lacks weights of {name}")
            weights[name] = np.empty(shape)
            for place, value in values.items():
                weights[name][place] = value
        if set(weights) not in ({"W", "b"}, {"W1", "W2", "b1", "b2"}):
            raise InputError("holds no network with weights W and b, or W1, W2, b1 and b2")
        if "W" in weights:
            return cls(weights, "", 0)
        activation = printed.get("activation", settings.get("network.activation"))
        if isinstance(activation, list) and len(activation) == 1:
            activation = activation[0]
        if activation not in ACTIVATIONS:
            raise InputError(f"unknown activation {activation!r}; allowed: {', '.join(ACTIVATIONS)}")
        return cls(weights, activation, int(float(printed.get("width", len(weights["W2"])))))

    @property
    def inputs(self) -> int:
        return len(self.weights.get("W", self.weights.get("W1")))

    def probability(self, x):
        """p of label 1 for samples `x` of shape [..., inputs]."""
        w = self.weights
        if "W" in w:
            return _sigmoid(np.asarray(x) @ w["W"] + w["b"])
        on = slice(0, self.width)
        hidden = ACTIVATIONS[self.activation](np.asarray(x) @ w["W1"][:, on] + w["b1"][on])
        return _sigmoid(hidden @ w["W2"][on] + w["b2"])
