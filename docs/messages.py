"""Collects what people read and brings the catalogues up to date: ``python -m docs.messages`` (``make messages``).

The catalogues hold no line numbers and no dates and are sorted, so that two branches merge well: after a conflict in
the compiled file run this again.
"""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from okrsync.language import DOMAIN, LANGUAGES

ROOT = Path(__file__).parents[1]
FOLDERS = ("okrsync", "connectors", "templates")
METHODS = [("**.py", "python"), ("**.j2", "jinja2")]
OPTIONS = {"**.j2": {"trim_blocks": "true", "lstrip_blocks": "true"}}
KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2), "plural_": (1, 2)}
VOLATILE = (
    *(b'"POT-Creation-Date', b'"PO-Revision-Date', b'"Generated-By', b'"Last-Translator', b'"Project-Id-Version'),
    *(b'"Report-Msgid-Bugs-To', b'"Language-Team'),
)
HEADER = """\
# {language} catalogue of okrsync. `make messages` brings it up to date; translations are written here by hand.
#"""


def collected() -> Catalog:
    """All messages that are marked in the code and the templates."""
    catalogue = Catalog(domain=DOMAIN, charset="utf-8")
    for folder in FOLDERS:
        for _file, _line, message, comments, context in extract_from_dir(
            ROOT / folder, METHODS, OPTIONS, KEYWORDS, comment_tags=("Translators:",), strip_comment_tags=True
        ):
            catalogue.add(message, auto_comments=comments, context=context)
    return catalogue


def po_path(language: str) -> Path:
    """Where a language's catalogue stands."""
    return ROOT / "okrsync" / "locale" / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def known(language: str) -> Catalog:
    """What is translated into a language."""
    path = po_path(language)
    with io.BytesIO(path.read_bytes() if path.exists() else b"") as stream:
        return read_po(stream, locale=language, domain=DOMAIN, charset="utf-8")


def updated(language: str) -> Catalog:
    """All messages, with the translations that there are; what is marked nowhere any more is left out."""
    translations = known(language)
    catalogue = Catalog(
        locale=language, domain=DOMAIN, charset="utf-8", header_comment=HEADER.format(language=language), fuzzy=False
    )
    for message in collected():
        if message.id:
            before = translations.get(message.id, message.context)
            if before and isinstance(before.id, str) is not isinstance(message.id, str):
                before = None  # it has got a plural since, or lost it
            catalogue.add(
                message.id,
                before.string if before else None,
                auto_comments=message.auto_comments,
                user_comments=before.user_comments if before else (),
                context=message.context,
            )
    return catalogue


def po_text(catalogue: Catalog) -> bytes:
    """The catalogue as a file for people, with no line in its header that changes by itself."""
    stream = io.BytesIO()
    write_po(stream, catalogue, width=0, no_location=True, sort_output=True, ignore_obsolete=True)
    return b"".join(line for line in stream.getvalue().splitlines(keepends=True) if not line.startswith(VOLATILE))


def mo_bytes(po: bytes, language: str) -> bytes:
    """The compiled form of a catalogue's file."""
    catalogue = read_po(io.BytesIO(po), locale=language, domain=DOMAIN)
    # babel writes the time of now where a file names none.
    catalogue.creation_date = catalogue.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    stream = io.BytesIO()
    write_mo(stream, catalogue)
    return stream.getvalue()


def missing(catalogue: Catalog) -> list[str]:
    """Messages without a translation."""

    def is_whole(message_string: str | tuple[str, ...] | None) -> bool:
        return all(message_string) if isinstance(message_string, tuple) else bool(message_string)

    return [
        str(message.id if isinstance(message.id, str) else message.id[0])
        for message in catalogue
        if message.id and (message.fuzzy or not is_whole(message.string))
    ]


def main() -> int:
    """Write the catalogues; 1 when a translation is missing, which is said."""
    lacking = 0
    for language in LANGUAGES:
        if language == "en":
            continue
        po = po_text(updated(language))
        path = po_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(po)
        path.with_suffix(".mo").write_bytes(mo_bytes(po, language))
        for text in missing(updated(language)):
            print(f"{path.relative_to(ROOT)}: not translated: {text}", file=sys.stderr)
            lacking += 1
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
