"""The file store keeps what it is given, privately, and cannot be talked out of its folder."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

import portal
from portal.gateways.files import FileStore, UnknownFile


def test_what_is_put_can_be_got_byte_for_byte(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "files")
    content = bytes(range(256)) * 300
    assert store.get(store.put(content)) == content
    assert store.get(store.put(b"")) == b""


def test_a_new_process_finds_the_files_of_the_last(tmp_path: Path) -> None:
    key = FileStore(tmp_path / "files").put(b"proof")
    assert FileStore(tmp_path / "files").get(key) == b"proof"


def test_the_same_content_twice_is_two_files(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "files")
    first, second = store.put(b"same"), store.put(b"same")
    store.delete(first)
    assert store.get(second) == b"same"
    with pytest.raises(UnknownFile):
        store.get(first)
    store.delete(first)


def test_only_our_own_user_may_read(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "files")
    store.put(b"private")
    kept = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert [stat.S_IMODE(path.stat().st_mode) for path in kept] == [0o600]
    folders = [tmp_path / "files", *(path for path in (tmp_path / "files").rglob("*") if path.is_dir())]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}


@pytest.mark.parametrize(
    "key",
    [
        "",
        ".",
        "../secret",
        "aa/../../secret",
        "/etc/hostname",
        "a" * 39,
        "A" * 40,
        "a" * 40 + "\n",
        "a" * 39 + "\0",
    ],
)
def test_path_tricks_are_refused(tmp_path: Path, key: str) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    store = FileStore(tmp_path / "files")
    for act in (store.get, store.delete):
        with pytest.raises(UnknownFile):
            act(key)
    assert (tmp_path / "secret").read_bytes() == b"secret"


def test_a_link_planted_in_the_store_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    store = FileStore(tmp_path / "files")
    key = "ab" * 20
    (tmp_path / "files" / "ab").mkdir()
    (tmp_path / "files" / "ab" / key).symlink_to(tmp_path / "secret")
    with pytest.raises(UnknownFile):
        store.get(key)


def test_a_store_inside_the_application_is_refused() -> None:
    package = Path(str(portal.__path__[0]))
    for place in (package / "static" / "files", package, package / "gateways" / ".." / "static"):
        with pytest.raises(ValueError, match="outside"):
            FileStore(place)
