"""Bytes by key. Knows nothing of what they mean."""
