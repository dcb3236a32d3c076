"""downloader: which addresses may be connected to, and how slow a response may be."""
