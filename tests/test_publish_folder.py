from __future__ import annotations

import os
import resource
import signal
import stat

import pytest
from pydantic import ValidationError

from okrsync.errors import SourceError
from okrsync.publish.folder import Folder, FolderSettings
from okrsync.publish.interface import Attachment, PublishContext, WikiPage
from okrsync.publish.section import Edited, digest, files_of, merged, section_of
from okrsync.testing import PublisherContract

NAME = "OKR-2026-W47"


def publisher(tmp_path, path="wiki"):
    return Folder(FolderSettings(path=path), PublishContext(tmp_path))


def page(markdown="# Week 47\n", name=NAME):
    return WikiPage(name, name, markdown)


class TestContract(PublisherContract):
    @pytest.fixture
    def publisher(self, tmp_path):
        return publisher(tmp_path)

    def read(self, publisher, name):
        path = publisher.path / f"{name}.md"
        return path.read_text("utf-8") if path.is_file() else None

    def edit(self, publisher, name, before, after):
        path = publisher.path / f"{name}.md"
        path.write_text(path.read_text("utf-8").replace(before, after), "utf-8")

    def add(self, publisher, name, above, below):
        path = publisher.path / f"{name}.md"
        path.write_text(f"{above}\n\n{path.read_text('utf-8')}\n{below}\n", "utf-8")

    def attachment(self, publisher, page, name):
        path = publisher.path / name
        return path.read_bytes() if path.is_file() else None

    def replace_attachment(self, publisher, page, name, data):
        (publisher.path / name).write_bytes(data)


def test_section():
    assert section_of("# 周报\r\n\r\ntext") == (
        b"<!-- okrsync:begin (written by okrsync; notes of yours are safe above and below) sha256="
        b"007bedc08358b48654bd9c1f85eaaefa0b6b9f7c7c921edd30127f6c222a6eef -->\n"
        + "# 周报\n\ntext\n".encode()
        + b"<!-- okrsync:end -->\n"
    )


@pytest.mark.parametrize(
    ("above", "below"),
    [
        (b"", b""),
        (b"# Ours\n\n", b"\nnotes \xff\xfe not UTF-8\n"),
        (b"mixed\r\nline ends\rhere\n", b"no line feed at the end"),
        (b"\xef\xbb\xbf", b""),
        (b"see `<!-- okrsync:begin` and `<!-- okrsync:end -->`\n", b"  <!-- okrsync:end -->\n"),
    ],
)
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_what_stands_outside_stays_byte_for_byte(above, below, newline):
    before = above + section_of("one\n\ntwo").replace(b"\n", newline) + below
    assert merged(before, "one\n\ntwo\n") == before
    after = merged(before, "three")
    assert after == above + section_of("three").replace(b"\n", newline) + below
    assert merged(after, "one\r\n\r\ntwo") == before


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace(b"one", b"ONE"),
        lambda text: text.replace(b"<!-- okrsync:end -->", b""),
        lambda text: text + text,
        lambda text: text + b"<!-- okrsync:end -->\n",
        lambda text: text.replace(b" sha256=", b" sha="),
        lambda text: b"\n".join(reversed(text.splitlines())),
        lambda text: b"# made by a person\n",
        lambda text: b"",
    ],
)
def test_edited(spoil):
    with pytest.raises(Edited):
        merged(spoil(section_of("one")), "two")


@pytest.mark.parametrize(
    "markdown",
    [
        "a\n<!-- okrsync:end -->\nb",
        "a\n<!-- okrsync:begin sha256=" + "0" * 64 + " -->\nb",
        "<!-- okrsync:end -->",
        "",
        "\ud800",
    ],
)
def test_markers_in_the_text_are_harmless(markdown):
    first = merged(None, markdown)
    assert merged(first, markdown) == first
    assert merged(merged(first, "other"), markdown) == first
    assert first.count(b"<!-- okrsync:") == 2


def test_nothing_new_writes_nothing(tmp_path):
    publisher(tmp_path).publish([page()])
    path = tmp_path / "wiki" / f"{NAME}.md"
    os.utime(path, (1, 1))
    inode = path.stat().st_ino
    assert publisher(tmp_path).publish([page()]).unchanged == (NAME,)
    assert (path.stat().st_mtime, path.stat().st_ino) == (1, inode)


def test_file_is_readable_and_keeps_its_permissions(tmp_path):
    old = os.umask(0o022)
    try:
        publisher(tmp_path).publish([page()])
    finally:
        os.umask(old)
    path = tmp_path / "wiki" / f"{NAME}.md"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    path.chmod(0o664)
    publisher(tmp_path).publish([page("new")])
    assert stat.S_IMODE(path.stat().st_mode) == 0o664
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_page_a_person_made_is_kept(tmp_path):
    path = tmp_path / "wiki" / f"{NAME}.md"
    path.parent.mkdir()
    path.write_text("mine\n")
    assert publisher(tmp_path).publish([page()]).kept == (NAME,)
    assert path.read_text() == "mine\n"


@pytest.mark.parametrize("target", ["../secret.md", "other.md", "nowhere.md"])
def test_symbolic_link_is_not_followed(tmp_path, target):
    wiki = tmp_path / "wiki"
    wiki.mkdir()
    content = section_of("old")
    (tmp_path / "secret.md").write_bytes(content)
    (wiki / "other.md").write_bytes(content)
    (wiki / f"{NAME}.md").symlink_to(target)
    assert publisher(tmp_path).publish([page()]).kept == (NAME,)
    assert (tmp_path / "secret.md").read_bytes() == (wiki / "other.md").read_bytes() == content
    assert not (wiki / "nowhere.md").exists()


