"""Encoders on the Hugging Face Hub, by the mixin of huggingface_hub."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from huggingface_hub import ModelCard, ModelCardData, ModelHubMixin

from conclu_pyg.errors import CheckpointError
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.folder import find_checkpoint, folder_of
from conclu_pyg.runs.frozen_encoder import FrozenEncoder, load_encoder
from conclu_pyg.runs.hub_files import HUB_FILE, HubReference, download
from conclu_pyg.runs.model_card import shorten_paths, without_folders, write_card
from conclu_pyg.runs.provenance import EncoderOrigin
from conclu_pyg.runs.records import RESULTS_NAME, Record, read_records

PLACES = ("run_dir", "log_dir")  # of the machine of the training
LIBRARY, TAGS = "conclu_pyg", ("point-cloud", "self-supervised-learning", "pytorch-geometric")
PAPER = "https://arxiv.org/abs/2202.02543"


class HubEncoder(ModelHubMixin, FrozenEncoder, library_name=LIBRARY, tags=list(TAGS), paper_url=PAPER):
    """A frozen encoder that goes to the hub with a card, and comes back from it.

    .. code-block:: python

        HubEncoder.from_run("runs/mine", licence="mit").push_to_hub("owner/name")
        encoder = HubEncoder.from_pretrained("owner/name")  # or load_encoder("hf:owner/name")

    ``save_pretrained(folder)`` writes the same files into a folder, and ``from_pretrained(folder)`` reads them:
    ``model.safetensors`` is a checkpoint of the encoder alone, from which it is rebuilt; ``config.json`` and
    ``README.md`` are for people and the hub, and are not read.

    Args:
        encoder: the encoder. Use :meth:`from_run` or :meth:`from_pretrained`.

    Attributes:
        checkpoint: of the encoder alone, without the folders of the machine of its training.
        records: results of the run.
        licence: identifier of the licence of the weights.
    """

    checkpoint: Checkpoint
    records: Sequence[Record]
    licence: str

    def __init__(self, encoder: FrozenEncoder) -> None:
        super().__init__(
            encoder.encoder,
            [dict(step) for step in encoder.transform],
            encoder.data_axis,
            encoder.up_axis,
            encoder.num_points,
            encoder.source,
            encoder.config,
        )

    @classmethod
    def from_run(cls, run: str | Path, licence: str = "other", *, allow_imports: bool = False) -> Self:
        """Return the encoder of a run, with its results.

        Args:
            run: what :func:`~conclu_pyg.load_encoder` takes.
            licence: identifier of the licence of the weights, as the hub lists them, such as ``mit`` or
                ``cc-by-nc-4.0``; it depends on the data (default: other).
            allow_imports: as for :func:`~conclu_pyg.load_encoder`.

        Raises:
            ConcluError: there is no such run, or its model has no encoder.
        """
        hub = cls(load_encoder(run, allow_imports=allow_imports))
        path = find_checkpoint(run)
        checkpoint = Checkpoint.load(path).encoder_alone()
        if checkpoint is None:
            raise CheckpointError(f"{run} has no weights of an encoder; give a run whose model has one.", file=run)
        results = folder_of(path) / RESULTS_NAME
        hub.checkpoint, hub.licence = _public(checkpoint), licence
        hub.records = read_records(results) if results.exists() else []
        return hub

    def _save_pretrained(self, save_directory: Path) -> None:
        self.checkpoint.save(save_directory / HUB_FILE)
        about = {
            "library_name": LIBRARY,
            "model": self.checkpoint.config["model"],
            "dataset": self.checkpoint.dataset,
            "num_points": self.num_points,
            "up_axis": "xyz"[self.up_axis],
            "out_channels": self.out_channels,
            "fingerprint": self.fingerprint,
        }
        (save_directory / "config.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")

    def generate_model_card(self, repository: str = "owner/name", **options: Any) -> ModelCard:
        """Return the card; see :func:`~conclu_pyg.runs.model_card.write_card`."""
        del options  # of the hub's own template
        header = ModelCardData(license=self.licence, library_name=LIBRARY, tags=list(TAGS)).to_yaml()
        text = write_card(
            self.checkpoint,
            self.records,
            licence=self.licence,
            fingerprint=self.fingerprint,
            repository=repository,
        )
        return ModelCard(f"---\n{header}\n---\n\n{text}")

    def push_to_hub(self, repo_id: str, **options: Any) -> str:
        """Upload the encoder with its card, and return the address of the commit. The hub's token is used, see
        ``hf auth login``.

        Args:
            repo_id: ``owner/name``; made if it does not exist.
            **options: of ``huggingface_hub.ModelHubMixin.push_to_hub``, such as ``private=True`` and ``branch``.

        Raises:
            huggingface_hub.errors.HfHubHTTPError: the hub refuses it.
            OSError: the hub cannot be reached.
        """
        return super().push_to_hub(repo_id, model_card_kwargs={"repository": repo_id}, **options)

    @classmethod
    def _from_pretrained(
        cls,
        *,
        model_id: str,
        revision: str | None,
        local_files_only: bool,
        allow_imports: bool = False,
        **options: Any,
    ) -> Self:
        # `options` may hold entries of config.json, a file from elsewhere: nothing of it is used. `allow_imports` is no
        # parameter of the constructor, so that the mixin takes it from the caller alone.
        del options
        is_folder = Path(model_id).is_dir()
        path = (
            Path(model_id) / HUB_FILE
            if is_folder
            else download(HubReference(model_id, revision), local_files_only=local_files_only)
        )
        return cls.from_run(path, allow_imports=allow_imports)


def _public(checkpoint: Checkpoint) -> Checkpoint:
    """Return the checkpoint without the folders of the machine of its training."""
    config: Any = without_folders(checkpoint.config)
    pipeline = {key: value for key, value in config.get("pipeline", {}).items() if key not in PLACES}
    origin = checkpoint.pretraining
    return replace(
        checkpoint,
        config={**config, "pipeline": pipeline},
        command=shorten_paths(checkpoint.command),
        pretraining=None if origin is None else _public_origin(origin),
    )


def _public_origin(origin: EncoderOrigin) -> EncoderOrigin:
    before = None if origin.before is None else _public_origin(origin.before)
    return replace(origin, source=shorten_paths(origin.source), command=shorten_paths(origin.command), before=before)
