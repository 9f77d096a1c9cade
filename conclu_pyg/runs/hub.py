"""Encoders on the Hugging Face Hub, by the mixin of huggingface_hub."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import yaml
from huggingface_hub import ModelCard, ModelCardData, ModelHubMixin, metadata_load

from conclu_pyg.errors import CheckpointError
from conclu_pyg.runs.checkpoint import Checkpoint
from conclu_pyg.runs.folder import find_checkpoint, folder_of
from conclu_pyg.runs.frozen_encoder import FrozenEncoder, load_encoder
from conclu_pyg.runs.hub_files import HUB_FILE, HubReference, download, hub_errors
from conclu_pyg.runs.model_card import write_card
from conclu_pyg.runs.public import public_checkpoint, public_record
from conclu_pyg.runs.records import RESULTS_NAME, Record, read_records, write_records

LIBRARY, TAGS = "conclu_pyg", ("point-cloud", "self-supervised-learning", "pytorch-geometric")
CARD, MAX_CARD = "README.md", 1 << 20  # bytes
PAPER = "https://arxiv.org/abs/2202.02543"


class HubEncoder(ModelHubMixin, FrozenEncoder, library_name=LIBRARY, tags=list(TAGS), paper_url=PAPER):
    """A frozen encoder that goes to the hub with a card, and comes back from it.

    .. code-block:: python

        HubEncoder.from_run("runs/mine", licence="mit").push_to_hub("owner/name")
        encoder = HubEncoder.from_pretrained("owner/name")  # or load_encoder("hf:owner/name")

    ``save_pretrained(folder)`` writes the same files into a folder, and ``from_pretrained(folder)`` reads them:
    ``model.safetensors`` is a checkpoint of the encoder alone, from which it is rebuilt, and ``results.json`` has the
    results of the run, if it was evaluated; ``config.json`` and ``README.md`` are for people and the hub. Of a folder,
    the results and the licence in the header of ``README.md`` are kept when the encoder is saved or uploaded again.

    Args:
        encoder: the encoder. Use :meth:`from_run` or :meth:`from_pretrained`.

    Attributes:
        checkpoint: of the encoder alone, without the folders of the machine of its training.
        records: results of the run; none of an encoder that was downloaded.
        licence: identifier of the licence of the weights, or ``None`` if it is unknown; they are not written then.
    """

    checkpoint: Checkpoint
    records: Sequence[Record]
    licence: str | None

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
    def from_run(cls, run: str | Path, licence: str | None = None, *, allow_imports: bool = False) -> Self:
        """Return the encoder of a run, with its results.

        Args:
            run: what :func:`~conclu_pyg.load_encoder` takes.
            licence: identifier of the licence of the weights, as the hub lists them, such as ``mit`` or
                ``cc-by-nc-4.0``; it depends on the data (default: that of the card next to the weights, or unknown).
            allow_imports: as for :func:`~conclu_pyg.load_encoder`.

        Raises:
            ConcluError: there is no such run, or its model has no encoder.
        """
        hub = cls(load_encoder(run, allow_imports=allow_imports))
        path = find_checkpoint(run)
        checkpoint = Checkpoint.load(path).encoder_alone()
        if checkpoint is None:
            raise CheckpointError(f"{run} has no weights of an encoder; give a run whose model has one.", file=run)
        folder = folder_of(path)
        results = folder / RESULTS_NAME
        hub.checkpoint, hub.licence = public_checkpoint(checkpoint), licence or licence_of_card(folder / CARD)
        hub.records = [public_record(each) for each in read_records(results)] if results.exists() else []
        return hub

    def _save_pretrained(self, save_directory: Path) -> None:
        self._named_licence()
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
        if self.records:
            write_records(save_directory / RESULTS_NAME, self.records)
        (save_directory / "config.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")

    def generate_model_card(self, repository: str = "owner/name", **options: Any) -> ModelCard:
        """Return the card; see :func:`~conclu_pyg.runs.model_card.write_card`."""
        del options  # of the hub's own template
        header = ModelCardData(license=self._named_licence(), library_name=LIBRARY, tags=list(TAGS)).to_yaml()
        text = write_card(
            self.checkpoint,
            self.records,
            licence=self._named_licence(),
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
            CheckpointError: the hub refuses it or cannot be reached, or the licence is unknown.
        """
        self._named_licence()
        with hub_errors(
            f"{repo_id} cannot be uploaded to", "check the name and the connection, and run `hf auth login`"
        ):
            return super().push_to_hub(repo_id, model_card_kwargs={"repository": repo_id}, **options)

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | Path,
        *,
        licence: str | None = None,
        revision: str | None = None,
        allow_imports: bool = False,
        **options: Any,
    ) -> Self:
        """Return the encoder of a repository of the hub, or of a folder. Its ``config.json`` is not read.

        Args:
            pretrained_model_name_or_path: ``owner/name``, or the folder.
            licence: identifier of the licence of the weights, needed to save or upload them again (default: that of the
                card in a folder, otherwise unknown).
            revision: branch, tag or commit (default: the main branch).
            allow_imports: as for :func:`~conclu_pyg.load_encoder`.
            **options: of ``huggingface_hub.hf_hub_download``, such as ``token`` and ``local_files_only``.

        Raises:
            CheckpointError: there is no such encoder, or it cannot be fetched.
        """
        # In place of the mixin's own, which reads config.json, a file from elsewhere, without a limit.
        place = Path(pretrained_model_name_or_path)
        if place.is_dir():
            path = place / HUB_FILE
        else:
            reference = HubReference(str(pretrained_model_name_or_path), revision)
            path = download(reference, **options)
        return cls.from_run(path, licence, allow_imports=allow_imports)

    def _named_licence(self) -> str:
        if self.licence is None:
            raise CheckpointError(
                f"expected the licence of the weights of {self.source}, got none, and no card that names it; give "
                "licence='mit' or another (--licence of `conclu push`)."
            )
        return self.licence


def licence_of_card(card: Path) -> str | None:
    """Return the identifier of the licence in the header of a card, or ``None`` if there is none."""
    try:
        header = metadata_load(card) if card.is_file() and card.stat().st_size <= MAX_CARD else None
    except (ValueError, yaml.YAMLError, RecursionError):
        return None
    licence = header.get("license") if isinstance(header, dict) else None
    return licence if isinstance(licence, str) else None
