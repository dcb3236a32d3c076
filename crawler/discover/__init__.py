"""Find the URLs of a shop in its sitemaps, pages and APIs, and recognise crawl traps. No network access."""
