"""Secrets that are shown once and kept as hashes only."""

from __future__ import annotations

import hashlib
import secrets


def new(prefix: str) -> str:
    """A fresh secret with a prefix that secret scanners know it by."""
    return prefix + secrets.token_urlsafe(30)


def hashed(text: str) -> str:
    """sha256 in hex: enough for secrets of full entropy."""
    return hashlib.sha256(text.encode()).hexdigest()
