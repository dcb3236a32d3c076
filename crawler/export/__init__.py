"""export: from finished crawls to a snapshot, its statistics and its quality checks."""
