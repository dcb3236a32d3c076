"""Scrapy settings of this project; delay, contact and addresses are arguments of the spider (crawler.spider_args)."""

BOT_NAME = "weft"
SPIDER_MODULES = ["crawler.spiders"]
NEWSPIDER_MODULE = "crawler.spiders"

# Politeness: user agent, robots.txt, delay.
USER_AGENT = "WeftBot/0.1 (product crawler; obeys robots.txt)"  # crawler.spider_args adds the contact
ROBOTSTXT_OBEY = True
ROBOTSTXT_USER_AGENT = "WeftBot"
DOWNLOAD_DELAY = 1.0
DOWNLOAD_DELAY_JITTER = 0.0  # with jitter, half of all requests would come before the delay has passed
CONCURRENT_REQUESTS = 1
CONCURRENT_REQUESTS_PER_DOMAIN = 1
AUTOTHROTTLE_MAX_DELAY = 60.0  # read by crawler.extensions.throttle, which replaces AutoThrottle
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False

# Addresses. A proxy would resolve names itself, so their addresses could not be checked.
TWISTED_DNS_RESOLVER = "scrapy.resolver.CachingHostnameResolver"  # crawler.downloader.resolver wraps it
HTTPPROXY_ENABLED = False
DOWNLOAD_HANDLERS = {
    "http": "crawler.downloader.handler.GuardedDownloadHandler",
    "https": "crawler.downloader.handler.GuardedDownloadHandler",
    "data": None,
    "file": None,
    "ftp": None,
    "s3": None,
}
WEFT_CONTACT = ""  # for scrapy shell, fetch, view and parse: -s WEFT_CONTACT=you@yourshop.com
WEFT_HAS_CONTACT = False
WEFT_PRIVATE_HOST = ""

# Limits of one request.
DOWNLOAD_TIMEOUT = 60  # seconds, for the whole response
# Bytes, as sent and as decompressed; crawler.middlewares.size_limits allows less for pages and photos.
DOWNLOAD_MAXSIZE = 64 * 1024 * 1024
DOWNLOAD_WARNSIZE = 0
WEFT_MIN_RATE_GRACE_SECONDS = 10.0  # seconds after the first byte of a body before its rate is checked
WEFT_MIN_DOWNLOAD_RATE = 1024  # bytes per second
REDIRECT_MAX_TIMES = 5
RETRY_TIMES = 4
RETRY_BACKOFF_BASE = 0.5  # seconds before the first retry without Retry-After; doubles with each retry
WEFT_MAX_CONSECUTIVE_BUSY = 10  # busy URLs (429, 503) in a row before the crawl stops
RETRY_PRIORITY_ADJUST = 0
RETRY_GIVE_UP_LOG_LEVEL = "INFO"

# The frontier and all records are in crawler.storage.store. Spiders other than `shop` use Scrapy's own scheduler.
SCHEDULER = "crawler.scheduler.FrontierScheduler"
FEED_EXPORTERS = {"csv": "crawler.feed_export.ProductCsvExporter"}
EXTENSIONS = {
    "crawler.session.CrawlSession": 0,
    "scrapy.extensions.throttle.AutoThrottle": None,
    "crawler.extensions.throttle.Throttle": 0,
    "scrapy.extensions.logstats.LogStats": None,
    "crawler.extensions.crawl_progress.CrawlProgressLog": 0,
}
DOWNLOADER_MIDDLEWARES = {
    "crawler.middlewares.offsite.ShopSiteMiddleware": 55,
    "crawler.middlewares.size_limits.SizeLimitMiddleware": 60,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "crawler.middlewares.robotstxt.RobotsMiddleware": 100,
    "crawler.middlewares.tdm_reservation.TdmReservationMiddleware": 110,
    "crawler.middlewares.conditional_requests.ConditionalRequestMiddleware": 150,
    "crawler.middlewares.render.RenderMiddleware": 520,  # only for shops with render: true
    "crawler.middlewares.opt_out.OptOutMiddleware": 530,
    "crawler.middlewares.encoding.EncodingMiddleware": 540,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "crawler.middlewares.retry.BackoffRetryMiddleware": 550,
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
    "crawler.middlewares.cookies.CookieRefreshMiddleware": 580,
    "crawler.middlewares.size_limits.SizeLimitedCompressionMiddleware": 590,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "crawler.middlewares.offsite.HttpRedirectMiddleware": 600,
    "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,
    "crawler.middlewares.cookies.ShopCookiesMiddleware": 700,
}

# Commands of this project, and their messages; at the level DEBUG the log has everything that Scrapy logs.
COMMANDS_MODULE = "crawler.commands"
LOG_LEVEL = "INFO"
LOG_VERSIONS: list[str] = []
