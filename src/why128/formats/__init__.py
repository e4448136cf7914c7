"""A network's files: Keras's own `.keras`, read and written."""
