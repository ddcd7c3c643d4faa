"""The engine in this process, on a database of its own."""
