"""`Schedule.on_host` beyond the laws: what it refuses, and in which words. Its values are in `test_laws.py`."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

import warmup_jax as wj
from warmup_jax import _host
from warmup_jax.transform import scheduled

SCHEDULE = wj.warmup_cosine(peak=0.5, warmup=100, total=1_000)


@pytest.mark.parametrize("step", [1.0, True, "3", None, [1, 2], np.ones(2), jnp.float32(3)], ids=repr)
def test_a_step_that_is_not_an_integer_is_refused(step):
    with pytest.raises(TypeError, match=r"`schedule.on_host\(step\)` needs an integer step, .*; got "):
        SCHEDULE.on_host(step)


@pytest.mark.parametrize(
    "step, value",
    [(50, 0.25), (-3, 0.0), (2**80, 0.0), (np.int8(50), 0.25), (np.uint64(2**63), 0.0), (jnp.uint32(50), 0.25)]
    + [(np.array(50), 0.25), (nnx.Variable(jnp.uint32(50)), 0.25)],
    ids=repr,
)
def test_steps_of_every_kind(step, value):
    found = SCHEDULE.on_host(step)
    assert type(found) is float and found == pytest.approx(value, abs=1e-12)


def test_any_shape():
    for shape in ((0,), (2, 0), (2, 3)):
        steps = np.arange(np.prod(shape, dtype=int)).reshape(shape)
        np.testing.assert_allclose(SCHEDULE.on_host(steps), steps / 200, rtol=1e-6)


def test_what_is_traced_is_refused():
    words = (
        r"`schedule.on_host\(step\)` needs numbers that are known; its {} is traced. Inside a compiled function call"
    )
    with pytest.raises(TypeError, match=words.format("step")):
        jax.jit(SCHEDULE.on_host)(3)
    with pytest.raises(TypeError, match=words.format("schedule")):
        jax.jit(lambda stop: wj.Linear(0.0, stop, 10).on_host(3))(1.0)


def test_what_is_on_another_device_is_refused(monkeypatch):
    state = scheduled(optax.adamw)(learning_rate=SCHEDULE).init(jnp.ones(3))
    on_the_device = state.schedules["learning_rate"]
    assert on_the_device.on_host(50) == 0.25
    monkeypatch.setattr(_host, "_platforms_of", lambda array: {"gpu"})
    words = r"waits for no device, and its {0} is on gpu. Fetch it first, which waits: `jax.device_get\({0}\)`"
    with pytest.raises(TypeError, match=words.format("schedule")):
        on_the_device.on_host(50)
    with pytest.raises(TypeError, match=words.format("step")):
        SCHEDULE.on_host(jnp.int32(50))
    assert jax.device_get(on_the_device).on_host(50) == 0.25


@pytest.fixture
def without_the_cpu():
    before = jax.config.jax_platforms
    jax.config.update("jax_platforms", "cuda")
    yield
    jax.config.update("jax_platforms", before)


def test_where_jax_has_no_cpu_backend(without_the_cpu):
    class Unseen(wj.Schedule):
        """A structure that was not compiled before."""

        steps: wj.fields.Steps

        def evaluate(self, time):
            return time.as_float()

    words = r"which JAX was told not to load: `jax_platforms` is 'cuda'. Set `JAX_PLATFORMS=cuda,cpu`"
    with pytest.raises(RuntimeError, match=words):
        Unseen(7).on_host(3)


def test_a_new_schedule_of_a_known_structure_does_not_compile():
    SCHEDULE.on_host(3)
    before = _host._plan.cache_info().currsize
    for peak in (0.1, 0.2, 0.3):
        assert wj.warmup_cosine(peak=peak, warmup=10, total=50).on_host(10) == pytest.approx(peak)
    assert _host._plan.cache_info().currsize == before


def test_a_join_of_thousands():
    schedule = wj.join(*(wj.Linear(float(k), k + 1.0, 10) for k in range(2_000)))
    np.testing.assert_allclose(schedule.on_host(np.arange(20_000)), np.arange(20_000) / 10, rtol=1e-6)
