"""Ask the real peers for their rates and write them down: `python -m tests.golden.record [peer ...]`.

It needs an environment of its own, made from the root of the repository with

    pip install . -r tests/golden/requirements.txt
    pip install --no-deps -r tests/golden/peers.txt

and `KERAS_BACKEND=jax`. The recorded numbers are from jax 0.10.2 and optax 0.2.8.
"""

import importlib
import importlib.metadata
import json
import sys

from tests import golden

PEERS = ["transformers", "greedy", "pytorch", "pytorch_warmup", "keras", "timm", "optax"]


def record(peer: str) -> None:
    """Write `tests/golden/<peer>.json`, one case a line, numbers with all their digits."""
    module = importlib.import_module(f"tests.golden.{peer}")
    groups = []
    for group, cases in (("cases", module.CASES), ("different", getattr(module, "DIFFERENT", []))):
        lines = [json.dumps({**case._asdict(), "rates": list(map(float, module.rates(case)))}) for case in cases]
        groups.append(f'"{group}": [\n' + ",\n".join(lines) + "\n]")
    header = f'"package": {json.dumps(module.PACKAGE)},\n"version": {json.dumps(version(module.PACKAGE))}'
    path = golden.FOLDER / f"{peer}.json"
    path.write_text("{\n" + header + ",\n" + ",\n".join(groups) + "\n}\n")
    print(f"{path.name}: {len(module.CASES)} cases, {module.PACKAGE} {version(module.PACKAGE)}")


def version(package: str) -> str:
    return importlib.metadata.version(package)


if __name__ == "__main__":
    for peer in sys.argv[1:] or PEERS:
        record(peer)
