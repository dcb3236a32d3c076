"""crawler: the Scrapy project. It finds a shop's products, extracts them, downloads their photos and writes a snapshot.

It imports only weft.contracts, weft.errors, weft.params, weft.progress and weft.tables, and it does not import torch.
"""
