"""Softmax attention with a growing archive of all pairs: what remembers everything, and grows."""

from __future__ import annotations

from mnemic.nn.rules.attention import AttentionRule


def softmax() -> AttentionRule:
    """Every pair so far is seen. Its blocks of queries are in ../attention.py."""
    return AttentionRule("softmax")
