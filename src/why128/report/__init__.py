"""The telling: an answer is worded once, here, for every face."""
