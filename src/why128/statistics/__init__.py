"""Inference: what can be said, and how surely, from which images were answered rightly.

Imports NumPy and SciPy only, so that a statistician can review it without knowing the rest.  SciPy's parts are named in
full (`scipy.stats.t`), because it then imports them where they are first used: half a second, while networks train.
"""
