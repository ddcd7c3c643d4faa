"""Real programs beside the tests: each started on demand, on a free port, and gone at the end."""
