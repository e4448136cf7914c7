"""The question: plan a study, run it, keep its results, and decide.

plan.py says what is tried, run.py trains it, store.py keeps every result as it arrives, statistics.py (NumPy and SciPy
only) infers, verdict.py decides.  Words and charts are a floor up, in report/.
"""
