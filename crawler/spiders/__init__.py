"""spiders: one, `shop`, for every shop; there is no code per shop."""
