"""A memory that opens in a thread while the client is already being answered."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mnemic.agent.memory import Memory

_log = logging.getLogger(__name__)


class Opening:
    """Opens a memory once, when it is started or first asked for, and closes it.

    Args:
        make: opens it; is called in the thread that needs it first.
        warm: what to do with it before anyone asks, such as loading its model.
        after: what to do when that is done, or could not be.
    """

    def __init__(
        self,
        make: Callable[[], Memory],
        warm: Callable[[Memory], None] | None = None,
        after: Callable[[], None] | None = None,
    ) -> None:
        self._make = make
        self._warm = warm
        self._after = after
        self._lock = threading.Lock()
        self._memory: Memory | None = None
        self._closed = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to open it; returns at once. Once is enough."""
        if self._thread is not None:
            return
        self._thread = threading.Thread(target=self._ahead, name="mnemic-opening", daemon=True)
        self._thread.start()

    def memory(self) -> Memory:
        """The memory, when it is open.

        Raises:
            MnemicError: it cannot be opened; the next call tries again.
        """
        from mnemic.errors import StoreError

        with self._lock:
            if self._closed:
                raise StoreError("the memory is closed: this server is stopping")
            if self._memory is None:
                self._memory = self._make()
            return self._memory

    def close(self) -> None:
        """Closes it, if it was opened, for good; waits until it is no longer being opened."""
        if self._thread is not None:
            self._thread.join()
        with self._lock:
            self._closed = True
            if self._memory is not None:
                self._memory.close()
                self._memory = None

    def _ahead(self) -> None:
        from mnemic.errors import MnemicError

        try:
            memory = self.memory()
            if self._warm is not None:
                self._warm(memory)
        except MnemicError as error:  # whoever asks next is told
            _log.warning("the memory is not ready: %s", error)
        finally:
            if self._after is not None:
                self._after()
