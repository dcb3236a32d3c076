"""The built-in demo shops: an endless generated catalogue with texts and photos, and a server for it."""
