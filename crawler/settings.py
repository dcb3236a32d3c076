"""Scrapy settings of every crawl; pace, contact and addresses come as arguments of the spider (crawler.spider_args)."""

BOT_NAME = "weft"
SPIDER_MODULES = ["crawler.spiders"]
NEWSPIDER_MODULE = "crawler.spiders"

# Manners: who we are, what we may ask, how often.
USER_AGENT = "WeftBot/0.1 (product crawler; obeys robots.txt)"  # crawler.spider_args adds the contact
ROBOTSTXT_OBEY = True
ROBOTSTXT_USER_AGENT = "WeftBot"
DOWNLOAD_DELAY = 1.0
DOWNLOAD_DELAY_JITTER = 0.0  # else half of all requests would come sooner than was promised
CONCURRENT_REQUESTS = 1
CONCURRENT_REQUESTS_PER_DOMAIN = 1
AUTOTHROTTLE_ENABLED = True  # by crawler.extensions.throttle
AUTOTHROTTLE_MAX_DELAY = 60.0
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
COOKIES_ENABLED = False

# Where a request may go. A proxy would look names up itself, so nobody could check where they lead.
TWISTED_DNS_RESOLVER = "scrapy.resolver.CachingHostnameResolver"  # crawler.downloader.resolver stands before it
HTTPPROXY_ENABLED = False
DOWNLOAD_HANDLERS = {
    "http": "crawler.downloader.handler.GuardedDownloadHandler",
    "https": "crawler.downloader.handler.GuardedDownloadHandler",
    "data": None,
    "file": None,
    "ftp": None,
    "s3": None,
}
WEFT_HAS_CONTACT = False
WEFT_PRIVATE_HOST = ""

# What a request may cost.
DOWNLOAD_TIMEOUT = 60  # seconds, from the first byte asked to the last one had
# Bytes, as sent and as decompressed; crawler.middlewares.size_limits allows less for pages and photos.
DOWNLOAD_MAXSIZE = 64 * 1024 * 1024
DOWNLOAD_WARNSIZE = 0
WEFT_MIN_RATE_GRACE_SECONDS = 10.0  # seconds of a body, from which on it must come at ...
WEFT_MIN_DOWNLOAD_RATE = 1024  # ... so many bytes a second
REDIRECT_MAX_TIMES = 5
RETRY_TIMES = 4
RETRY_BACKOFF_BASE = 0.5  # seconds before the first retry where the shop names no time; twice as long each time
WEFT_MAX_CONSECUTIVE_BUSY = 10  # addresses that are busy (429, 503) in a row, before the shop is left for now
RETRY_PRIORITY_ADJUST = 0
RETRY_GIVE_UP_LOG_LEVEL = "INFO"

# The frontier and everything brought home are in crawler.storage.store; Scrapy keeps nothing.
SCHEDULER = "crawler.scheduler.FrontierScheduler"
ITEM_PIPELINES = {"crawler.pipelines.StorePipeline": 100}
EXTENSIONS = {
    "scrapy.extensions.throttle.AutoThrottle": None,
    "crawler.extensions.throttle.Throttle": 0,
}
DOWNLOADER_MIDDLEWARES = {
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "crawler.middlewares.offsite.OffsiteMiddleware": 50,
    "crawler.middlewares.size_limits.SizeLimitMiddleware": 60,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "crawler.middlewares.robotstxt.RobotsMiddleware": 100,
    "crawler.middlewares.conditional_requests.ConditionalRequestMiddleware": 150,
    "crawler.middlewares.opt_out.OptOutMiddleware": 530,
    "crawler.middlewares.encoding.EncodingMiddleware": 540,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "crawler.middlewares.retry.BackoffRetryMiddleware": 550,
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "crawler.middlewares.size_limits.SizeLimitedCompressionMiddleware": 590,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "crawler.middlewares.offsite.HttpRedirectMiddleware": 600,
    # Not needed, and each costs every request a little.
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
    "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,
    "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware": None,
    "scrapy.downloadermiddlewares.stats.DownloaderStats": None,
}
SPIDER_MIDDLEWARES = {
    "crawler.middlewares.opt_out.PageOptOutMiddleware": 100,
    # Not needed either: nothing of ours goes on from one response to a request.
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
    "scrapy.spidermiddlewares.start.StartSpiderMiddleware": None,
    "scrapy.spidermiddlewares.referer.RefererMiddleware": None,
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
    "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,
}

# Scrapy makes this many tasks for every response; a response of ours has one outcome.
CONCURRENT_ITEMS = 1
# It reads the source of every callback as it runs.
WARN_ON_GENERATOR_RETURN_VALUE = False

LOG_LEVEL = "INFO"
LOGSTATS_INTERVAL = 10.0
