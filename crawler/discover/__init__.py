"""discover: which URLs a shop has. Pure: sitemap bytes or a listing page to URLs, and URLs to their clean form."""
