"""commands: Scrapy's commands with this project's messages; a wrong argument is one line and exit status 2."""
