"""The commands of `weft`, one per file. Commands that read photos stream them, so memory does not grow with their number."""
