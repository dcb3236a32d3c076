"""Tags fit for use: a threshold for every word, and what photos and texts of a catalogue disagree on. Never torch."""
