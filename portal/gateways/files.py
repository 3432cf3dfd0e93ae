"""Files on disk: invoices' documents, proofs and signed letters, outside anything the web serves.

Keys are random and say nothing; who may read a file, and what it is called, is known by the database alone.
"""

from __future__ import annotations

import os
import re
import secrets
from datetime import datetime
from pathlib import Path

KEY = re.compile(r"[0-9a-f]{40}")
PACKAGE = Path(__file__).resolve().parent.parent


class UnknownFile(LookupError):
    """There is no file under this key, or the key is not one of ours."""


class FileStore:
    """A private folder of files that are written once and never changed."""

    def __init__(self, root: Path) -> None:
        """Open the folder, making it if needed. Refuses a place inside the application, where files might be served."""
        self._root = Path(root).resolve()
        if self._root.is_relative_to(PACKAGE):
            raise ValueError("files must be kept outside the application's own folder")
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)

    @staticmethod
    def new_key() -> str:
        """Make a key under which a file can be kept."""
        return secrets.token_hex(20)

    def put(self, content: bytes, key: str = "") -> str:
        """Keep a file for good and return its key; when this returns, the file survives a power cut.

        Without a key it gets a new one; a key that is taken is refused (FileExistsError).
        """
        key = key or self.new_key()
        path = self._path(key)
        path.parent.mkdir(exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # A file is only findable after a power cut when its folder's list is on the disk too.
        _sync_folder(path.parent)
        _sync_folder(self._root)
        return key

    def get(self, key: str) -> bytes:
        """Read a kept file. Raises UnknownFile."""
        try:
            descriptor = os.open(self._path(key), os.O_RDONLY | os.O_NOFOLLOW)
        except OSError as error:
            raise UnknownFile("no such file") from error
        with os.fdopen(descriptor, "rb") as file:
            return file.read()

    def delete(self, key: str) -> None:
        """Remove a file; removing one that is already gone is fine. Raises UnknownFile on a key that is not ours."""
        path = self._path(key)
        path.unlink(missing_ok=True)
        if path.parent.exists():
            _sync_folder(path.parent)

    def room(self, name: str) -> FileStore:
        """Give a place of its own within the store, such as for files that are kept for some hours only."""
        if not name.isalpha():
            raise ValueError("a room is named in letters")
        return FileStore(self._root / name)

    def older(self, moment: datetime) -> list[str]:
        """List the keys of this place under which a file was put before a moment."""
        return sorted(path.name for path in self._root.glob("??/*")
                      if KEY.fullmatch(path.name) and path.stat().st_mtime < moment.timestamp())

    def forget_older(self, moment: datetime) -> int:
        """Remove every file of this place that was put there before a moment; returns how many."""
        old = self.older(moment)
        for key in old:
            self._path(key).unlink(missing_ok=True)
        return len(old)

    def _path(self, key: str) -> Path:
        if not KEY.fullmatch(key):
            raise UnknownFile("not a key of this store")
        return self._root / key[:2] / key


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
