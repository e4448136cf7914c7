"""Tests run strict: no silent promotion of JAX's dtypes or ranks, and (pyproject.toml) every warning is an error."""

import contextlib
import os
import signal

os.environ["KERAS_BACKEND"] = "jax"  # before Keras is imported anywhere

import hypothesis
import jax
import pytest

from tests.here import Here

# A shell starts jobs in the background with SIGINT ignored, and every process that a test starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
hypothesis.settings.register_profile("untimed", deadline=None)  # a busy machine is no defect
hypothesis.settings.load_profile("untimed")
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory):
    """What tests, and processes that they start, keep in this tool's cache is none of the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True, scope="session")
def here():
    """Studies of tests are trained in this process, but where a test says otherwise (and in processes of their own)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("why128.studies.hiring.Crew", Here)
        patch.setattr("why128.studies.hiring.started_ahead", contextlib.nullcontext)
        yield
