"""Facts: what episodes claim, made into what is held to be true, when, and how surely.

claims.py      a claim: one statement an episode makes, with its words
"""
