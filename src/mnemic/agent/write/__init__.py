"""The write path: row → check → identify → shallow keys → one durable transaction.

prepare()   row → Draft: checked, its times read, its identity computed       (prepare.py)
Store.append(drafts)   the log and its shallow keys, in one transaction        (stores/)
DeepKeys    vectors follow in the background; a write never waits for a model  (deepen.py)
"""

from mnemic.agent.write.prepare import Draft, prepare

__all__ = ["Draft", "prepare"]
