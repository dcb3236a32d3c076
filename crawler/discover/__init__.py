"""discover: which URLs a shop has, and which are traps. Pure: sitemap bytes or a page to URLs."""
