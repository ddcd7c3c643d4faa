"""Django's PostgreSQL backend, emptied in a way that suits tests."""
