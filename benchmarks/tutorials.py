"""Five public tutorials' fully connected examples, retyped with their imports changed: do they reach the accuracies that their pages state?

    python -m benchmarks.tutorials [--mnist FOLDER] [--record]

MNIST is looked for as any known data set is, or in a folder with its four IDX files; Fashion-MNIST where this machine has it.  What a
page states is what it says in words of one run; here each is one run too, with a seed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from benchmarks import record

import why128 as tf
from why128.data.images import Dataset
from why128.data.source import open_data

Arrays = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def quickstart(data: Arrays) -> float:
    """TensorFlow 2 quickstart for beginners."""
    (x_train, y_train), (x_test, y_test) = data
    x_train, x_test = x_train / 255.0, x_test / 255.0
    model = tf.keras.models.Sequential([
        tf.keras.layers.Flatten(input_shape=(28, 28)),
        tf.keras.layers.Dense(128, activation="relu"),
        tf.keras.layers.Dropout(0.2),
        tf.keras.layers.Dense(10),
    ], seed=0)  # fmt: skip
    predictions = model(x_train[:1]).numpy()
    tf.nn.softmax(predictions)
    loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    loss_fn(y_train[:1], predictions).numpy()
    model.compile(optimizer="adam", loss=loss_fn, metrics=["accuracy"])
    model.fit(x_train, y_train, epochs=5, verbose=0)
    probability_model = tf.keras.Sequential([model, tf.keras.layers.Softmax()])
    assert np.allclose(probability_model(x_test[:5]).numpy().sum(1), 1.0)
    return model.evaluate(x_test, y_test, verbose=0)[1]


def clothing(data: Arrays) -> float:
    """Basic classification: classify images of clothing."""
    (train_images, train_labels), (test_images, _) = data
    train_images, test_images = train_images / 255.0, test_images / 255.0
    model = tf.keras.Sequential([
        tf.keras.layers.Flatten(input_shape=(28, 28)),
        tf.keras.layers.Dense(128, activation="relu"),
        tf.keras.layers.Dense(10),
    ], seed=0)  # fmt: skip
    model.compile(
        optimizer="adam",
        loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    history = model.fit(train_images, train_labels, epochs=10, verbose=0)
    probability_model = tf.keras.Sequential([model, tf.keras.layers.Softmax()])
    assert probability_model.predict(test_images).shape == (10_000, 10)
    return history.history["accuracy"][-1]


def first_look(data: Arrays) -> float:
    """Chollet, Deep Learning with Python, a first look at a neural network."""
    (train_images, train_labels), (test_images, test_labels) = data
    model = tf.keras.Sequential([
        tf.keras.layers.Dense(512, activation="relu"),
        tf.keras.layers.Dense(10, activation="softmax"),
    ], seed=0)  # fmt: skip
    model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    train_images = train_images.reshape((60000, 28 * 28)).astype("float32") / 255
    test_images = test_images.reshape((10000, 28 * 28)).astype("float32") / 255
    model.fit(train_images, train_labels, epochs=5, batch_size=128, verbose=0)
    return model.evaluate(test_images, test_labels, verbose=0)[1]


def mlp(data: Arrays) -> float:
    """Keras's example mnist_mlp.py."""
    (x_train, y_train), (x_test, y_test) = data
    x_train, x_test = x_train.reshape(60000, 784).astype("float32"), x_test.reshape(10000, 784).astype("float32")
    x_train, x_test = x_train / 255, x_test / 255
    y_train, y_test = np.eye(10)[y_train], np.eye(10)[y_test]
    model = tf.keras.models.Sequential(seed=0)
    model.add(tf.keras.layers.Dense(512, activation="relu", input_shape=(784,)))
    model.add(tf.keras.layers.Dropout(0.2))
    model.add(tf.keras.layers.Dense(512, activation="relu"))
    model.add(tf.keras.layers.Dropout(0.2))
    model.add(tf.keras.layers.Dense(10, activation="softmax"))
    model.compile(loss="categorical_crossentropy", optimizer=tf.keras.optimizers.RMSprop(), metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=128, epochs=20, verbose=0, validation_data=(x_test, y_test))
    return model.evaluate(x_test, y_test, verbose=0)[1]


def hands_on(data: Arrays) -> float:
    """Géron, Hands-On Machine Learning, an image classifier with the sequential API."""
    (x_full, y_full), _ = data
    x_valid, x_train = x_full[:5000] / 255.0, x_full[5000:] / 255.0
    y_valid, y_train = y_full[:5000], y_full[5000:]
    model = tf.keras.models.Sequential(seed=0)
    model.add(tf.keras.layers.Flatten(input_shape=[28, 28]))
    model.add(tf.keras.layers.Dense(300, activation="relu"))
    model.add(tf.keras.layers.Dense(100, activation="relu"))
    model.add(tf.keras.layers.Dense(10, activation="softmax"))
    model.compile(loss="sparse_categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
    history = model.fit(x_train, y_train, epochs=30, validation_data=(x_valid, y_valid), verbose=0)
    return history.history["val_accuracy"][-1]


@dataclass(frozen=True)
class Tutorial:
    """One, and what its page states."""

    code: Callable[[Arrays], float]
    data: str
    stated: float  # accuracy
    of: str  # what it is the accuracy of, and in whose words
    within: float  # of the stated: runs differ by luck, and pages round

    def played(self, data: Arrays) -> dict[str, Any]:
        """What this run came to."""
        assert self.code.__doc__
        found = self.code(data)
        told = {"tutorial": self.code.__doc__, "data": self.data, "stated": self.stated, "of": self.of}
        return told | {"reached": round(found, 4), "holds": found >= self.stated - self.within}


# One run's accuracy on 10,000 images has a standard error of 0.0015 at 98 %, and a run's own luck beside it.
TUTORIALS = (
    Tutorial(quickstart, "mnist", 0.98, "test images: '~98%'", 0.005),
    Tutorial(clothing, "fashion-mnist", 0.91, "training images: 'about 0.91'", 0.005),
    Tutorial(first_look, "mnist", 0.978, "test images: '97.8%'", 0.003),
    Tutorial(mlp, "mnist", 0.984, "test images: '98.40%'", 0.003),
    Tutorial(hands_on, "fashion-mnist", 0.8926, "validation images: '89.26%'", 0.01),
)


def arrays(data: Dataset) -> Arrays:
    """As `tf.keras.datasets` gives them."""
    assert data.test is not None
    return (data.train.pixels[..., 0], data.train.labels), (data.test.pixels[..., 0], data.test.labels)


def main() -> None:
    parser = argparse.ArgumentParser(description="Five public tutorials.")
    parser.add_argument("--mnist", default="mnist", help="a folder with MNIST's four IDX files")
    parser.add_argument("--record", action="store_true", help="keep the figures in benchmarks/records")
    given = parser.parse_args()
    found: list[dict[str, Any]] = []
    opened: dict[str, Arrays] = {}
    for tutorial in TUTORIALS:
        name = given.mnist if tutorial.data == "mnist" else tutorial.data
        opened[name] = opened.get(name) or arrays(open_data(name))
        found.append(tutorial.played(opened[name]))
        print(
            f"{found[-1]['tutorial']} {found[-1]['reached']:.4f}; stated {tutorial.stated:g} of {tutorial.of}",
            flush=True,
        )
    if given.record:
        print(f"written to {record.write('tutorials', found, ('jax', 'jaxlib', 'numpy'))}")


if __name__ == "__main__":
    main()
