"""The formulas of the schedules in `colabs/trainers.md`, from their sources, written anew in float64.

Each is a function of the steps `t`, an array, and of the numbers `n` of a run: those that the page names by letters.
"""

import types

import numpy as np

SHORT = types.SimpleNamespace(
    LR=3e-4, MIN=3e-5, N=1_200, W=120, D=240, H=180, T=250, C=300, M1=600, M2=960, E=10, S=120, B=8
)
LONG = types.SimpleNamespace(
    LR=6e-4, MIN=1e-5, N=100_000, W=2_000, D=20_000, H=10_000, T=8_000, C=25_000, M1=40_000, M2=80_000, E=50, S=2_000,
    B=64,
)  # fmt: skip


def fall(x):
    """Half a cosine, from 1 at 0 to 0 at 1."""
    return (1 + np.cos(np.pi * np.clip(x, 0, 1))) / 2


def between(high, low, share):
    return low + (high - low) * share


def rise(t, n, then, start=0.0):
    """A warmup counted from 0, and what comes then."""
    return np.where(t < n.W, start + (n.LR - start) * t / n.W, then)


def rise_from_1(t, n, then, more=0):
    """A warmup that is asked at the number of the update, of W steps and some."""
    return np.where(t < n.W, n.LR * (t + 1) / (n.W + more), then)


def decayed(t, n):
    """The share of the decay behind the warmup that is over, from 0 to 1."""
    return np.clip((t - n.W) / (n.N - n.W), 0, 1)


def cooled(t, n):
    """The share of the decay at the end that is over, from 0 to 1."""
    return np.clip((t - (n.N - n.D)) / n.D, 0, 1)


def root(t, scale):
    return np.sqrt(scale / np.maximum(t, 1))


def rsqrt(t, n):
    return n.LR / np.sqrt(1 + np.maximum(t - n.W, 0) / n.T)


def steps(t, at, factors):
    """A factor from each moment on."""
    return np.array([1.0, *factors])[np.searchsorted(at, t, side="right")]


def logarithm(t, n):
    return n.LR * np.log(np.minimum(t, n.W - 1) + 1) / np.log(n.W)


def ramp(t, n):
    """A factor on a schedule whose clock runs."""
    return np.minimum(t / n.W, 1)


def detectron(t, n):
    alpha = np.minimum(t / n.W, 1)
    return 0.001 * (1 - alpha) + alpha


def epoch(t, n):
    return np.floor(t / n.S)


HUGGING_FACE = {
    "linear": lambda t, n: rise(t, n, n.LR * (n.N - t) / (n.N - n.W)),
    "a share as warmup": lambda t, n: np.where(
        t < n.N // 10, n.LR * t / (n.N // 10), n.LR * (n.N - t) / (n.N - n.N // 10)
    ),
    "cosine": lambda t, n: rise(t, n, n.LR * fall(decayed(t, n))),
    "restarts": lambda t, n: rise(t, n, n.LR * fall(2 * decayed(t, n) % 1)),
    "polynomial": lambda t, n: rise(t, n, between(n.LR, 1e-7, (1 - decayed(t, n)) ** 2)),
    "constant": lambda t, n: n.LR + 0 * t,
    "constant with warmup": lambda t, n: rise(t, n, n.LR),
    "inverse square root": lambda t, n: rise(t, n, n.LR * root(t, n.W)),
    "cosine to a minimum": lambda t, n: rise(t, n, n.LR * between(1, 0.1, fall(decayed(t, n)))),
    "stable and decay": lambda t, n: rise(t, n, n.LR * fall(cooled(t, n))),
}


def axolotl_cosine(t, n):
    warmup = min(int(0.03 * n.N), 100)
    return np.where(t < warmup, n.LR * t / warmup, n.LR * fall((t - warmup) / (n.N - warmup)))


def jagged(t, n):
    restart = t % n.C
    scale = 0.001 + (1 - 0.001) * np.minimum(restart / n.W, 1)
    return rise(t, n, n.LR * fall(decayed(t, n))) * np.where(t < n.C - 1, 1, scale)


def torch_one_cycle(t, n):
    top = n.W / n.N * n.N - 1
    up = between(n.LR / 25, n.LR, fall(t / top))
    return np.where(t <= top, up, between(n.LR, n.LR / 25 / 1e4, fall((t - top) / (n.N - 1 - top))))


