"""What `weft ...` does, one command a file. Each streams: memory does not grow with what it is given."""
