"""The values that shops write: prices, labels, addresses of photos, names of variants. No page is read here."""
