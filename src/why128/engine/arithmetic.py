"""The arithmetic by which networks learn: jax.numpy, by the names that ladder.py expects, in two precisions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.special import erf


class JaxNumPy:
    """jax.numpy with `erf`, `relu`, `cut`, `product` and `wide`, by the names that ladder.py expects."""

    erf = staticmethod(erf)

    @staticmethod
    def relu(x: jax.Array) -> jax.Array:
        """Its slope at exactly 0 is 0, as in Keras, and NaN stays NaN."""
        return jnp.where(x <= 0.0, 0.0, x)

    @staticmethod
    def cut(array: jax.Array, cuts: Sequence[slice]) -> tuple[jax.Array, ...]:
        """The array's parts along its first axis, which they fill: their gradients are laid one after the other.

        JAX itself would widen each part's gradient to the whole with zeros, and add them all up.
        """

        @jax.custom_vjp
        def parts(whole):
            return tuple(whole[own] for own in cuts)

        parts.defvjp(lambda whole: (parts(whole), None), lambda _, gradients: (jnp.concatenate(gradients),))
        return parts(array) if cuts else ()

    @staticmethod
    def product(kernel: jax.Array, activity: jax.Array) -> jax.Array:
        """kernel (H, D) @ activity (D, B)."""
        return kernel @ activity

    def wide(self, kernel: jax.Array, images: jax.Array) -> jax.Array:
        """The first layers' product: kernel (H, D) and images (B, D) to (H, B)."""
        return kernel @ images.T

    def __getattr__(self, name: str):
        return getattr(jnp, name)


JAX = JaxNumPy()


class MixedBfloat16(JaxNumPy):
    """The same, but the wide product and its gradient multiply numbers rounded to bfloat16, and sum in float32.

    Processors have units for such products, which take both factors as they lie in memory.  XLA would fold whatever rounds or turns
    a factor into the product, and then multiply in float32 after all; what comes out of a branch it leaves alone.  `always` is the
    branch's condition: a boolean that is true, which the compiler must not know.
    """

    def __init__(self, always: jax.Array):
        self._always = always

    def wide(self, kernel: jax.Array, images: jax.Array) -> jax.Array:
        """The product of `JaxNumPy.wide`, and the kernel's gradient; there is none for the images."""

        def forward(kernel: jax.Array, images: jax.Array) -> tuple[jax.Array, jax.Array]:
            rows, columns = self._apart(lambda: (_rounded(images), _rounded(images).T))
            return _product(_rounded(kernel), columns), rows

        def backward(rows: jax.Array, gradients: jax.Array) -> tuple[jax.Array, None]:
            return _product(self._apart(lambda: _rounded(gradients)), rows), None

        product = jax.custom_vjp(lambda kernel, images: forward(kernel, images)[0])
        product.defvjp(forward, backward)
        return product(kernel, images)

    def _apart(self, made: Callable[[], Any]) -> Any:
        """The arrays that are made, in memory as they are."""
        due = jax.eval_shape(made)
        return jax.lax.cond(self._always, made, lambda: jax.tree.map(lambda a: jnp.zeros(a.shape, a.dtype), due))


def _rounded(array: jax.Array) -> jax.Array:
    return array.astype(jnp.bfloat16)


def _product(one: jax.Array, other: jax.Array) -> jax.Array:
    return jax.lax.dot(one, other, preferred_element_type=jnp.float32)
