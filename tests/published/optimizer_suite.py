"""Keras's own published tests of its optimisers and schedules (published.py says how): which, and what is not claimed."""

from tests.published.optimizers import HERE, Case
from tests.published.published import Suite

FILES = ("sgd", "rmsprop", "adam", "adamw", "nadam", "adamax", "adagrad", "lion", "schedules/learning_rate_schedule")
NOT_CLAIMED = {
    "test_ema": "averages of weights",
    "test_ema_overwrite_frequency": "averages of weights",
    "test_weight_decay": "variables exempt from decay, by name",
    "test_clipnorm_indexed_slices": "embeddings, on TensorFlow",
    "SGDTest.test_single_step": "its list of variables",
    "test_build_with_empty_var_list": "variables that are built beforehand",
    "test_fit_lr_correctness": "a schedule inside Keras's own fit",
}
SUITE = Suite(tuple(f"optimizers/{file}_test.py" for file in FILES), HERE, Case, NOT_CLAIMED)
