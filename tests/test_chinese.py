"""The Chinese catalogue reads as one person's: the same word for the same thing, and Chinese punctuation."""

from __future__ import annotations

import re

import pytest

from docs import messages

HAN = "[\u4e00-\u9fff]"

GLOSSARY = {
    r"key results?": ("关键结果",),
    r"objectives?": ("目标",),
    r"strategy pillars?": ("战略支柱",),
    r"cycles?": ("周期",),
    r"check-ins?|checked in|check in": ("填报", "确认"),
    r"check-in periods?": ("填报周期",),
    r"baselines?": ("基线",),
    r"targets?": ("目标值", "靠近目标", "背离目标"),
    r"cadences?": ("度量间隔",),
    r"lags?": ("见效期",),
    r"settled": ("见效期",),
    r"measurements?": ("度量",),
    r"readings?": ("度量",),
    r"pieces? of work": ("项工作", "工作"),
    r"work items?": ("工作项",),
    r"milestones?": ("里程碑",),
    r"verdicts?": ("判定", "结论"),
    r"findings?": ("发现",),
    r"outcomes?": ("成果",),
    r"retired": ("撤销",),
    r"dropped": ("放弃", "撤销"),
    r"stores?": ("存储",),
    r"tokens?": ("令牌",),
    r"accounts?": ("账号",),
    r"wikis?": ("Wiki",),
    r"pull requests?": ("拉取请求",),
    r"repositor(?:y|ies)": ("仓库",),
    r"clones?": ("克隆",),
    r"busy key results?": ("忙而无果",),
    r"confidence": ("信心",),
    r"limits?": ("限值",),
    r"owners?": ("负责人",),
    r"teams?": ("团队",),
    r"levels? (?:of|above|below|\{)": ("层级", "层", "水平", "上级"),
}
"""An English term, and the Chinese for it; a second only where English has one word for two things."""

OTHER_SENSE = (
    "owner/name",
    "owner root",
    "Pull requests",  # as GitHub's page of permissions has it
    "database lags",
    "any token",  # of YAML
    "next token",
    "store: ",  # the key of okrsync.yaml
)
"""Where an English word is another than the one of the glossary."""

WORDS_NOT_USED = {
    "签到": "填报",
    "跟进": "填报",
    "滞后期": "见效期",
    "测量": "度量",
    "件工作": "项工作",
    "工作条目": "工作项",
    "帐号": "账号",
    "账户": "账号",
    "静默": "屏蔽",
    "偏离目标": "背离目标",
    "偏离了目标": "背离了目标",
    "押注": "尝试",
    "您": "",
    "wiki": "Wiki",
}
"""Words that stood for something that has another name, and that name."""


def entries() -> list[tuple[str, str]]:
    """Message and translation, of a plural the singular."""
    found = []
    for message in messages.known("zh"):
        if message.id:
            said = message.string if isinstance(message.string, str) else message.string[0]
            found.append((message.id if isinstance(message.id, str) else message.id[0], said))
    return found


def prose(text: str) -> str:
    """Without commands, keys, addresses and places to be filled in."""
    return re.sub(r"`[^`]*`|'[^']*'|\"[^\"]*\"|\w+://\S*|\{[^}]*\}|--[\w-]+|[\w/]+\.\w+", "x", text)


@pytest.mark.parametrize("term", GLOSSARY)
def test_a_term_has_one_translation(term: str) -> None:
    wanted = GLOSSARY[term]
    asked = re.compile(rf"(?<![\w-])(?:{term})(?![\w-])", re.IGNORECASE)
    other = [
        (message, said)
        for message, said in entries()
        if asked.search(prose(message))
        and not any(word in said for word in wanted)
        and not any(words in message for words in OTHER_SENSE)
    ]
    assert other == []


def test_no_other_word_is_used_for_it() -> None:
    found = [(word, said) for _message, said in entries() for word in WORDS_NOT_USED if word in prose(said)]
    assert found == []


FAULTS = {
    "a half-width mark beside a character": rf"{HAN}[,;:!?.]|[,;:!?]{HAN}",
    "half-width brackets around characters": rf"\([^()]*{HAN}[^()]*\)",
    "a full-width bracket that is not closed": r"（[^）]*$|^[^（]*）",
    "a quotation mark that is not closed": r"“[^”]*$|^[^“]*”",
    "no space between a character and a letter or number": rf"{HAN}[A-Za-z0-9`]|[A-Za-z0-9`%]{HAN}",
    "a space beside a full-width mark": r" [，。；：！？、）]|[，。；：！？、（] (?! )",
    "a full stop twice": r"。[。.]|\.。",
    "words of English between characters": rf"{HAN}[^{{}}`'“”]*?\b[a-z]+ [a-z]+ [a-z]+\b",
}
CHINESE_WITHIN = "clause|field|hint|inside|kind|month|names|noun|outcome|permissions|range|span|verdict|what|work|year"
"""Places that hold Chinese words, which need no space on that side."""
FIXED = re.compile(r"`[^`]*`|'[^']*'|\d+月|\{year\}年|\w+://\S*|--[\w-]+|PATH|^\s+.*$", re.MULTILINE)
"""What stands as it is: commands, keys, the names of months, indented lines of a table."""


def bare(said: str) -> str:
    """A translation without what stands as it is, and with a mark where something is filled in."""
    return re.sub(r"\{[^{}]*\}", "\ufffc", FIXED.sub("\ufffc", said))


@pytest.mark.parametrize("fault", FAULTS)
def test_punctuation(fault: str) -> None:
    wrong = [said for _message, said in entries() if re.search(FAULTS[fault], bare(said))]
    assert wrong == []


def test_a_space_stands_between_a_place_and_a_character() -> None:
    place = rf"\{{(?!(?:{CHINESE_WITHIN})\b)\w+[^}}]*\}}"
    wrong = [
        said
        for _message, said in entries()
        if not said.startswith("{year}") and re.search(rf"{HAN}{place}|{place}{HAN}", FIXED.sub("", said))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("a half-width mark beside a character", "没有变化,没有填报"),
        ("half-width brackets around characters", "目标 (已撤销)"),
        ("a full-width bracket that is not closed", "目标（已撤销"),
        ("a quotation mark that is not closed", "写的是“上线"),
        ("no space between a character and a letter or number", "最多100 个"),
        ("a space beside a full-width mark", "目标： 已撤销"),
        ("a full stop twice", "没有变化。。"),
        ("words of English between characters", "它的 source could not be read"),
    ],
)
def test_each_fault_is_found(fault: str, said: str) -> None:
    assert re.search(FAULTS[fault], bare(said))
