"""The layers, as words: frozen values that say what a layer is; what it computes is in forward.py.

Names, arguments and defaults are Keras's.  `Dense(128, activation=tf.nn.relu)` runs as it stands in the textbook.
"""

from why128.layers.bending import ELU, Activation, Fixed, LeakyReLU, PReLU, ReLU, Softmax
from why128.layers.core import MOST_UNITS, Dense, Flatten, Input, Rescaling, Reshape
from why128.layers.noise import Dropout, GaussianNoise
from why128.layers.normalizing import BatchNormalization, LayerNormalization, Normalization
from why128.layers.shapes import Layer, Weight, output_shape, weights
from why128.layers.words import Shape, checked_shape, whole

__all__ = [
    "ELU", "MOST_UNITS", "Activation", "BatchNormalization", "Dense", "Dropout", "Fixed", "Flatten", "GaussianNoise",
    "Input", "Layer", "LayerNormalization", "LeakyReLU", "Normalization", "PReLU", "ReLU", "Rescaling", "Reshape", "Shape",
    "Softmax", "Weight", "checked_shape", "output_shape", "weights", "whole",
]  # fmt: skip
