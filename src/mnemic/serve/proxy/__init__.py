"""A proxy before any OpenAI-compatible endpoint: requests go up with what memory knows, turns are kept."""
