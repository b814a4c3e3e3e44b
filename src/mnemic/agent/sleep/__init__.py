"""Sleep: what is derived from episodes while nobody waits."""
