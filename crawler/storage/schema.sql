-- One crawl of one shop: its URLs (frontier) and what was read from them (products, listings, photos).
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS frontier (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,            -- sitemap, feed, photo, page
  url TEXT NOT NULL,
  priority INTEGER NOT NULL,     -- lowest first; a hash of the URL, larger for pages that were found by links than for
                                 -- pages of sitemaps, so the order is the same in every run of the crawl
  status TEXT NOT NULL DEFAULT 'todo',  -- todo, done, failed; over_budget: waits for the budget of its URL template;
                                 -- postponed: todo, but not in this run
  optional INTEGER NOT NULL DEFAULT 0,  -- 1: the URL is a guess, so it is no failure when it is missing
  is_variant INTEGER NOT NULL DEFAULT 0,  -- 1: only the page of another variant of the same product led here
  attempts INTEGER NOT NULL DEFAULT 0,  -- in all runs together
  reason TEXT,                   -- of a failure
  lastmod TEXT,                  -- the last modification that the sitemap states
  page_signature TEXT            -- many pages with the same signature are a block page
);
CREATE UNIQUE INDEX IF NOT EXISTS one_row_per_url ON frontier (url, kind);
CREATE INDEX IF NOT EXISTS todo ON frontier (kind, priority) WHERE status = 'todo';
CREATE INDEX IF NOT EXISTS failed ON frontier (url) WHERE status = 'failed';

CREATE TABLE IF NOT EXISTS products (
  page_url TEXT PRIMARY KEY,     -- the page that the product was read from, or the URL that a feed states
  priority INTEGER NOT NULL,     -- of that page
  product_id TEXT NOT NULL,
  product_json TEXT NOT NULL,    -- '' where the URL alone identified the product
  relations TEXT NOT NULL DEFAULT '',   -- JSON; the pages that this page names as the same product
  is_from_feed INTEGER NOT NULL DEFAULT 0,
  read_at TEXT NOT NULL DEFAULT '',     -- for an unchanged page, the time of the crawl that read it
  headers TEXT NOT NULL DEFAULT '{}'    -- JSON; validators for the conditional requests of the next crawl
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_product_id ON products (product_id, page_url);

CREATE TABLE IF NOT EXISTS listings (
  page_url TEXT PRIMARY KEY, breadcrumb TEXT NOT NULL, page_title TEXT NOT NULL,
  language TEXT NOT NULL DEFAULT ''     -- an ISO 639 code
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS listing_links (
  target_url TEXT NOT NULL, listing_url TEXT NOT NULL, PRIMARY KEY (target_url, listing_url)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS photos (
  url TEXT PRIMARY KEY,
  sha256 TEXT NOT NULL,          -- the name of the file that holds the bytes, see crawler/storage/blobs.py
  final_url TEXT NOT NULL,       -- after redirects
  fetched_at TEXT NOT NULL,      -- ISO 8601, UTC; for an unchanged photo, the time of the crawl that fetched it
  robots TEXT NOT NULL,          -- the decision of robots.txt
  headers TEXT NOT NULL          -- JSON; content type, validators, X-Robots-Tag ...
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_content ON photos (sha256);

-- The previous crawl of the shop, if there was one.
CREATE TABLE IF NOT EXISTS previous_products (
  page_url TEXT PRIMARY KEY, product_id TEXT NOT NULL, product_json TEXT NOT NULL, is_from_feed INTEGER NOT NULL,
  relations TEXT NOT NULL, read_at TEXT NOT NULL, headers TEXT NOT NULL, lastmod TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS previous_by_product_id ON previous_products (product_id);
CREATE TABLE IF NOT EXISTS previous_photos (
  url TEXT PRIMARY KEY, sha256 TEXT NOT NULL, final_url TEXT NOT NULL, fetched_at TEXT NOT NULL,
  robots TEXT NOT NULL, headers TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS removed_products (
  product_id TEXT PRIMARY KEY, url TEXT NOT NULL, reason TEXT NOT NULL
) WITHOUT ROWID;

-- Links and the crawl budget of URL templates; see crawler/storage/crawl_budget.py.
CREATE TABLE IF NOT EXISTS link_sources (
  frontier_id INTEGER PRIMARY KEY,
  url_template TEXT NOT NULL,    -- of the row's own URL
  source_template TEXT NOT NULL  -- of the page that links to it
);
CREATE INDEX IF NOT EXISTS by_template ON link_sources (url_template);
CREATE TABLE IF NOT EXISTS crawl_budget (
  url_template TEXT PRIMARY KEY, -- '' for the whole crawl
  remaining INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS product_templates (url_template TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unordered_urls (
  hash INTEGER PRIMARY KEY,      -- of the parts of a linked URL without their order
  frontier_id INTEGER NOT NULL   -- the first page with these parts
);
CREATE TABLE IF NOT EXISTS skipped_urls (url TEXT PRIMARY KEY, reason TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sitemap_translations (  -- xhtml:link with hreflang
  page_url TEXT NOT NULL, language TEXT NOT NULL, url TEXT NOT NULL, PRIMARY KEY (page_url, language)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sitemap_photos (
  page_url TEXT NOT NULL, position INTEGER NOT NULL, url TEXT NOT NULL, PRIMARY KEY (page_url, position)
) WITHOUT ROWID;
