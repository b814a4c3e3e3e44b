"""The fixed-size state of a scope over embeddings: what is usual here, in constant bytes.

state.py   the delta rule over projected embeddings: write, read, surprise; as bytes
"""

from mnemic.agent.gist.state import GIST_VERSION, Gist

__all__ = ["GIST_VERSION", "Gist"]
