"""Trains tiny networks with numpy, whole batches as matrices, and prints what must come out: the
truth of test_trainers.cpp. Usage: trainers_reference.py > trainers_expected.inc, or
trainers_reference.py --check trainers_expected.inc."""
import sys

import numpy as np

X = np.array([[0.5, -1.2], [1.5, 0.3], [-0.7, 0.9], [0.2, 0.1], [-1.1, -0.4], [2.0, -0.6]])
Y = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 0.0])
BATCHES = [[0, 1, 2, 3], [4, 5], [5, 3, 1, 0], [2, 4]] * 5


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# f and its slope, that of sign being the straight-through one.
UNITS = {
    "relu": (lambda a: np.maximum(a, 0), lambda a: (a > 0) * 1.0),
    "tanh": (np.tanh, lambda a: 1 / np.cosh(a) ** 2),
    "sigmoid": (sigmoid, lambda a: sigmoid(a) * sigmoid(-a)),
    "clamped_relu": (lambda a: np.clip(a, 0, 1), lambda a: ((a > 0) & (a < 1)) * 1.0),
    "sign": (lambda a: np.where(a >= 0, 1.0, -1.0), lambda a: (np.abs(a) <= 1) * 1.0),
}


def logistic(v, x, y):
    p = sigmoid(x @ v[:-1] + v[-1])
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    return loss, np.append(x.T @ (p - y), np.sum(p - y)) / len(y)


def mlp(unit, hidden, active):
    f, slope = UNITS[unit]
    mask = np.arange(hidden) < active

    def loss_and_gradient(v, x, y):
        w1, w2, b2, b1 = np.split(v, np.cumsum([2 * hidden, hidden, 1]))
        w1 = w1.reshape(2, hidden)
        a = x @ w1 + b1
        p = sigmoid((f(a) * mask) @ w2 + b2)
        dz = 2 * (p - y) * p * (1 - p) / len(y)
        da = np.outer(dz, w2 * mask) * slope(a)
        parts = [(x.T @ da).ravel(), (f(a) * mask).T @ dz, [dz.sum()], da.sum(0)]
        return np.mean((p - y) ** 2), np.concatenate(parts)

    return loss_and_gradient


def train(kind, model, pair, u, rate, lam, mu=0.9):
    low, high = pair
    m, losses = np.zeros_like(u), []
    for t, batch in enumerate(BATCHES, 1):
        s = u if kind == "proxquant" else np.where(u >= 0, 1.0, -1.0)
        loss, gradient = model((low + high) / 2 + s * (high - low) / 2, X[batch], Y[batch])
        losses.append(loss)
        g = gradient * (high - low) / 2
        if kind == "ste":
            m = mu * m + g
            u = np.clip(u - rate * m, -1, 1)
        elif kind == "proxquant":
            m = mu * m + g
            v = u - rate * m
            pole = np.where(v >= 0, 1.0, -1.0)
            u = np.where(np.abs(v - pole) <= rate * lam * t, pole, v - np.sign(v - pole) * rate * lam * t)
        else:
            m = mu * m + (1 - mu) * g
            u = np.clip(u - rate * np.sign(m), -1, 1)
    return u, losses


def case(kind, unit, hidden, active, pair, rate, lam):
    bits = 3 if unit is None else 4 * hidden + 1
    u = np.sin(3.0 * np.arange(1, bits + 1) + len(kind))
    model = logistic if unit is None else mlp(unit, hidden, active)
    end, losses = train(kind, model, pair, u, rate, lam)
    numbers = lambda row: "{" + ", ".join(repr(float(x)) for x in row) + "}"
    return "{%s, %s, Activation::%s, %d, %d, {%g, %g}, %r, %r,\n %s,\n %s,\n %s}," % (
        "TrainerKind::" + kind,
        "NetworkKind::" + ("logistic" if unit is None else "mlp"),
        unit or "relu", hidden, active, *pair, rate, lam,
        numbers(u), numbers(end), numbers(losses))  # fmt: skip


def text():
    np.seterr(all="raise")
    cases = [
        case(kind, unit, hidden, active, pair, rate, lam)
        for kind, rate in [("ste", 0.3), ("proxquant", 0.5), ("signsgd", 0.05)]
        for unit, hidden, active, pair, lam in [
            (None, 0, 0, (-3, 1), 0.01),
            ("relu", 2, 2, (-1, 1), 0.01),
            ("tanh", 3, 2, (1, -2), 0.02),
            ("sigmoid", 2, 2, (0, 1), 0.03),
            ("clamped_relu", 2, 2, (-1, 1), 0.01),
            ("sign", 2, 2, (-1, 1), 0.01),
        ]
    ]
    return "// Made by trainers_reference.py; not to be edited.\n" + "\n".join(cases) + "\n"


def numbers_of(lines):
    import re

    return np.array([float(x) for x in re.findall(r"[-+]?\d+\.?\d*(?:e[-+]?\d+)?", lines)])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"]:
        with open(sys.argv[2]) as file:
            there = numbers_of(file.read())
        here = numbers_of(text())
        assert there.shape == here.shape and np.allclose(there, here, rtol=1e-12, atol=1e-12)
    else:
        print(text(), end="")
