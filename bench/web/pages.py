"""The pages without a log that people live in, by name in the seed."""

PAGES = ("list", "workflow", "run 1000", "wide", "job")
