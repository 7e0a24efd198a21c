"""Every message has a translation that fits it, and the language in use is the one that was asked for."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from string import Formatter

import pytest

from docs import messages
from okrsync import language
from okrsync.language import LANGUAGES, _, choose, current, ngettext, use
from tests.cli_project import MAIN, Project, start

OTHERS = [name for name in LANGUAGES if name != "en"]


@pytest.fixture(autouse=True)
def english() -> None:
    choose("en")


def places(text: str) -> set[str]:
    """The named places of a message."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("name", OTHERS)
def test_nothing_lacks_a_translation(name: str) -> None:
    """`make messages` says which do."""
    assert messages.missing(messages.updated(name)) == []


@pytest.mark.parametrize("name", OTHERS)
def test_the_catalogues_are_up_to_date(name: str) -> None:
    """What `make messages` would write stands there, compiled too."""
    path = messages.po_path(name)
    assert messages.po_text(messages.updated(name)) == path.read_bytes()
    assert messages.mo_bytes(path.read_bytes(), name) == path.with_suffix(".mo").read_bytes()


@pytest.mark.parametrize("name", OTHERS)
def test_a_translation_has_the_places_of_its_message(name: str) -> None:
    wrong = []
    for message in messages.known(name):
        if not message.id:
            continue
        forms = message.id if isinstance(message.id, tuple) else (message.id,)
        said = message.string if isinstance(message.string, tuple) else (message.string,)
        # A plural form may leave the number out ("one piece"), as long as the other one has it.
        wanted = set().union(*map(places, forms))
        wrong += [each for each in said if places(each) != wanted and places(each) != places(forms[0])]
    assert wrong == []


def test_a_message_without_a_translation_is_found() -> None:
    catalogue = messages.updated("zh")
    catalogue.get("busy").string = ""
    assert messages.missing(catalogue) == ["busy"]


def test_the_language_of_a_block_and_of_the_process() -> None:
    assert (_("busy"), current()) == ("busy", "en")
    with use("zh"):
        assert (_("busy"), current()) == ("忙而无果", "zh")
        assert _("what nobody translates {x}") == "what nobody translates {x}"
        with use("en"):
            assert _("busy") == "busy"
        assert _("busy") == "忙而无果"
        # Another thread does not see the block, but does see the process's language.
        assert _elsewhere() == "busy"
    assert _("busy") == "busy"
    choose("zh")
    assert _elsewhere() == "忙而无果"
    for wrong in (choose, lambda name: use(name).__enter__()):
        with pytest.raises(ValueError, match="'fr' is no language of okrsync: en, zh"):
            wrong("fr")


def _elsewhere() -> str:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(threading.get_ident).result() != threading.get_ident()
        return pool.submit(_, "busy").result()


def test_plurals_in_english() -> None:
    forms = [ngettext("{count} finding of a test", "{count} findings of a test", count) for count in (0, 1, 2)]
    assert forms == ["{count} findings of a test", "{count} finding of a test", "{count} findings of a test"]


@pytest.fixture
def project(tmp_path, monkeypatch, capsys) -> Project:
    return start(tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize(
    ("configured", "option", "expected"),
    [
        ("", (), "en"),
        ("language: zh\n", (), "zh"),
        ("", ("--language", "zh"), "zh"),
        ("language: zh\n", ("--language", "en"), "en"),
    ],
)
def test_who_says_which_language(project: Project, configured: str, option: tuple[str, ...], expected: str) -> None:
    project.write("okrsync.yaml", MAIN + configured)
    for args in (("report", *option), (*option, "report")):
        ran = project.run(*args, "--as-of", "2026-11-20", "--format", "markdown")
        assert ran.code == 0
        assert ("未度量" in ran.out) is (expected == "zh")
        assert ("nmeasured" in ran.out) is (expected == "en")
    # A run that follows in the same process begins in English again.
    project.write("okrsync.yaml", MAIN)
    assert "nmeasured" in project.run("report", "--as-of", "2026-11-20", "--format", "markdown").out


def test_a_language_that_is_not_known(project: Project) -> None:
    ran = project.run("report", "--language", "fr")
    assert ran.code == 2
    assert "'fr' is not one of 'en', 'zh'" in ran.err


def test_english_reads_no_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "files", None)
    language._catalogue.cache_clear()
    assert _("busy") == "busy"
