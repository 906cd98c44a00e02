"""``whimbrel``, the command line: a client of the API like any other, that knows nothing of the platform's code."""
