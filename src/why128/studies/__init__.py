"""The question: plan a study, run it, keep its results, and decide.

plan.py says what is tried, run.py trains it, store.py keeps every result as it arrives, evidence.py is what has been seen,
verdict.py decides and findings.py says what else follows; conduct.py is the whole of it.  What infers is a floor below, in
statistics/; words and charts are a floor up, in report/.
"""
