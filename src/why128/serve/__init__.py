"""Predictions over HTTP, for one network, on this machine.

guard.py decides who may ask and how much, asked.py finds the pictures in a request, app.py answers, server.py listens.
Predictions are NumPy's alone: JAX is never imported, and what is answered is what `why128 predict` answers.
"""
