"""Contracts between the packages: the product, the schemas of tables, and the names of files. No work is done here."""
