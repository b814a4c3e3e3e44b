"""Level 1: episodes on disk, around a model."""
