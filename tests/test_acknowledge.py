"""Writing one acknowledgement into a file of goals: every other character stays, or nothing is written."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from okrsync.acknowledge import write_acknowledgement
from okrsync.config_yaml import read_document
from okrsync.errors import ConfigError
from okrsync.variables import Variables

BLOCK = """\
# goals
objectives:
  - id: O1
    title: Up there
    key_results: []

  - id: O2          # ours
    team: payments
    supports: O1    # one level up
    # a remark
    key_results:
      - {id: KR2.1, title: "x: y"}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            BLOCK,
            BLOCK.replace("# one level up\n", "# one level up\n    acknowledged: {O1: 3f2a9c4d}\n"),
            id="a line of its own, below supports",
        ),
        pytest.param(
            BLOCK.replace("\n", "\r\n"),
            BLOCK.replace("level up\n", "level up\n    acknowledged: {O1: 3f2a9c4d}\n").replace("\n", "\r\n"),
            id="line ends of Windows",
        ),
        pytest.param(
            "\ufeffobjectives:\n- {id: O2, supports: O1}\n",
            "\ufeffobjectives:\n- {id: O2, supports: O1, acknowledged: {O1: 3f2a9c4d}}\n",
            id="flow style, behind a byte order mark",
        ),
        pytest.param(
            '{"objectives": [{"id": "O2", "supports": "O1", "key_results": []}]}',
            '{"objectives": [{"id": "O2", "supports": "O1", acknowledged: {O1: 3f2a9c4d}, "key_results": []}]}',
            id="JSON",
        ),
        pytest.param(
            "objectives:\n- id: O2\n  supports: O1",
            "objectives:\n- id: O2\n  supports: O1\n  acknowledged: {O1: 3f2a9c4d}\n",
            id="no line end at the end of the file",
        ),
        pytest.param(
            "objectives:\n- id: O2\n  supports: >-\n    O1\n\n  title: 目标\n",
            "objectives:\n- id: O2\n  supports: >-\n    O1\n\n  acknowledged: {O1: 3f2a9c4d}\n  title: 目标\n",
            id="behind a block of text",
        ),
        pytest.param(
            "objectives:\n- id: O2\n  supports: O1\n  acknowledged: {O1: 00000000 by mei, O9: 11111111}  # seen\n",
            "objectives:\n- id: O2\n  supports: O1\n  acknowledged: {O1: 3f2a9c4d, O9: 11111111}  # seen\n",
            id="in the place of an older one",
        ),
        pytest.param(
            "objectives:\n- id: O2\n  supports: O1\n  acknowledged: {O9: 11111111}\n",
            "objectives:\n- id: O2\n  supports: O1\n  acknowledged: {O9: 11111111, O1: 3f2a9c4d}\n",
            id="beside another, in braces",
        ),
        pytest.param(
            "objectives:\n- id: O2\n  acknowledged:\n    O9: 11111111   # x\n  supports: O1\n",
            "objectives:\n- id: O2\n  acknowledged:\n    O9: 11111111   # x\n    O1: 3f2a9c4d\n  supports: O1\n",
            id="beside another, on a line of its own",
        ),
        pytest.param(
            "objectives:\n- id: O2\n  acknowledged:   # nothing yet\n  supports: O1\n",
            "objectives:\n- id: O2\n  acknowledged: {O1: 3f2a9c4d}   # nothing yet\n  supports: O1\n",
            id="in an empty key",
        ),
        pytest.param(
            "objectives:\n- id: O2\n  acknowledged: null\n  supports: O1\n",
            "objectives:\n- id: O2\n  acknowledged: {O1: 3f2a9c4d}\n  supports: O1\n",
            id="in the place of null",
        ),
        pytest.param(
            "objectives:\n- id: O2\n  acknowledged: {}\n  supports: O1\n",
            "objectives:\n- id: O2\n  acknowledged: {O1: 3f2a9c4d}\n  supports: O1\n",
            id="in empty braces",
        ),
        pytest.param(
            "objectives:\n- id: O2\n  acknowledged: {O1: 00000000}\n  supports: O1\n- id: O3\n  supports: O1\n",
            "objectives:\n- id: O2\n  acknowledged: {O1: 3f2a9c4d}\n  supports: O1\n- id: O3\n  supports: O1\n",
            id="of one objective among others",
        ),
        pytest.param(
            'objectives:\n- id: "O2"\n  "supports": O1\n',
            'objectives:\n- id: "O2"\n  "supports": O1\n  acknowledged: {O1: 3f2a9c4d}\n',
            id="quoted keys",
        ),
    ],
)  # fmt: skip
def test_one_line_is_written(tmp_path: Path, before: str, after: str) -> None:
    file = tmp_path / "q4.yaml"
    file.write_bytes(before.encode())
    line = write_acknowledgement(file, "O2", "O1", "3f2a9c4d", {})
    assert file.read_bytes().decode() == after
    assert "3f2a9c4d" in after.splitlines()[line - 1]
    assert [path.name for path in tmp_path.iterdir()] == ["q4.yaml"]


