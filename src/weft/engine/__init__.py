"""Share the shards of a table among the cores of one machine or the machines of a Ray cluster."""
