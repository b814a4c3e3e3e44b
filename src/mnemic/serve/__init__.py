"""Doors: they translate and never decide."""
