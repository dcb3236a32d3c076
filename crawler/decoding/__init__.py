"""From bytes to text: decompression, character encodings, and the repair of XML."""
