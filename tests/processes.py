"""Programs in processes of their own, on simulated devices."""

import os
import pathlib
import socket
import subprocess
import sys

ROOT = pathlib.Path(__file__).parent.parent


def free_address() -> str:
    """Where the processes of one run may meet."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def on_devices(code: str, count: int, *arguments: str, **environment: str) -> subprocess.Popen:
    """A process that runs `code` on so many devices of the CPU."""
    flags = {"XLA_FLAGS": f"--xla_force_host_platform_device_count={count}", "JAX_PLATFORMS": "cpu"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, env=os.environ | flags | environment, **pipes
    )
