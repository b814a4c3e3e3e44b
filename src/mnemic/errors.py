"""Everything that Mnemic raises on purpose.

MnemicError
├── InvalidInput (also ValueError): the caller passed something that cannot be used
│   ├── InvalidText      empty, too long, NUL, lone surrogate
│   ├── InvalidTime      naive, unreadable or reversed times
│   ├── NotThere         what an id, a ref, a number or a scope names does not exist
│   ├── InvalidScope     a scope that is not a plain path
│   │   └── UnknownScope nothing was ever remembered there (also NotThere)
│   ├── Conflict         what was done before stands against it: a used key, a run undone already
│   ├── InvalidQuery     k, budget or query out of range
│   └── InvalidTensor    a shape, dtype, device, value or option that a neural memory cannot use
├── StateError: the state of a neural memory, as a value or as a file
│   ├── NotAState        a file that is something else, cut short, or damaged
│   ├── NewerState       written by a later version of Mnemic
│   └── StateMismatch    a state of another rule, model or batch than the one at hand
├── ModelError: a language model as files, and its training
│   ├── NotACheckpoint   weights that are something else, cut short, not plain numbers, or misshapen
│   ├── NotAVocabulary   a list of tokens that cannot be read, or leaves bytes without a token
│   ├── NotAModel        a folder that holds no model, or one that is incomplete or damaged
│   ├── RunMismatch      a training run resumed with other data or another configuration
│   └── Diverged         the loss is no number any more
├── StoreError: the file or its disk
│   ├── NotAStore        a file that is something else
│   ├── NewerStore       written by a later version of Mnemic
│   ├── ReadOnlyStore    no permission to write
│   ├── StoreFull        the disk is full
│   ├── StoreDamaged     the file fails its own checks
│   ├── StoreBusy        the file could not be had within the time allowed
│   │   └── SleepBusy    another sleep is running on it
│   └── EngineTooOld     an SQLite engine that loses commits
├── EmbedderError: the model that makes deep keys
│   ├── EmbedderMissing  no model is installed and none could be built
│   └── EmbedderMismatch files or vectors of another model than the one asked for
├── LLMError: a language model behind an endpoint
│   ├── LLMUnreachable   no connection, no answer in time, no access, or too busy
│   ├── LLMAnswerInvalid an answer that is too long, cut short, or not what was asked for
│   └── BudgetSpent      the call could go beyond the tokens or the money allowed; it was not made
└── ImportFailed: a source that cannot be read at all (single bad lines are reported, not raised)
"""

from __future__ import annotations


class MnemicError(Exception):
    """The root of the tree above."""


class InvalidInput(MnemicError, ValueError):
    """The caller passed something that cannot be used."""


class InvalidText(InvalidInput):
    """Text that is empty, too long, or holds a NUL or a lone surrogate."""


class InvalidTime(InvalidInput):
    """A time that is naive, unreadable or out of order."""


class NotThere(InvalidInput):
    """What an id, a ref, a number or a scope names does not exist."""


class InvalidScope(InvalidInput):
    """A scope that is not a plain path."""


class UnknownScope(InvalidScope, NotThere):
    """A scope in which nothing was ever remembered."""


class Conflict(InvalidInput):
    """What was done before stands against it: a key that was used, a run that was undone already."""


class InvalidQuery(InvalidInput):
    """A query, k or budget out of range."""


class InvalidTensor(InvalidInput):
    """A shape, dtype, device, value or option that a neural memory cannot use."""


class StateError(MnemicError):
    """The state of a neural memory, as a value or as a file."""


class NotAState(StateError):
    """The file is something else, was cut short, or is damaged."""


class NewerState(StateError):
    """The state was written by a later version."""


class StateMismatch(StateError):
    """A state of another rule, model or batch than the one at hand."""


class ModelError(MnemicError):
    """A language model as files, or its training."""


class NotACheckpoint(ModelError):
    """The weights are something else, cut short, not plain numbers, or of other shapes."""


class NotAVocabulary(ModelError):
    """The list of tokens cannot be read, or leaves bytes without a token."""


class NotAModel(ModelError):
    """The folder holds no model, or one that is incomplete or damaged."""


class RunMismatch(ModelError):
    """A training run would be resumed with other data or another configuration, or overwritten."""


class Diverged(ModelError):
    """The loss is no number any more; the last checkpoint is from before."""


class StoreError(MnemicError):
    """The store's file or its disk."""


class NotAStore(StoreError):
    """The file is something else; it was left untouched."""


class NewerStore(StoreError):
    """The store was written by a later version; it was left untouched."""


class ReadOnlyStore(StoreError):
    """The store may be read but not written."""


class StoreFull(StoreError):
    """The disk is full; the write was rolled back."""


class StoreDamaged(StoreError):
    """The file fails its own checks."""


class StoreBusy(StoreError):
    """The file could not be had within the time allowed."""


class SleepBusy(StoreBusy):
    """Another sleep is running on the same store."""


class EngineTooOld(StoreError):
    """The SQLite engine is one that loses acknowledged commits."""


class EmbedderError(MnemicError):
    """The model that makes deep keys."""


class EmbedderMissing(EmbedderError):
    """No model is installed and none could be built."""


class EmbedderMismatch(EmbedderError):
    """Files or vectors of another model than the one asked for."""


class LLMError(MnemicError):
    """A language model behind an endpoint."""


class LLMUnreachable(LLMError):
    """No connection, no answer in time, no access, or an endpoint that stays too busy."""


class LLMAnswerInvalid(LLMError):
    """The answer is too long, was cut short, or is not what was asked for."""


class BudgetSpent(LLMError):
    """The call could go beyond the tokens or the money allowed; it was not made."""


class ImportFailed(MnemicError):
    """The source cannot be read at all."""
