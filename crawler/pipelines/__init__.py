"""pipelines: what happens to an outcome of the spider; one file per pipeline."""
