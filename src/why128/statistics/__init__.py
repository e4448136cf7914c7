"""Inference: what can be said, and how surely, from which images were answered rightly.

Imports NumPy and SciPy only, so that a statistician can review it without knowing the rest.
"""