AXOLOTL = {
    "cosine": axolotl_cosine,
    "cosine to a minimum": HUGGING_FACE["cosine to a minimum"],
    "and then constant": lambda t, n: rise(
        t, n, n.LR * between(1, 0.1, fall((np.minimum(t, int(n.N * 0.8)) - n.W) / (int(n.N * 0.8) - n.W)))
    ),
    "quadratic warmup": lambda t, n: np.where(t < n.W, n.LR * (t / n.W) ** 2, n.LR * fall(decayed(t, n))),
    "rex": lambda t, n: rise(t, n, n.LR * (1 - decayed(t, n)) / (0.1 + 0.9 * (1 - decayed(t, n)))),
    "one cycle": torch_one_cycle,
    "ReLoRA's restarts": jagged,
}


def deepspeed_one_cycle(t, n):
    total = n.H + n.D
    x = t / total
    share = n.H / total
    scale = np.where(x <= share, x / share, (x - 1) / (share - 1))
    return np.where(t < total, between(n.LR, n.MIN, scale), n.MIN / (1 + 0.5 * (t - total + 1) / n.C))


DEEPSPEED = {
    "WarmupLR": logarithm,
    "WarmupLR, linear": lambda t, n: rise(t, n, n.LR, start=n.MIN),
    "WarmupDecayLR": lambda t, n: np.where(t < n.W, logarithm(t, n), n.LR * (n.N - t) / (n.N - n.W)),
    "WarmupDecayLR, linear": lambda t, n: rise(t, n, n.LR * (n.N - t) / (n.N - n.W)),
    "WarmupCosineLR": lambda t, n: rise(t, n, n.LR * between(1, 0.01, fall((t - n.W + 1) / (n.N - n.W)))),
    "OneCycle": deepspeed_one_cycle,
    "LRRangeTest": lambda t, n: n.MIN * (1 + 2 * t / n.C),
    "LRRangeTest, stairs": lambda t, n: n.MIN * (1 + 2 * np.floor(t / n.C)),
}


def megatron(t, n, coefficient):
    return rise(t, n, between(n.LR, n.MIN, coefficient))


MEGATRON = {
    "cosine": lambda t, n: megatron(t, n, fall(decayed(t, n))),
    "linear, from a rate": lambda t, n: rise(t, n, n.LR * (1 - decayed(t, n)), start=n.MIN),
    "a share as warmup": lambda t, n: np.where(
        t < n.N / 100, n.LR * t / (0.01 * n.N), n.LR * (n.N - t) / (n.N - 0.01 * n.N)
    ),
    "constant": lambda t, n: rise(t, n, n.LR),
    "inverse square root": lambda t, n: rise(t, n, np.maximum(n.MIN, n.LR * root(t, n.W))),
    "WSD, linear": lambda t, n: megatron(t, n, 1 - cooled(t, n)),
    "WSD, cosine": lambda t, n: megatron(t, n, fall(cooled(t, n))),
    "WSD, 1 - sqrt": lambda t, n: megatron(t, n, 1 - np.sqrt(cooled(t, n))),
    "WSD, exponential": lambda t, n: megatron(t, n, 2 * 0.5 ** cooled(t, n) - 1),
    "in samples": lambda t, n: megatron(t * n.B, n, fall(decayed(t * n.B, n))),
}


def maxtext(t, n, total, decay, shape):
    """The share of the last `decay` steps is over at the last of them."""
    warmup = int(total * 0.1)
    x = (t - (total - decay(warmup, total))) / (decay(warmup, total) - 1)
    fallen = n.LR * between(1, 0.1, shape(np.clip(x, 0, 1)))
    return np.where(t < warmup, n.LR * t / warmup, np.where(t < total, fallen, 0.0))


MAXTEXT = {
    "cosine": lambda t, n: maxtext(t, n, n.N, lambda warmup, total: total - warmup, fall),
    "wsd": lambda t, n: maxtext(t, n, n.N, lambda warmup, total: int(total * 0.2), lambda x: 1 - x),
    "wsd, cosine": lambda t, n: maxtext(t, n, n.N, lambda warmup, total: int(total * 0.2), fall),
    "zeros at the end": lambda t, n: maxtext(t, n, n.M2, lambda warmup, total: total - warmup, fall),
}


