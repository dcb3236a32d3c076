"""The report: one page and one text of results. Reads what evaluate and training wrote, computes nothing."""
