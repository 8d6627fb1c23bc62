"""Models on the Hugging Face hub and in its cache on this machine.

`huggingface_hub` takes a while to import and is needed by few commands, so every function
imports it for itself. Only `pull` uses the network.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vvcli.checkpoint.json_file import read_json
from vvcli.checkpoint.preprocessor_config import FILE_NAME, tokenizer_repository
from vvcli.errors import UnavailableError, unreadable_as

MODEL_TYPE = "vibevoice_streaming"
# Exactly what is read; the figures and README of a repository stay where they are.
FILES = (
    "config.json",
    "preprocessor_config.json",
    "model.safetensors",
    "tokenizer.json",
    "voices/*.pt",
    "voices/*.safetensors",
)

# The name of the model that comes with the package.
EMBEDDED = "embedded"

MAX_ID = 96  # characters of a hub id
_PART = r"\w(?:[\w.-]*\w)?"
_HUB_ID = re.compile(rf"{_PART}/{_PART}", re.ASCII)


@dataclass(frozen=True)
class CachedModel:
    """A model on this machine: its id, its newest folder, and what it takes on disk."""

    id: str
    path: Path
    size: int  # bytes


def embedded_model() -> Path:
    """The folder of the model that comes with the package."""
    return Path(__file__).parents[1] / "assets"


def resolve_model(spec: str) -> Path:
    """The folder that `spec` means: `embedded`, a folder, or the hub id of a model that was pulled.

    A folder of that name is `./embedded`.

    Raises:
        UnavailableError: it is none of them, or the model is not on this machine.
    """
    if spec == EMBEDDED:
        return embedded_model()
    folder = _folder(spec)
    if folder is not None:
        return folder
    if not _is_hub_id(spec):
        raise UnavailableError(f"there is no model folder {spec!r}, and it is no hub id (org/name)")
    config = cached_file(spec, "config.json")
    if config is None or not (config.parent / "model.safetensors").is_file():
        raise UnavailableError(
            f"model {spec} is not on this machine: run `vvcli models pull {spec}`"
        )
    return config.parent


def cached_file(repository: str, name: str) -> Path | None:
    """File `name` of a hub repository in the cache, or None; never uses the network.

    Raises:
        UnavailableError: the cache cannot be read.
    """
    from huggingface_hub import try_to_load_from_cache

    if not _is_hub_id(repository):
        return None
    with _cache_errors():
        # A file known not to exist upstream comes back as a marker object.
        found = try_to_load_from_cache(repository, name)
    return Path(found) if isinstance(found, str) else None


def pull(spec: str, *, show_progress: bool = False) -> Path:
    """Download what vvcli reads of hub model `spec`, and its tokenizer; returns the folder.

    A connection that drops is resumed, and files that are whole are not fetched again. If `spec`
    is a folder, only a missing tokenizer is downloaded. `show_progress` draws the hub's own bars
    on stderr.

    Raises:
        UnavailableError: no network, no such model, no access, or no space.
    """
    from huggingface_hub import hf_hub_download, snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars, enable_progress_bars

    (enable_progress_bars if show_progress else disable_progress_bars)()
    folder = _folder(spec)
    if folder is None:
        if not _is_hub_id(spec):
            raise UnavailableError(f"{spec!r} is not a hub id (org/name)")
        with _one_sentence(spec):
            # Gigabytes of something else are not worth the wait for an error.
            if not _is_vibevoice(Path(hf_hub_download(spec, "config.json"))):
                raise UnavailableError(f"{spec} is not a VibeVoice-Realtime model")
            folder = Path(snapshot_download(spec, allow_patterns=list(FILES)))
        # Without a network the hub returns what it has, whole or not.
        if not (folder / "model.safetensors").is_file():
            raise UnavailableError(
                f"{spec} is here only in part: run `vvcli models pull {spec}` with a network"
            )
    if not (folder / "tokenizer.json").is_file():
        repository = tokenizer_repository(_read_preprocessor(folder))
        with _one_sentence(repository):
            hf_hub_download(repository, "tokenizer.json")
    return folder


def local_models() -> list[CachedModel]:
    """The embedded model, then those of its kind in the hub cache, sorted by id."""
    folder = embedded_model()
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return [CachedModel(EMBEDDED, folder, size), *cached_models()]


def cached_models() -> list[CachedModel]:
    """The models of this program's kind in the hub cache, sorted by id.

    Raises:
        UnavailableError: the cache cannot be read.
    """
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        with _cache_errors():
            repositories = scan_cache_dir().repos
    except CacheNotFound:
        return []
    models = []
    for repository in repositories:
        path = cached_file(repository.repo_id, "config.json")
        if repository.repo_type == "model" and path is not None and _is_vibevoice(path):
            models.append(CachedModel(repository.repo_id, path.parent, repository.size_on_disk))
    return sorted(models, key=lambda model: model.id)


def _folder(spec: str) -> Path | None:
    """The folder called `spec`, if there is one."""
    with unreadable_as(UnavailableError, f"the model folder {spec}"):
        try:
            folder = Path(spec).expanduser()
        except RuntimeError as error:  # ~nobody/model
            raise UnavailableError(f"there is no model folder {spec!r}: {error}") from error
        return folder if spec and folder.is_dir() else None


def _read_preprocessor(folder: Path) -> dict[str, Any]:
    path = folder / FILE_NAME
    with unreadable_as(UnavailableError, path):
        return read_json(path) if path.is_file() else {}


def _is_hub_id(spec: str) -> bool:
    """Whether the hub could have a repository of that name; the client refuses others."""
    if not _HUB_ID.fullmatch(spec) or ".." in spec or "--" in spec:
        return False
    return len(spec) <= MAX_ID and not spec.endswith(".git")


def _is_vibevoice(config: Path) -> bool:
    try:
        return read_json(config).get("model_type") == MODEL_TYPE
    except UnavailableError:
        return False


@contextmanager
def _cache_errors() -> Iterator[None]:
    """Turn what the hub client raises of a damaged cache into one sentence."""
    try:
        yield
    except OSError as error:
        where = error.filename or "the hub's cache"
        raise UnavailableError(f"cannot read {where}: {error.strerror or error}") from error
    except ValueError as error:  # not a folder, or not UTF-8
        raise UnavailableError(f"cannot read the hub's cache: {error}") from error


@contextmanager
def _one_sentence(repository: str) -> Iterator[None]:
    """Turn whatever the hub client raises into one sentence about `repository`."""
    from huggingface_hub import errors

    try:
        yield
    except UnavailableError:
        raise
    except errors.GatedRepoError as error:
        raise UnavailableError(
            f"{repository} asks you to accept its terms first: visit https://huggingface.co/"
            f"{repository}, then run `hf auth login`"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise UnavailableError(
            f"there is no {repository} on the hub, or it is private: check the name, "
            "or run `hf auth login`"
        ) from error
    # Before EntryNotFoundError, of which the first of these is one.
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled) as error:
        raise UnavailableError(
            f"cannot reach the hub for {repository}: check the network and HF_HUB_OFFLINE"
        ) from error
    except errors.EntryNotFoundError as error:
        raise UnavailableError(f"{repository} lacks a file that vvcli needs: {error}") from error
    # hub 0.25 raises requests' exceptions, 1.x httpx's: they have no base class in common.
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UnavailableError(f"the disk is full: cannot download {repository}") from error
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise UnavailableError(f"cannot download {repository}: {reason[0]}") from error
