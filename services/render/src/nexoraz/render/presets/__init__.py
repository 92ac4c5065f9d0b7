"""The looks a person can order, as data: `catalogue.json`, described by `catalogue.schema.json`."""
