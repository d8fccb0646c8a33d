"""Ask the real peers for their rates and write them down: `python -m tests.golden.record [peer ...]`.

It needs an environment of its own, made with

    pip install torch==2.13.0
    pip install pytest numpy packaging pyyaml regex tqdm requests filelock httpx2 typer click h5py namex optree rich \
        absl-py chex==0.1.92 jax==0.10.2 optax==0.2.8 flax==0.12.8
    pip install --no-deps transformers==5.23.0 huggingface_hub==2.4.0 tokenizers==0.23.3 safetensors==0.8.0 \
        keras==3.15.1 pytorch-warmup==0.2.0 timm==1.0.31

from the root of the repository, with `KERAS_BACKEND=jax`. torch comes first and the peers come without their
dependencies, or another torch would replace it.
"""

import importlib
import importlib.metadata
import json
import sys

from tests import golden

PEERS = ["transformers", "pytorch", "pytorch_warmup", "keras", "timm", "optax"]


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
