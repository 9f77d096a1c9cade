"""Files of encoders on the Hugging Face Hub: ``hf:owner/name``, or ``hf:owner/name@revision``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

from conclu_pyg.errors import CheckpointError, one_line
from conclu_pyg.extras import missing_extra
from conclu_pyg.runs.tensor_file import MAX_BYTES

PREFIX = "hf:"
HUB_FILE = "model.safetensors"  # the encoder, in the format of a checkpoint
REFERENCE = re.compile(r"hf:(?P<repository>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?", re.ASCII)


class HubReference(NamedTuple):
    """A repository of the hub, and a branch, tag or commit of it (default: its main branch)."""

    repository: str
    revision: str | None = None


def parse_reference(text: str) -> HubReference:
    """Return the parts of ``hf:owner/name@revision``.

    Raises:
        CheckpointError: the text has another form.
    """
    match = REFERENCE.fullmatch(text)
    if match is None:
        raise CheckpointError(f"expected hf:owner/name or hf:owner/name@revision, got {text!r}.", got=text)
    return HubReference(match["repository"], match["revision"])


def download(reference: HubReference, *, local_files_only: bool = False) -> Path:
    """Download the file of an encoder, or find it in the cache, and return its path. The file is not opened.

    Args:
        reference: where it is.
        local_files_only: takes it from the cache of the hub's files without asking the hub (default: False).

    Raises:
        CheckpointError: the hub cannot be reached and the file is not in the cache, there is no such repository,
            revision or file, it is larger than a checkpoint may be, or huggingface_hub is not installed.
    """
    name = f"{PREFIX}{reference.repository}" + (f"@{reference.revision}" if reference.revision else "")
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError, RevisionResolutionError
    except ModuleNotFoundError as error:
        raise CheckpointError(f"{name}: {missing_extra('huggingface_hub')}.") from error
    try:
        place = (reference.repository, HUB_FILE)
        options: Any = {"revision": reference.revision, "local_files_only": local_files_only}
        size = hf_hub_download(*place, **options, dry_run=True).file_size or 0
        if size > MAX_BYTES:
            raise CheckpointError(f"{name}: its {HUB_FILE} has {size:,} bytes, more than {MAX_BYTES:,}.")
        return Path(hf_hub_download(*place, **options))
    # Connections end with an OSError, invalid names with a ValueError.
    except (EntryNotFoundError, RevisionResolutionError, OSError, ValueError) as error:
        raise CheckpointError(
            f"{name}: its {HUB_FILE} cannot be fetched ({type(error).__name__}: {one_line(error)}); check the name and "
            "the connection, run `hf auth login` for a private repository, or give the folder of a copy.",
            file=name,
        ) from error
