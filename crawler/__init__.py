"""crawler: the Scrapy project. Finds a shop's products, reads them, fetches their photos, exports a snapshot.

It imports only weft.contracts, weft.errors, weft.params and weft.tables, and starts without torch.
"""
