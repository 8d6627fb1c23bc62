"""The languages that text is read for: whose dates and numbers are said."""

from __future__ import annotations

LANGUAGES = ("en-US", "en-GB")
