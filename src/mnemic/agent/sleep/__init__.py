"""Sleep: what is made of episodes while nobody waits."""
