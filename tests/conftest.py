"""Tests run strict: no silent promotion of JAX's dtypes or ranks, and (pyproject.toml) every warning is an error."""

import os

os.environ["KERAS_BACKEND"] = "jax"  # before Keras is imported anywhere

import jax

jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
