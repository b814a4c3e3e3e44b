"""Words of time in other languages, rewritten in the English ones that the grammar reads.

language.py   a language as data: its words by class, and phrases whose order differs
german.py, french.py, spanish.py, portuguese.py, italian.py, dutch.py      one table each
rewrite.py    a text → the same text in the grammar's words, and where each stood

A text is taken for the language whose words it holds most of; English wins ties, so that English
text is read as ever. What has no meaning in time becomes a placeholder.
"""

from mnemic.agent.when.tongues.rewrite import TRIGGERS, Rewritten, rewrite

__all__ = ["TRIGGERS", "Rewritten", "rewrite"]