def torchtitan(t, n, decay, shape, low=0.0):
    """With the virtual last step of its source."""
    stable = n.N + 1 - n.W - decay
    progress = np.clip((t + 1 - (n.W + stable)) / decay, 0, 1)
    return rise_from_1(t, n, n.LR * between(1, low, shape(progress)))


TORCHTITAN = {
    "linear": lambda t, n: torchtitan(t, n, n.N - n.W, lambda x: 1 - x),
    "cosine": lambda t, n: torchtitan(t, n, n.N - n.W, fall, 0.1),
    "stable and linear": lambda t, n: torchtitan(t, n, round(n.N * 0.2), lambda x: 1 - x),
    "stable and 1 - sqrt": lambda t, n: torchtitan(t, n, round(n.N * 0.2), lambda x: 1 - np.sqrt(x), 0.1),
}
NANO_GPT = {
    "cosine": lambda t, n: rise_from_1(t, n, between(n.LR, n.MIN, fall(decayed(t, n))), more=1),
    "constant": lambda t, n: n.LR + 0 * t,
}


def fairseq_cycles(t, n):
    """The number of a cycle by the logarithm of its source, a little above a whole number."""
    since = np.maximum(t - n.W, 0)
    cycle = np.floor(np.log2(1 + since / n.C) + 1e-12)
    x = (since - (2**cycle - 1) * n.C) / (2**cycle * n.C)
    return rise(t, n, between(n.LR, n.MIN, fall(x)) * 0.5**cycle, start=1e-7)


def tri_stage(t, n, warmup, hold, decay, last):
    fallen = n.LR * np.exp(np.log(last) * np.clip((t - warmup - hold) / decay, 0, 1))
    return np.where(t < warmup, n.LR * (0.01 + 0.99 * t / warmup), fallen)


FAIRSEQ = {
    "inverse_sqrt": lambda t, n: rise(t, n, n.LR * root(t, n.W), start=1e-7),
    "polynomial_decay": lambda t, n: rise(t, n, between(n.LR, n.MIN, (1 - decayed(t, n)) ** 2)),
    "cosine": lambda t, n: rise(t, n, between(n.LR, n.MIN, fall(decayed(t, n))), start=1e-7),
    "cosine, cycles": fairseq_cycles,
    "tri_stage": lambda t, n: tri_stage(t, n, n.W, n.H, n.D, 0.05),
    "tri_stage, shares": lambda t, n: tri_stage(t, n, int(n.N * 0.1), int(n.N * 0.4), int(n.N * 0.5), 0.01),
    "fixed": lambda t, n: rise_from_1(t, n, n.LR),
}


def linear_lr(t, n):
    """The factor of `LinearLR`, at 1 in its last step."""
    return 0.001 + 0.999 * np.minimum(t / (n.W - 1), 1)


MMENGINE = {
    "warmup and milestones": lambda t, n: n.LR * linear_lr(t, n) * 0.1 ** ((t >= 5 * n.S) * 1.0 + (t >= 8 * n.S)),
    "warmup and cosine": lambda t, n: np.where(
        t < n.W, n.LR * linear_lr(t, n), between(n.LR, n.MIN, fall(decayed(t, n)))
    ),
    "warmup and polynomial": lambda t, n: np.where(
        t < n.W, n.LR * linear_lr(t, n), between(n.LR, n.MIN, (1 - np.clip((t - n.W) / (n.N - n.W - 1), 0, 1)) ** 2)
    ),
    "polynomial": lambda t, n: between(n.LR, n.MIN, (1 - np.clip(t / (n.N - 1), 0, 1)) ** 0.9),
    "cosine by epoch": lambda t, n: n.LR * fall(epoch(t, n) / n.E),
    "stairs": lambda t, n: n.LR * 0.1 ** np.floor(epoch(t, n) / 3),
    "exponential by epoch": lambda t, n: n.LR * 0.9 ** epoch(t, n),
}


def ultralytics(t, n, shape, warmup_epochs):
    updates = max(round(warmup_epochs * n.S), 100)
    return n.LR * between(1, 0.1, shape(epoch(t, n) / n.E)) * (np.minimum(t / updates, 1) if warmup_epochs else 1)


