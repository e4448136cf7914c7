"""The command line: a door that computes and words nothing of its own."""
