"""connect: between Scrapy and the network: which addresses may be connected to, how slow an answer may be."""
