"""What a run is: the configuration and the text it was begun with, written beside its results."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from mnemic.errors import InvalidInput, NotAModel, RunMismatch
from mnemic.nn.files import write_whole
from mnemic.nn.models import LanguageModel, ModelConfig
from mnemic.nn.train.config import TrainingConfig

RUN_FILE = "run.json"
FORMAT, VERSION = "mnemic.lm.run", 1


@dataclass(frozen=True, slots=True)
class Run:
    """What decides the result of a run.

    Args:
        training: how it is trained.
        model: what is trained.
        text: `Corpus.fingerprint`.
        tokenizer: the name it was made by.
        held_out: share of the text that is not learned from.
        files: where the text was read from; for people, and to go on without naming them again.
    """

    training: TrainingConfig
    model: ModelConfig
    text: str
    tokenizer: str = "bytes"
    held_out: float = 0.05
    files: tuple[str, ...] = ()

    def make_room(self, folder: Path) -> None:
        """Makes the folder, which nobody may use yet.

        Raises:
            RunMismatch: there is something in it already, or it is a file.
        """
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            known = (folder / RUN_FILE).is_file() if folder.is_dir() else False
            advice = "resume it (--resume), or give" if known else "give"
            raise RunMismatch(
                f"{str(folder)!r} holds {'a run' if known else 'something'} already, and nothing "
                f"is overwritten; {advice} another folder"
            )
        folder.mkdir(parents=True, exist_ok=True)

    def begin(self, folder: Path) -> None:
        """Writes what the run is into a folder that is still empty.

        Raises:
            RunMismatch: there is something in it already.
        """
        self.make_room(folder)
        described = {
            "format": FORMAT,
            "version": VERSION,
            "training": asdict(self.training),
            "model": self.model.to_dict(),
            "text": self.text,
            "tokenizer": self.tokenizer,
            "held_out": self.held_out,
            "files": list(self.files),
        }
        write_whole(folder / RUN_FILE, (json.dumps(described, indent=2) + "\n").encode())

    @classmethod
    def load(cls, folder: Path) -> Run:
        """The run of a folder.

        Raises:
            NotAModel: the folder holds no run.
        """
        path = folder / RUN_FILE
        if not path.is_file():
            raise NotAModel(f"{str(folder)!r} holds no run: there is no {RUN_FILE}")
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if found["format"] != FORMAT or found["version"] > VERSION:
                raise NotAModel(
                    f"{str(path)!r} is {found['format']!r} of version {found['version']!r}; "
                    f"this Mnemic reads {FORMAT!r} up to {VERSION}"
                )
            return cls(
                TrainingConfig(**found["training"]),
                ModelConfig.of(found["model"]),
                str(found["text"]),
                str(found["tokenizer"]),
                float(found["held_out"]),
                tuple(map(str, found["files"])),
            )
        except (ValueError, KeyError, TypeError, RecursionError) as wrong:
            raise NotAModel(f"{str(path)!r} describes no run: {wrong!r}") from wrong

    def check(self, other: Run, folder: Path) -> None:
        """Refuses to go on as something else.

        Args:
            other: what is wanted.
            folder: of this run, for the message.

        Raises:
            RunMismatch: names what differs.
        """
        mine, theirs = self._decisive(), other._decisive()
        for name, value in mine.items():
            if theirs[name] != value:
                raise RunMismatch(
                    f"{name} is {theirs[name]!r}, but the run in {str(folder)!r} was begun with "
                    f"{value!r}; go on as it was begun, or begin another run in another folder"
                )

    def with_training(self, **changes: Any) -> Run:
        """The same run trained otherwise."""
        try:
            return replace(self, training=replace(self.training, **changes))
        except TypeError as wrong:
            raise InvalidInput(f"a training has no such option: {wrong}") from wrong

    def _decisive(self) -> Mapping[str, Any]:
        """By name, what must not change; the files may have moved."""
        model = {f"model.{name}": value for name, value in self.model.to_dict().items()}
        rest = {"tokenizer": self.tokenizer, "held_out": self.held_out}
        return {**asdict(self.training), **model, **rest, "the text (its fingerprint)": self.text}


def new_model(config: ModelConfig, seed: int) -> LanguageModel:
    """An untrained model; its weights follow from the seed, whatever chance did before."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LanguageModel(config)
