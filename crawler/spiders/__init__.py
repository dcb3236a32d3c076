"""spiders: one spider, `shop`, for every shop; there is no code per shop."""
