"""Reads what a downloaded paper says."""

from __future__ import annotations

import io

from pypdf import PdfReader


def words_of(content: bytes) -> str:
    """All words of a PDF file in their order, with plain spaces between."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())
