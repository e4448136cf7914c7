"""Error against width as a power law with a floor: what another doubling would buy, and what no width will pass.

error(w) = floor + scale·w^−exponent, floor and scale never below 0 (Hestness et al. 2017, section 3, use the same form for
the number of images).  It is a description of the widths that were tried, not a law of nature: `misfit` says how
badly it describes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from why128.statistics.intervals import Interval

FEWEST = 4  # widths: three are met exactly by three parameters, and nothing could then say "this is no power law"
STEP = 0.05  # of the grid of exponents, from 0.05 (a logarithm to the eye) to 3 (over after one doubling)
EXPONENTS = np.arange(1, 61) * STEP
AROUND = np.linspace(-1, 1, 21)  # steps of a tenth around the grid's best
DRAWS = 600  # of the parametric bootstrap: the standard error of a 2.5 % tail is then 0.6 %


@dataclass(frozen=True)
class PowerLaw:
    """A fitted curve; errors in shares of 1.

    `floor` and `exponent` with their limits; `scale` is the error above the floor at width 1.  `misfit` is the
    p of "a power law describes these widths": small means that it does not.  `widths` are those fitted.  Where the errors
    hardly fall, nothing tells exponents apart, and the limits say so: they are far apart.
    """

    floor: Interval
    scale: float
    exponent: Interval
    misfit: float
    widths: tuple[float, ...]
    confidence: float
    drawn: np.ndarray = field(repr=False, compare=False)  # (draws, 3): floor, scale, exponent of each draw

    def at(self, width: float) -> Interval:
        """The error at this width, on the curve."""
        return self._limits(self.floor.mean + self._above(width), self.drawn[:, 0] + self._drawn_above(width))

    def doubling(self, width: float) -> Interval:
        """By how much the error falls from this width to twice as many neurons."""
        kept = 2.0 ** -self.drawn[:, 2]
        return self._limits(self._above(width) * (1 - 2.0**-self.exponent.mean), self._drawn_above(width) * (1 - kept))

    def _above(self, width: float) -> float:
        return self.scale * float(width) ** -self.exponent.mean

    def _drawn_above(self, width: float) -> np.ndarray:
        return self.drawn[:, 1] * float(width) ** -self.drawn[:, 2]  # (draws,)

    def _limits(self, estimate: float, drawn: np.ndarray) -> Interval:
        return _interval(estimate, drawn, self.confidence)


def fit(
    widths: np.ndarray,
    errors: np.ndarray,
    covariance: np.ndarray,
    confidence: float,
    rng: np.random.Generator,
    freedom: float = np.inf,
) -> PowerLaw | None:
    """The power law nearest to the errors (K,) at these widths (K,), and what it does not know.

    covariance (K, K) is that of the errors; what is not positive definite in it is left out.  Widths of 0 and errors
    that are not numbers are left out; None where fewer than four widths remain, or where no error has any spread, for
    then nothing says how far to trust the curve.  `freedom` is that of the covariance: replicates - 1, unless nearly
    all of it comes from the images (one replicate: all of it).  Infinity takes it as known, and with 5 replicates of
    much luck the 95 % limits of the exponent then hold 88 times in 100.

    Least squares weighted by the widths' variances, by variable projection (Golub and Pereyra 1973): at each exponent
    of a grid the best floor and scale have a closed form.  The widths' errors go up and down together (same images),
    but the covariance is estimated from a handful of replicates, and generalised least squares on such a matrix can
    leave the data altogether (Peelle's puzzle); so it is not used as a weight, only in the limits: percentiles of
    curves refitted to draws from N(curve, covariance), or Student's t with finite freedom, which is right for any
    weights.  Those curves may have a negative floor or scale: a bootstrap that stops at a boundary is wrong beside it
    (Andrews 2000); at a true floor of 0 its 95 % limits of a doubling held 80 times in 100.  `misfit` is the share of
    normal draws that lie farther from their own curve than the data do from theirs.
    """
    found = _usable(np.asarray(widths, float), np.asarray(errors, float), np.asarray(covariance, float))
    if found is None:
        return None
    widths, errors, covariance = found
    least, noise = widths.min(), _noise(covariance, rng)
    weights = _weights(widths, np.diag(covariance))  # (K,)
    widths = widths / least
    own, distance = _nearest(errors[None], widths, weights)
    _, distances = _nearest(_curve(own, widths) + noise, widths, weights)
    free, _ = _nearest(errors[None], widths, weights, bounded=False)
    if 0 < freedom < np.inf:
        noise *= np.sqrt(freedom / rng.chisquare(freedom, (DRAWS, 1)))  # the normal becomes Student's t
    drawn, _ = _nearest(_curve(free, widths) + noise, widths, weights, bounded=False)
    for curves in (own, drawn):
        curves[:, 1] *= least ** curves[:, 2]  # back from "above the floor at the smallest width" to width 1
    return PowerLaw(
        floor=_interval(own[0, 0], drawn[:, 0], confidence),
        scale=float(own[0, 1]),
        exponent=_interval(own[0, 2], drawn[:, 2], confidence),
        misfit=float((np.sum(distances >= distance[0]) + 1) / (DRAWS + 1)),
        widths=tuple((widths * least).tolist()),
        confidence=confidence,
        drawn=drawn,
    )


def _usable(
    widths: np.ndarray, errors: np.ndarray, covariance: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """The widths that a curve can use; None if they are too few.

    A variance of 0 is one that was not seen (all replicates alike), and must not pull the whole curve to it: it
    becomes the smallest that was seen.
    """
    use = (widths > 0) & np.isfinite(errors) & np.isfinite(np.diag(covariance))
    widths, errors, covariance = widths[use], errors[use], np.nan_to_num(covariance[np.ix_(use, use)])
    variances = np.diag(covariance)
    seen = variances[variances > 0]
    if len(np.unique(widths)) < FEWEST or not len(seen):
        return None
    return widths, errors, covariance + np.diag(np.where(variances > 0, 0.0, seen.min() - variances))


def _weights(widths: np.ndarray, variances: np.ndarray) -> np.ndarray:
    """One over the variances (K,), smoothed: a straight line through their logarithms over those of the widths."""
    line = np.polynomial.Polynomial.fit(np.log(widths), np.log(variances), 1)
    return np.exp(-line(np.log(widths)))


def _nearest(
    errors: np.ndarray, widths: np.ndarray, weights: np.ndarray, bounded: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest curve to each row of errors (D, K): (D, 3) floor, scale, exponent; and its weighted squared distance (D,).

    The grid of exponents first, then twice a finer one around each row's best.  `bounded`: floor and scale not below 0.
    """
    exponents, rows = EXPONENTS[None], np.arange(len(errors))  # (1 or D, M)
    for finer in (STEP, STEP / 10, None):
        floor, scale, distance = _at_each(errors, widths ** -exponents[..., None], weights, bounded)  # (D, M) each
        best = distance.argmin(1)
        exponent = np.broadcast_to(exponents, distance.shape)[rows, best]
        if finer:
            exponents = np.clip(exponent[:, None] + finer * AROUND, EXPONENTS[0], EXPONENTS[-1])
    found = np.stack([floor[rows, best], scale[rows, best], exponent], axis=1)
    return found, np.maximum(distance[rows, best], 0.0)


def _at_each(
    errors: np.ndarray, powers: np.ndarray, weights: np.ndarray, bounded: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Best floor, best scale and the squared distance left, (D, M) each, for errors (D, K) and powers (1 or D, M, K).

    Two normal equations; where one of the two would be negative, the best lies on the boundary.
    """
    total, once, twice = weights.sum(), powers @ weights, powers**2 @ weights  # the normal matrix: (), (·, M), (·, M)
    on_floor = (errors @ weights)[:, None]  # (D, 1)
    on_power = np.einsum("dmk,dk->dm", np.broadcast_to(powers, (len(errors), *powers.shape[1:])), errors * weights)
    scale = (total * on_power - once * on_floor) / (total * twice - once**2)
    floor = (on_floor - once * scale) / total
    if bounded:
        inside = (scale >= 0) & (floor >= 0)
        flat, steep = np.maximum(on_floor / total, 0.0), np.maximum(on_power / twice, 0.0)
        flat_nearer = flat * on_floor > steep * on_power  # either takes estimate × product off the squared distance
        floor = np.where(inside, floor, np.where(flat_nearer, flat, 0.0))
        scale = np.where(inside, scale, np.where(flat_nearer, 0.0, steep))
    size = (errors**2 @ weights)[:, None]
    return floor, scale, size - floor * on_floor - scale * on_power


def _curve(law: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """The errors of one law (1, 3) at widths (K,)."""
    return law[0, 0] + law[0, 1] * widths ** -law[0, 2]


def _noise(covariance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draws from N(0, covariance) by its eigenvectors; negative eigenvalues, which no covariance has, count as 0.  # (DRAWS, K)"""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return rng.standard_normal((DRAWS, len(values))) @ (vectors * np.sqrt(np.maximum(values, 0.0))).T


def _interval(estimate: float, drawn: np.ndarray, confidence: float) -> Interval:
    """Percentile limits, never below 0 and never without the estimate itself."""
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(estimate), float(max(0.0, min(low, estimate))), float(max(high, estimate)))
