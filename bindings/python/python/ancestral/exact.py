"""Exact denoisers: data whose clean estimate has a closed form, a reverse process with no network at all.

>>> from ancestral import Schedule, exact
>>> ring = exact.Mixture.reference("ring")
>>> points = ring.sample((1000, 2), Schedule("cosine").grid(20), "dpmpp-3m", seed=7)
"""

from ._ancestral import Gaussian, Mixture

__all__ = ["Gaussian", "Mixture"]
