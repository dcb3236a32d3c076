"""The built-in shops: a catalogue that never ends, its photos, its words, and a server; nobody's site is needed."""
