"""MLflow: the only module that imports it. Logging never stops the work: a tracker that is down costs a warning."""
