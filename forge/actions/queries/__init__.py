"""Reads, for the API, the pages and the feed alike. Nothing here writes."""
