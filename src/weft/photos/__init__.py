"""Photos: decode and resize them to the training size, find duplicates, quarantine unusable photos with a reason."""
