"""The demonstration: a small real project is pushed, run and judged before your eyes."""
