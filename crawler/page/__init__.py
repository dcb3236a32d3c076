"""A page, parsed once, and what people see on it: headings, labels with values, choices, photos, a buy button."""
