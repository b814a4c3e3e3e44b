"""Facts: what episodes claim, made into what is held to be true, when, and how surely.

claims      one statement an episode makes, with its words                       (claims.py)
reconcile   the claims of one subject and relation → periods, versions, links    (reconcile.py)
belief      witnesses for and against → confidence and status                    (belief.py)
fact        what comes out: a fact with its validity, belief and evidence        (fact.py)
answers     a question → the facts that bear on it, as they held when asked      (answers.py)

Facts are a function of the log and of people's acts: `reconcile` over every group of claims is the
law, and sleep only recomputes the groups that new claims touch.
"""