@pytest.mark.parametrize(
    "name",
    [".", ".git", "-x", "a.", " a", "a*", "a?", 'a"', "a<b", "a>b", "a|b", "\x7f", "CON", "nul.x", "字" * 70, "\ud800"],
)
def test_names_refused(tmp_path, name):
    with pytest.raises(SourceError, match="cannot be the name of a"):
        publisher(tmp_path).publish([page(name=name)])
    assert not (tmp_path / "wiki").exists()


@pytest.mark.parametrize("name", ["OKR-2026-W47", "OKR 报告 [draft] (1)", "v1.2", "console"])
def test_names_taken(tmp_path, name):
    assert publisher(tmp_path).publish([page(name=name)]).written == (name,)
    assert (tmp_path / "wiki" / f"{name}.md").is_file()


PNG = Attachment(f"{NAME}-KR1.png", "image/png", b"\x89PNG 1")


def illustrated(*attachments, markdown="# Week 47\n", name=NAME):
    return WikiPage(name, name, markdown, attachments)


def test_section_names_its_files():
    section = section_of("text", [PNG])
    assert section.endswith(
        b"\ntext\n\n<!-- okrsync:file OKR-2026-W47-KR1.png "
        b"sha256=ef8842f54ce9e2cc0ade7b5f9efdf5f299e1dfeebd75658058538afe8a447365 -->\n<!-- okrsync:end -->\n"
    )
    assert files_of(b"mine\n" + section.replace(b"\n", b"\r\n")) == {PNG.name: digest(PNG.data)}
    assert files_of(None) == files_of(section_of(f"<!-- okrsync:file {PNG.name} sha256={digest(b'')} -->")) == {}


def test_attachment_that_went_missing_is_written_again(tmp_path):
    publisher(tmp_path).publish([illustrated(PNG)])
    (tmp_path / "wiki" / PNG.name).unlink()
    assert publisher(tmp_path).publish([illustrated(PNG)]).written == (NAME,)
    assert (tmp_path / "wiki" / PNG.name).read_bytes() == PNG.data


def test_attachment_no_longer_shown_goes_unless_a_person_changed_it(tmp_path):
    other = Attachment(f"{NAME}-KR2.png", "image/png", b"\x89PNG 2")
    publisher(tmp_path).publish([illustrated(PNG, other)])
    (tmp_path / "wiki" / other.name).write_bytes(b"mine")
    (tmp_path / "wiki" / "photo.png").write_bytes(b"also mine")
    assert publisher(tmp_path).publish([illustrated()]).written == (NAME,)
    assert sorted(path.name for path in (tmp_path / "wiki").iterdir()) == [other.name, f"{NAME}.md", "photo.png"]


def test_file_that_a_person_put_there_first_is_kept(tmp_path):
    (tmp_path / "wiki").mkdir()
    (tmp_path / "wiki" / PNG.name).write_bytes(b"mine")
    done = publisher(tmp_path).publish([illustrated(PNG)])
    assert (done.written, done.kept) == ((NAME,), (PNG.name,))
    assert (tmp_path / "wiki" / PNG.name).read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["../secret.png", "/etc/hosts", ".."])
def test_names_in_a_page_do_not_lead_out_of_the_folder(tmp_path, name):
    """A page holds the names of its attachments; one that somebody forged removes nothing elsewhere."""
    (tmp_path / "wiki").mkdir()
    (tmp_path / "secret.png").write_bytes(b"secret")
    forged = illustrated(Attachment(name, "image/png", b"secret"))
    (tmp_path / "wiki" / f"{NAME}.md").write_bytes(section_of(forged.markdown, forged.attachments))
    assert publisher(tmp_path).publish([illustrated()]).written == (NAME,)
    assert (tmp_path / "secret.png").read_bytes() == b"secret"


@pytest.mark.parametrize(
    "pages",
    [
        [page(), page()],
        [page(), page(name=NAME.lower())],
        [illustrated(PNG, PNG)],
        [illustrated(PNG), illustrated(PNG, name="OKR")],
    ],
)
def test_one_file_has_one_owner(tmp_path, pages):
    with pytest.raises(SourceError, match="is the name of two files"):
        publisher(tmp_path).publish(pages)
    assert not (tmp_path / "wiki").exists()


@pytest.mark.parametrize("path", ["file", "file/below", "/proc/okrsync/wiki"])
def test_folder_that_cannot_be(tmp_path, path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(SourceError, match="cannot be written"):
        publisher(tmp_path, path).publish([page()])
    assert (tmp_path / "file").read_text() == "x"


def test_page_that_is_a_folder(tmp_path):
    (tmp_path / "wiki" / f"{NAME}.md").mkdir(parents=True)
    with pytest.raises(SourceError, match="Is a directory"):
        publisher(tmp_path).publish([page()])


def test_full_disk_leaves_the_old_page(tmp_path):
    publisher(tmp_path).publish([page("old")])
    before = (tmp_path / "wiki" / f"{NAME}.md").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
        with pytest.raises(SourceError, match="File too large"):
            publisher(tmp_path).publish([page("x" * 100_000)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    [file] = (tmp_path / "wiki").iterdir()
    assert file.read_bytes() == before


@pytest.mark.parametrize("settings", [{}, {"path": ""}, {"path": "a\0b"}, {"path": "x", "folder": "y"}])
def test_settings_refused(settings):
    with pytest.raises(ValidationError):
        FolderSettings(type="folder", **settings)
