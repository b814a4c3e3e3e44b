"""Ways of finding. Each gives scores over the rows of a view; none knows of the others.

lexical.py   BM25 over episodes and over whole sessions
dense.py     cosine of deep keys
recent.py    how lately it was said
"""
