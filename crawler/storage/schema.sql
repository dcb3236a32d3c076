-- One crawl of one shop: what is known (frontier), what was brought home (products, listings, photos).
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS frontier (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,            -- sitemap, feed, photo, page
  url TEXT NOT NULL,
  rank INTEGER NOT NULL,         -- a hash of the URL, after all that sitemaps name where a link led to it:
                                 -- an order that no run of the crawl can change
  status TEXT NOT NULL DEFAULT 'todo',  -- todo, done, failed; deferred: over its pattern's
                                 -- budget; later: todo, but not in this run
  guess INTEGER NOT NULL DEFAULT 0,     -- nobody named it: that it is missing is no failure
  tries INTEGER NOT NULL DEFAULT 0,     -- in all runs
  reason TEXT,
  lastmod TEXT,                  -- when the sitemap says it changed last
  mark TEXT                      -- what its page looked like: many pages with one mark are a wall
);
CREATE UNIQUE INDEX IF NOT EXISTS one_row_per_url ON frontier (url, kind);
CREATE INDEX IF NOT EXISTS todo ON frontier (kind, rank) WHERE status = 'todo';
CREATE INDEX IF NOT EXISTS failed ON frontier (url) WHERE status = 'failed';

CREATE TABLE IF NOT EXISTS products (
  page TEXT PRIMARY KEY,         -- the URL it was read from, or that a feed gives it
  rank INTEGER NOT NULL,         -- that page's rank
  product_id TEXT NOT NULL,
  body TEXT NOT NULL,            -- the Product as JSON, '' where the URL alone told which it is
  is_of_feed INTEGER NOT NULL DEFAULT 0,
  read_at TEXT NOT NULL DEFAULT '',     -- when it was read; of an unchanged page, by the crawl that read it
  headers TEXT NOT NULL DEFAULT '{}'    -- those the next crawl can ask with, as JSON
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_product_id ON products (product_id, page);

CREATE TABLE IF NOT EXISTS listings (
  page TEXT PRIMARY KEY, trail TEXT NOT NULL, label TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS listed (
  target TEXT NOT NULL, listing TEXT NOT NULL, PRIMARY KEY (target, listing)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS photos (
  url TEXT PRIMARY KEY,
  sha256 TEXT NOT NULL,          -- its bytes are the file of this name, see crawler/storage/blobs.py
  served_from TEXT NOT NULL,     -- the URL it was had from in the end, after redirects
  fetched_at TEXT NOT NULL,      -- ISO 8601, UTC; of an unchanged photo, by the crawl that fetched it
  robots TEXT NOT NULL,          -- what robots.txt decided
  headers TEXT NOT NULL          -- those that matter, as JSON: type, validators, X-Robots-Tag ...
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_content ON photos (sha256);

-- The crawl before this one, where there was one: what it is compared with.
CREATE TABLE IF NOT EXISTS earlier_products (
  page TEXT PRIMARY KEY, product_id TEXT NOT NULL, body TEXT NOT NULL, is_of_feed INTEGER NOT NULL,
  read_at TEXT NOT NULL, headers TEXT NOT NULL, lastmod TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS earlier_by_product_id ON earlier_products (product_id);
CREATE TABLE IF NOT EXISTS earlier_photos (
  url TEXT PRIMARY KEY, sha256 TEXT NOT NULL, served_from TEXT NOT NULL, fetched_at TEXT NOT NULL,
  robots TEXT NOT NULL, headers TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS withdrawn (
  product_id TEXT PRIMARY KEY, url TEXT NOT NULL, reason TEXT NOT NULL
) WITHOUT ROWID;

-- What links led to, beyond the frontier; see crawler/storage/frontier.py.
CREATE TABLE IF NOT EXISTS linked (
  row INTEGER PRIMARY KEY,       -- of the frontier
  pattern TEXT NOT NULL, via TEXT NOT NULL  -- the patterns of its URL and of the page that led to it
);
CREATE INDEX IF NOT EXISTS by_pattern ON linked (pattern);
CREATE TABLE IF NOT EXISTS budget (pattern TEXT PRIMARY KEY, left INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cut (url TEXT PRIMARY KEY, reason TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sitemap_photos (
  page TEXT NOT NULL, place INTEGER NOT NULL, url TEXT NOT NULL, PRIMARY KEY (page, place)
) WITHOUT ROWID;
