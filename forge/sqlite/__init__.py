"""Django's SQLite backend, with the number of parameters that this SQLite really takes."""
