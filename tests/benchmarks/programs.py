"""What a compiled program is made of, from its text."""

import re
import typing

COLLECTIVES = r"(all-reduce|all-gather|reduce-scatter|all-to-all|collective-permute)(?:-start)?\("
HOST_TRANSFERS = r"(?: |=)(infeed|outfeed|send|recv)\(|MoveToHost|MoveToDevice|callback"


class Kernels(typing.NamedTuple):
    fused: int
    collectives: int
    transfers: int
    loops: int


def kernels(text: str) -> Kernels:
    """How many fused computations, collectives, transfers and loops a compiled program has."""
    patterns = r" fusion\(", COLLECTIVES, HOST_TRANSFERS, r" while\("
    return Kernels(*(len(re.findall(pattern, text)) for pattern in patterns))
