"""The local web page: pictures, a study that is watched, its neurons, its answers, and its files.

It computes nothing itself: a study is the command line's own process, whose folder is watched (shelf.py, watching.py); charts
and sentences are report/'s and atlas/'s.  What would keep the page waiting is done at a desk (desk.py); app.py says what is answered where.
"""
