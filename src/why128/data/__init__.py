"""Images and their labels: read from files, names or arrays, checked, and split.  Imports nothing of ours but errors.

Each name is imported from where it lives (`images`, `source`, …): a process that trains needs no reader.
"""
