"""Files of encoders on the Hugging Face Hub: ``hf:owner/name``, or ``hf:owner/name@revision``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from conclu_pyg.errors import CheckpointError, ConcluError, one_line
from conclu_pyg.extras import missing_extra

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


@contextmanager
def hub_errors(problem: str, remedy: str) -> Iterator[None]:
    """Raises a CheckpointError with the problem, the cause and the remedy in place of an error of the hub."""
    try:
        yield
    except ConcluError:
        raise
    # Those of huggingface_hub, of the HTTP library of its version and of Xet have no base class in common.
    except Exception as error:
        raise CheckpointError(f"{problem} ({type(error).__name__}: {one_line(error)}); {remedy}.") from error


def download(reference: HubReference, **options: Any) -> Path:
    """Download the file of an encoder, or find it in the cache, and return its path. The file is not opened.

    Args:
        reference: where it is.
        **options: of ``huggingface_hub.hf_hub_download``, such as ``local_files_only=True``, which takes it from the
            cache of the hub's files without asking the hub, ``token`` and ``cache_dir``.

    Raises:
        CheckpointError: the hub cannot be reached and the file is not in the cache, there is no such repository,
            revision or file, it is larger than a checkpoint may be, or huggingface_hub is not installed.
    """
    name = f"{PREFIX}{reference.repository}" + (f"@{reference.revision}" if reference.revision else "")
    try:
        from huggingface_hub import hf_hub_download
    except ModuleNotFoundError as error:
        raise CheckpointError(f"{name}: {missing_extra('huggingface_hub')}.") from error
    from conclu_pyg.runs.tensor_file import MAX_BYTES  # imports torch, which names of local files do not need

    remedy = (
        "check the name and the connection, run `hf auth login` for a private repository, or give the folder of a copy"
    )
    with hub_errors(f"{name}: its {HUB_FILE} cannot be fetched", remedy):
        place = (reference.repository, HUB_FILE)
        found = hf_hub_download(*place, **options, revision=reference.revision, dry_run=True)
        if (found.file_size or 0) > MAX_BYTES:
            raise CheckpointError(f"{name}: its {HUB_FILE} has {found.file_size:,} bytes, more than {MAX_BYTES:,}.")
        # By the revision, and not by its commit, so that the cache finds it without a connection.
        path = Path(hf_hub_download(*place, **options, revision=reference.revision))
    if path.parent.name != found.commit_hash:  # snapshots/COMMIT/FILE; the size of another one was not checked
        raise CheckpointError(f"{name}: it changed during the download; load it again.")
    return path
