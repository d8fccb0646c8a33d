"""What earlier releases wrote is read by this one, as `colabs/policy.md` promises."""

import base64
import json

import flax.serialization
import jax
import numpy as np
import pytest

from tests import golden
from tests.catalog import ROWS
from tests.golden.saved import PARAMS, UPDATES, optimizer
from warmup_jax import text
from warmup_jax.transform import learning_rate, scheduled_state

FILES = sorted(golden.FOLDER.glob("saved_*.json"))
pytestmark = pytest.mark.parametrize(
    "saved", [json.loads(path.read_text()) for path in FILES], ids=[path.stem for path in FILES]
)


def test_texts_and_data_mean_the_schedules_they_meant(saved):
    catalog = {row.schedule for row in ROWS}
    for entry in saved["schedules"]:
        assert text.parse(entry["text"]) in catalog, entry["text"]
        assert text.from_dict(entry["data"]) == text.parse(entry["text"]), entry["data"]


@pytest.mark.default_promotion
def test_a_state_goes_on_where_it_was(saved):
    schedule = text.parse(saved["state"]["schedule"])
    fresh = optimizer(jax.tree.map(lambda leaf: leaf * 0, schedule)).init(PARAMS)
    restored = flax.serialization.from_bytes(fresh, base64.b64decode(saved["state"]["bytes"]))
    assert scheduled_state(restored).count == UPDATES
    assert scheduled_state(restored).schedules == {"learning_rate": schedule}
    np.testing.assert_allclose(learning_rate(restored), 0.1 * (UPDATES - 1) / 10, rtol=1e-6)  # a warmup over 10 steps
