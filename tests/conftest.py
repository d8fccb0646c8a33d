"""Every test runs under JAX's strict promotion rules, unless it trains a model of a library that needs others."""

import chex
import jax
import pytest

# The files of the fast tier, `pytest -m "not slow" -n0 tests`: under a minute together. Every other test is slow.
FAST = ["test_compat_pytorch_warmup", "test_configs", "test_host", "test_public", "test_references", "test_saved"]
FAST += ["test_text", "test_time", "test_tree", "test_units"]


def pytest_configure(config):
    config.addinivalue_line("markers", "default_promotion: runs library code that promotes dtypes or ranks")
    config.addinivalue_line("markers", "slow: is not in the fast tier")


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.stem not in FAST:
            item.add_marker("slow")


@pytest.fixture(scope="session", autouse=True)
def large_programs_compile_once(tmp_path_factory):
    """The tests train the same small model again and again. Each worker has a folder of its own."""
    jax.config.update("jax_compilation_cache_dir", str(tmp_path_factory.mktemp("compiled")))


@pytest.fixture(autouse=True)
def fresh_trace_counter():
    chex.clear_trace_counter()  # it knows functions by name, not by identity


@pytest.fixture(autouse=True)
def strict_promotion(request):
    if request.node.get_closest_marker("default_promotion"):
        yield
        return
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        yield
