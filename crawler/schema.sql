-- One crawl of one shop: what is known (frontier), what was brought home (products, listings, photos).
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS frontier (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,            -- sitemap, photo, page
  url TEXT NOT NULL,
  rank INTEGER NOT NULL,         -- a hash of the URL, after all that sitemaps name where a link led to it:
                                 -- an order that no run of the crawl can change
  status TEXT NOT NULL DEFAULT 'todo',  -- todo, done, failed
  guess INTEGER NOT NULL DEFAULT 0,     -- nobody named it: that it is missing is no failure
  tries INTEGER NOT NULL DEFAULT 0,
  reason TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS one_row_per_url ON frontier (url, kind);
CREATE INDEX IF NOT EXISTS todo ON frontier (kind, rank) WHERE status = 'todo';
CREATE INDEX IF NOT EXISTS failed ON frontier (url) WHERE status = 'failed';

CREATE TABLE IF NOT EXISTS products (
  page TEXT PRIMARY KEY,         -- the URL it was read from
  rank INTEGER NOT NULL,         -- that page's rank
  product_id TEXT NOT NULL,
  body TEXT NOT NULL             -- the Product as JSON, '' where the URL alone told which it is
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_product_id ON products (product_id, page);

CREATE TABLE IF NOT EXISTS listings (
  page TEXT PRIMARY KEY, trail TEXT NOT NULL, label TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS listed (
  target TEXT NOT NULL, listing TEXT NOT NULL, PRIMARY KEY (target, listing)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS photos (url TEXT PRIMARY KEY, sha256 TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS contents (sha256 TEXT PRIMARY KEY, bytes BLOB NOT NULL);
