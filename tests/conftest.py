"""Every test runs under JAX's strict promotion rules, unless it trains a model of a library that needs others."""

import chex
import jax
import pytest


def pytest_configure(config):
    config.addinivalue_line("markers", "default_promotion: runs library code that promotes dtypes or ranks")


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
