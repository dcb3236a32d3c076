"""Scrapy settings of every crawl; delay and concurrency come as arguments of the spider."""

BOT_NAME = "weft"
SPIDER_MODULES = ["crawler.spiders"]
NEWSPIDER_MODULE = "crawler.spiders"

# Manners: who we are, what we may ask, how often.
USER_AGENT = "WeftBot/0.1 (product crawler; obeys robots.txt)"
ROBOTSTXT_OBEY = True
ROBOTSTXT_USER_AGENT = "WeftBot"
DOWNLOAD_DELAY = 1.0
CONCURRENT_REQUESTS = 1
CONCURRENT_REQUESTS_PER_DOMAIN = 1
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False

# What a request may cost.
DOWNLOAD_TIMEOUT = 60
DOWNLOAD_MAXSIZE = 64 * 1024 * 1024
DOWNLOAD_WARNSIZE = 0
REDIRECT_MAX_TIMES = 5
RETRY_TIMES = 4
RETRY_WAIT = 0.5  # seconds before the first retry where the shop names no time; twice as long each time
RETRY_PRIORITY_ADJUST = 0
RETRY_GIVE_UP_LOG_LEVEL = "INFO"

# The frontier and everything brought home are in crawler.store; Scrapy keeps nothing.
SCHEDULER = "crawler.scheduler.FrontierScheduler"
ITEM_PIPELINES = {"crawler.pipelines.keep.KeepPipeline": 100}
DOWNLOADER_MIDDLEWARES = {
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "crawler.middlewares.onsite.OnsiteMiddleware": 50,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "crawler.middlewares.robots.RobotsMiddleware": 100,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "crawler.middlewares.retry.WaitingRetryMiddleware": 550,
    # Not needed, and each costs every request a little.
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
    "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,
    "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware": None,
}
SPIDER_MIDDLEWARES = {
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
}
DOWNLOAD_HANDLERS = {
    "http": "crawler.address.AddressedHandler",
    "https": "crawler.address.AddressedHandler",
}

# Scrapy makes this many tasks for every response; a response of ours has one outcome.
CONCURRENT_ITEMS = 1
# It reads the source of every callback as it runs.
WARN_ON_GENERATOR_RETURN_VALUE = False

LOG_LEVEL = "INFO"
LOGSTATS_INTERVAL = 10.0
