"""The fixed-size state of a scope over embeddings: what it is made of, in constant bytes.

state.py      the sums over projected embeddings: write, surprise, familiarity; as bytes
familiar.py   of a question, from what a store has kept: cost and bytes do not grow with the scope
"""

from mnemic.agent.gist.familiar import HEARD_MIN, familiarity
from mnemic.agent.gist.state import GIST_VERSION, Gist, project

__all__ = ["GIST_VERSION", "HEARD_MIN", "Gist", "familiarity", "project"]