ULTRALYTICS = {
    "linear": lambda t, n: ultralytics(t, n, lambda x: 1 - x, 3.0),
    "cosine": lambda t, n: ultralytics(t, n, fall, 0.5),
    "without a warmup": lambda t, n: ultralytics(t, n, lambda x: 1 - x, 0),
}
BIG_VISION = {
    "cosine": lambda t, n: n.LR * fall(decayed(t, n)) * ramp(t, n),
    "linear to an end": lambda t, n: between(n.LR, n.MIN, 1 - decayed(t, n)) * ramp(t, n),
    "polynomial": lambda t, n: between(n.LR, n.MIN, (1 - decayed(t, n)) ** 2) * ramp(t, n),
    "rsqrt": lambda t, n: rsqrt(t, n) * ramp(t, n),
    "rsqrt with a cooldown": lambda t, n: rsqrt(t, n) * ramp(t, n) * np.minimum(1, (n.N - t) / n.D),
    "stair": lambda t, n: n.LR * steps(t, [n.M1, n.M2], [0.1, 0.01]) * ramp(t, n),
}
SCENIC = {
    "cosine": lambda t, n: n.LR * ramp(t, n) * (0.9 * fall(decayed(t, n)) + 0.1),
    "linear": lambda t, n: (n.LR * ramp(t, n) - n.MIN) * (1 - decayed(t, n)) + n.MIN,
    "rsqrt": lambda t, n: n.LR * ramp(t, n) * np.sqrt(n.T) / np.sqrt(np.maximum(t, n.W) + n.T - n.W),
    "piecewise constant": lambda t, n: n.LR * ramp(t, n) * steps(t - 1, [n.M1, n.M2], [0.1, 0.01]),
    "polynomial": lambda t, n: n.LR * (0.9 * (1 - t / n.N) ** 2 + 0.1),
    "stairs": lambda t, n: n.LR * 0.5 ** np.floor(t / n.C),
    "cooldown": lambda t, n: n.LR * ramp(t, n) * np.minimum(1, (n.N - np.maximum(t, n.W)) / n.D),
}


def t5x(values):
    return np.maximum(values, 1e-8)


