"""The write path: row → gate → check → identify → shallow keys → one durable transaction.

admit()     what memory itself gave is cut out, secrets are redacted           (gate.py, redact.py)
prepare()   row → Draft: checked, its times read, its identity computed       (prepare.py)
Store.append(drafts)   the log and its shallow keys, in one transaction        (stores/)
DeepKeys    vectors follow in the background; a write never waits for a model  (deepen.py)
"""

from mnemic.agent.write.gate import admit
from mnemic.agent.write.prepare import Draft, prepare
from mnemic.agent.write.redact import Redaction

__all__ = ["Draft", "Redaction", "admit", "prepare"]