@pytest.mark.parametrize("goal", ["1", "null", "a:b", "{x}", "O#1", '"', "\\", "目标-1", "-", "on", "1e5"])
def test_any_id_is_a_key(tmp_path: Path, goal: str) -> None:
    file = tmp_path / "q4.yaml"
    file.write_text("objectives:\n- id: O2\n  supports: x\n")
    write_acknowledgement(file, "O2", goal, "12345678 by lin", {})
    document = read_document(file, "", Variables({}))
    assert document.data is not None
    assert document.data["objectives"][0]["acknowledged"] == {goal: "12345678 by lin"}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x: &o {id: O2, supports: O1}\nobjectives: [*o]\n", id="an alias of what stands elsewhere"),
        pytest.param(
            "objectives:\n- {id: O2, supports: O1, acknowledged: &a {O9: 111111}}\n- {id: O3, acknowledged: *a}\n",
            id="written once, used twice",
        ),
        pytest.param("objectives:\n- id: O2\n  title: x\n", id="supports nothing"),
    ],
)
def test_what_cannot_be_edited_is_left_alone(tmp_path: Path, text: str) -> None:
    file = tmp_path / "q4.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"nothing was changed.*acknowledged: \{O1: 3f2a9c4d\}"):
        write_acknowledgement(file, "O2", "O1", "3f2a9c4d", {})
    assert file.read_text() == text


def test_variables_stay_variables(tmp_path: Path) -> None:
    file = tmp_path / "q4.yaml"
    file.write_text("objectives:\n- id: O2\n  title: ${NAME}\n  supports: O1\n")
    write_acknowledgement(file, "O2", "O1", "3f2a9c4d", {"NAME": "secret"})
    assert "title: ${NAME}\n" in file.read_text()


def test_mode_and_link_are_kept(tmp_path: Path) -> None:
    file, link = tmp_path / "real.yaml", tmp_path / "q4.yaml"
    file.write_text(BLOCK)
    file.chmod(0o640)
    link.symlink_to(file)
    write_acknowledgement(link, "O2", "O1", "3f2a9c4d", {})
    assert link.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    document = read_document(file, "", Variables({}))
    assert document.data is not None
    assert document.data["objectives"][1]["acknowledged"] == {"O1": "3f2a9c4d"}


def test_what_somebody_else_writes_meanwhile_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "q4.yaml"
    file.write_text(BLOCK)
    monkeypatch.setattr(os, "fsync", lambda _: file.write_text(BLOCK + "# mine\n"))
    with pytest.raises(ConfigError, match="changed by somebody else"):
        write_acknowledgement(file, "O2", "O1", "3f2a9c4d", {})
    assert file.read_text() == BLOCK + "# mine\n"
    assert [path.name for path in tmp_path.iterdir()] == ["q4.yaml"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    file = tmp_path / "q4.yaml"
    file.write_text(BLOCK)
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ConfigError, match="cannot write"):
            write_acknowledgement(file, "O2", "O1", "3f2a9c4d", {})
    finally:
        tmp_path.chmod(0o700)
    assert file.read_text() == BLOCK