T5X = {
    "T5's pretraining": lambda t, n: t5x(n.LR / np.sqrt(np.maximum(t, n.W))),
    "rsqrt": lambda t, n: t5x(n.LR * ramp(t, n) / np.sqrt(np.maximum(t, n.W))),
    "normalized rsqrt": lambda t, n: t5x(n.LR * ramp(t, n) * np.sqrt(n.W) / np.sqrt(np.maximum(t, n.W))),
    "linear": lambda t, n: t5x(n.LR * np.minimum(t / n.W, 1 + (n.W - t) / (n.N - n.W))),
    "stairs": lambda t, n: t5x(n.LR * 0.5 ** (t // n.C)),
}


def transformer(t, n):
    return 512**-0.5 * np.minimum((t + 1) * n.W**-1.5, (t + 1) ** -0.5)


PRAXIS = {
    "warmup, stable, cosine": lambda t, n: rise(t, n, between(n.LR, 0.1 * n.LR, fall(cooled(t, n)))),
    "warmup, stable, polynomial": lambda t, n: rise(t, n, n.LR + cooled(t, n) ** 2 * (0.1 * n.LR - n.LR)),
    "square root": lambda t, n: n.LR / np.sqrt(np.maximum(t, n.D)),
    "warmup, square root": lambda t, n: n.LR * np.minimum(np.maximum(t, 1) / n.W, root(t, n.W)),
    "Transformer": transformer,
    "cosine": lambda t, n: between(n.LR, n.MIN, fall(t / n.N)),
    "exponential": lambda t, n: np.exp(np.log(n.LR) + (np.log(n.MIN) - np.log(n.LR)) * t / n.N),
    "polynomial": lambda t, n: n.LR + (1 - (1 - t / n.N) ** 2) * (n.MIN - n.LR),
    "piecewise constant": lambda t, n: n.LR * steps(t, [n.M1, n.M2], [0.1, 0.01]),
}
LEVANTER = {
    "cosine": HUGGING_FACE["cosine to a minimum"],
    "linear": lambda t, n: rise(t, n, n.LR * between(1, 0.1, 1 - decayed(t, n))),
    "stable and cosine": lambda t, n: rise(t, n, n.LR * between(1, 0.1, fall((t - n.W - n.D) / (n.N - n.W - n.D)))),
    "constant and cooldown": lambda t, n: rise(t, n, n.LR * between(1, 0.1, 1 - cooled(t, n))),
    "inverse square root": lambda t, n: rise(t, n, np.maximum(n.LR * np.minimum(1, root(t, 10_000)), 0.1 * n.LR)),
}
INIT2WINIT = {
    "cosine": HUGGING_FACE["cosine"],
    "rsqrt": lambda t, n: rise(t, n, n.LR * np.sqrt(n.T) / np.sqrt(np.maximum(t - n.W, 0) + n.T)),
    "Transformer": lambda t, n: n.LR * transformer(t, n),
    "MLPerf's polynomial": lambda t, n: np.where(
        t <= n.W, n.MIN + (n.LR - n.MIN) * t / n.W, n.LR * np.maximum(1 - (t - n.W) / (n.N - n.W + 1), 0) ** 2
    ),
    "polynomial": lambda t, n: n.LR * between(1, 0.1, (1 - np.minimum(t / int(n.N * 0.8), 1)) ** 2),
    "piecewise constant": lambda t, n: n.LR * steps(t - 1, [n.M1, n.M2], [0.1, 0.01]),
}


def optax_warmup(t, n, then):
    first = n.LR / (n.W + 1)
    return np.where(t < n.W, first + (n.LR - first) * t / n.W, then)


OPENPI = {
    "cosine": lambda t, n: optax_warmup(t, n, between(n.LR, n.MIN, fall(decayed(t, n)))),
    "rsqrt": lambda t, n: optax_warmup(t, n, n.LR / np.sqrt((n.T + np.maximum(t - n.W, 0)) / n.T)),
}


def olmo_cut(t, n):
    at = n.N - n.D
    left = n.LR * between(1, 0.1, fall((at - n.W) / (n.N - n.W)))
    return np.where(t < at, HUGGING_FACE["cosine to a minimum"](t, n), left * (n.N - t) / n.D)


OLMO = {
    "constant": lambda t, n: rise(t, n, n.LR),
    "linear": LEVANTER["linear"],
    "cosine": HUGGING_FACE["cosine to a minimum"],
    "cosine, then linear": olmo_cut,
    "inverse square root": lambda t, n: rise(t, n, n.LR * (0.1 + 0.9 * root(t, n.W))),
    "wsd": lambda t, n: rise(t, n, n.LR * np.minimum(1, (n.N - t) / n.D)),
}


def nemo(t, n, then):
    """At step W the warmup still counts."""
    return np.where(t <= n.W, n.LR * (t + 1) / (n.W + 1), then)


NEMO = {
    "cosine": lambda t, n: nemo(t, n, between(n.LR, n.MIN, fall(decayed(t, n)))),
    "cosine, then constant": lambda t, n: rise(t, n, between(n.LR, n.MIN, fall((t - n.W) / (n.N - n.D - n.W)))),
    "linear": lambda t, n: nemo(t, n, between(n.LR, n.MIN, 1 - decayed(t, n))),
    "inverse square root": lambda t, n: nemo(t, n, n.LR / np.sqrt((t + 1) / (n.W + 1))),
    "Noam with a hold": lambda t, n: nemo(
        t, n, np.where(t < n.W + n.H, n.LR, n.LR * n.W**0.5 / np.maximum(t - n.H, 1) ** 0.5)
    ),
    "polynomial": lambda t, n: nemo(t, n, between(n.LR, n.MIN, (1 - decayed(t, n)) ** 2)),
    "square": lambda t, n: nemo(t, n, np.maximum(n.LR * (1 - decayed(t, n)) ** 2, n.MIN)),
}


def nanochat(t, n):
    down = round(0.65 * n.N)
    left = (n.N - t) / down
    return rise_from_1(t, n, n.LR * np.where(t <= n.N - down, 1, left + (1 - left) * 0.05))


def modded(t, n):
    stage = steps(t, [round(n.N / 3), round(2 * n.N / 3)], [1.52, 1.73])
    begin = int(n.N * (1 - 0.6))
    x = np.clip((t - begin) / (n.N - begin), 0, 1)
    return stage * (1 - x) + 0.15 * x


COMPOSER = {
    "constant": lambda t, n: rise(t, n, n.LR),
    "linear": LEVANTER["linear"],
    "cosine": HUGGING_FACE["cosine to a minimum"],
    "polynomial": lambda t, n: rise(t, n, n.LR * (1 - decayed(t, n)) ** 2),
    "milestones": lambda t, n: rise(t, n, n.LR * steps(t, [n.M1, n.M2], [0.1, 0.01])),
    "restarts": lambda t, n: (
        n.LR * fall(np.where(t < n.C, t / n.C, np.where(t < 3 * n.C, (t - n.C) / (2 * n.C), (t - 3 * n.C) / (4 * n.C))))
    ),
    "exponential": lambda t, n: n.LR * 0.5 ** (t / n.C),
    "stairs": lambda t, n: n.LR * 0.5 ** (t // n.C),
}
DETECTRON2 = {
    "milestones": lambda t, n: n.LR * detectron(t, n) * steps(t, [n.M1, n.M2], [0.1, 0.01]),
    "cosine": lambda t, n: n.LR * detectron(t, n) * fall(t / n.N),
    "DeepLab's polynomial": lambda t, n: n.LR * detectron(t, n) * np.maximum((1 - t / n.N) ** 0.9, 0.1),
    "a warmup into a schedule": lambda t, n: (
        n.LR * np.where(t < n.W, 0.001 + (fall(n.W / n.N) - 0.001) * t / n.W, fall(t / n.N))
    ),
}


def combined_cos(t, n, share, start, middle, end):
    x = t / n.N
    return np.where(
        x < share, between(start, middle, fall(x / share)), between(middle, end, fall((x - share) / (1 - share)))
    )


FASTAI = {
    "one cycle": lambda t, n: combined_cos(t, n, 0.25, n.LR / 25, n.LR, n.LR / 1e5),
    "flat and cosine": lambda t, n: combined_cos(t, n, 0.75, n.LR, n.LR, n.LR / 1e5),
    "sgdr": COMPOSER["restarts"],
    "polynomial": lambda t, n: n.LR + (n.MIN - n.LR) * (t / n.N) ** 2,
    "exponential": lambda t, n: n.LR * (n.MIN / n.LR) ** (t / n.N),
}


def trapezoid(t, n, rise, high, begin, low):
    falling = np.clip((t - begin) / (n.N - begin), 0, 1)
    return np.where(t < rise, 0.85 + (high - 0.85) * t / rise, high + (low - high) * falling)


def biases(t, n):
    updates = max(round(3.0 * n.S), 100)
    target = n.LR * between(1, 0.1, 1 - epoch(t, n) / n.E)
    return np.where(t < updates, 0.1 + (target - 0.1) * t / updates, target)


OTHERS = {
    "Megatron-LM, weight decay": lambda t, n: 0.01 + (0.1 - 0.01) * 0.5 * (np.cos(np.pi * (1 - t / n.N)) + 1),
    "nanochat, Muon's momentum": lambda t, n: trapezoid(t, n, 400, 0.97, n.N - round(0.65 * n.N), 0.9),
    "nanochat, Muon's weight decay": lambda t, n: 0.28 * 0.5 * (1 + np.cos(np.pi * t / n.N)),
    "modded-nanogpt, momentum": lambda t, n: trapezoid(t, n, 300, 0.95, n.N - 50, 0.85),
    "Ultralytics, biases": biases,
    "Ultralytics, momentum": lambda t, n: 0.8 + (0.937 - 0.8) * np.minimum(t / max(round(3.0 * n.S), 100), 1),
    "fastai, momentum of one cycle": lambda t, n: combined_cos(t, n, 0.25, 0.95, 0.85, 0.95),
}

FORMULAS = {
    "Hugging Face": HUGGING_FACE,
    "axolotl": AXOLOTL,
    "DeepSpeed": DEEPSPEED,
    "Megatron-LM": MEGATRON,
    "MaxText": MAXTEXT,
    "torchtitan": TORCHTITAN,
    "nanoGPT": NANO_GPT,
    "fairseq": FAIRSEQ,
    "MMEngine": MMENGINE,
    "Ultralytics": ULTRALYTICS,
    "big_vision": BIG_VISION,
    "scenic": SCENIC,
    "t5x": T5X,
    "praxis": PRAXIS,
    "levanter": LEVANTER,
    "init2winit": INIT2WINIT,
    "openpi": OPENPI,
    "OLMo-core": OLMO,
    "NeMo": NEMO,
    "nanochat": {"rate": nanochat},
    "modded-nanogpt": {"factor on the rates": modded},
    "Composer": COMPOSER,
    "detectron2": DETECTRON2,
    "fastai": FASTAI,
    "Other schedules": OTHERS,
}
