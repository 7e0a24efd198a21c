"""Does the title of a key result name a task, or a result? Judged by words alone, in English and Chinese.

A title is a task when it counts what is produced ("the number of released features"), when it says that something is
to be done (a leading verb of doing: "Launch …", "完成 …") or that it is done ("… is live", "… 上线"), unless it also
measures something ("发布首篇文章的新作者占比从 18% 提升到 30%"). ``python -m benchmarks wording`` measures how
often that is right on titles that these words were not tuned on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

LONGEST = 300
"""Characters of a title that are looked at."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Why a title reads like a task."""

    words: str
    """The words of the title that say so."""
    why: str
    """``begins with a verb of doing``, ``counts what is produced``, ``says that something is done``."""


DOING = "begins with a verb of doing"
PRODUCED = "counts what is produced"
DONE = "says that something is done"
NOTHING_MEASURED = "names something to do and nothing to measure"


@lru_cache(4096)  # the same titles are looked at for a day and for the week before
def task_cue(title: str) -> Cue | None:
    """What in ``title`` reads like a task; None when nothing does."""
    text = " ".join(title[:LONGEST].split())
    if _CHINESE.search(text):
        cue = _chinese(text)
        return cue if cue is not None or not text[:1].isascii() else _english(text)
    return _english(text)


def _words(text: str) -> str:
    return "|".join(text.split())


# --- English ----------------------------------------------------------------------------------------------------------

_VERBS = _words("""
    activate add adopt advertise align allocate analyse analyze announce apply appoint arrange assemble assess
    assign attend automate begin brief bring-up build buy carry centralise centralize check clarify clean close
    code collect communicate compile complete compose conduct configure connect consolidate construct continue
    coordinate craft create decommission decouple define deliver demonstrate deploy develop digitise digitize
    discuss distribute document draw dockerize educate enable encrypt engineer enhance establish evaluate execute
    experiment explore extract facilitate finalise finalize finish fix form formalise formalize formulate gather
    harden hire hold host identify implement import index initiate install institute instrument integrate introduce
    investigate issue kick-off launch lead localise localize make manage merge migrate modernise modernize
    negotiate onboard open optimise optimize organise organize outline overhaul participate patch perform pilot
    plan port post prepare present print procure produce program promote propose prototype provide publish purchase
    put re-design re-platform rebrand rebuild recruit redesign refactor refresh refurbish relaunch release remove
    rename renew renovate reorganise reorganize replace research resolve restructure retire revamp review revise
    rewrite roll rollout run schedule secure select send set setup share ship simplify socialise socialize specify
    split standardise standardize start stand-up streamline submit sunset survey switch sync systematise
    systematize tackle teach test track train transfer transform transition translate kick hand swap relocate
    retrofit shut stand spin invite inform catalogue celebrate certify choose coach compare compute consult contact
    contract copy curate debug delegate delete deprecate describe detect digitalise digitalize discover dismantle
    divide donate drive edit elaborate embed employ enforce enlarge enrol enroll equip erect examine exchange
    exhibit explain export expose fabricate file fill film fund give go grant group guide handle inspect insert
    inspire interconnect invent invest join legalise legalize license list load lobby lock manufacture mentor model
    monitor mount nominate notify obtain operate order package paint pay permit phase photograph pick place
    practise practice process programme prohibit proofread protect prove pull push query quit rank read recommend
    reconcile record regulate reissue remind repaint repair report restore retrain return reuse route sample scan
    screen separate serve sign simulate sketch solve sort source speak sponsor staff stage stock store study
    subscribe subtitle summarise summarize supervise supply synchronise synchronize tag tailor tell tidy transcribe
    trial type uninstall unveil upload use vet visualise visualize volunteer wash weave weld wrap tune unify update
    upgrade validate verify visit wire write
""")
_AMBIGUOUS = _words("""
    audit call design draft document expand extend interview issue launch log map market measure move offer pass pilot
    plan post prototype record release report research review scale search share ship start support survey test track
    train update upgrade
""")
"""Verbs that are nouns as well: "Support tickets per customer" is no imperative."""
_OUTPUT = (
    r"(?:new |user |customer |product |software |closed |resolved |merged |completed |released |shipped |delivered |"
    r"finished |deployed |published |implemented |open |internal |production |planned )*"
    r"(?:features?|functionalit(?:y|ies)|releases|deployments?|deploys|stories|story points|tickets|issues|tasks|epics|"
    r"pull requests|merge requests|PRs|commits|lines of code|test cases|unit tests|backlog items|work items|sprints|"
    r"milestones|prototypes|documents|specs|specifications|blog posts|webinars|workshops|trainings|training sessions|"
    r"meetings|campaigns|experiments|a/b tests|mockups|dashboards|reports|playbooks|deliverables|projects|"
    r"initiatives)\b"
)
_DONE_WORDS = (
    r"(?:live|online|shipped|released|launched|completed?|done|finished|delivered|implemented|deployed|in production|"
    r"rolled out|in place|ready|set up|built|published|migrated|signed off|documented|approved|operational|"
    r"established|integrated|automated|installed|configured|designed|developed|written|drafted|created|merged|closed|"
    r"decommissioned|replaced|upgraded|introduced|organi[sz]ed|conducted|held|hired|defined|translated|tested|"
    r"up and running|available to all|switched off|switched on|enabled|finali[sz]ed|prepared|sent)"
)
_NUMBER = (
    r"(?:[€$£¥]?\s?\d[\d.,]*|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|fifty|"
    r"hundred|half)"
)
_FROM_TO = re.compile(
    rf"\bfrom\b.{{0,30}}?{_NUMBER}.*?\bto\b.{{0,30}}?{_NUMBER}|{_NUMBER}(?:\s?%|\s?[a-z/€$£¥]{{1,12}})?\s?(?:→|->|=>|–>|⇒)|\d\s?%?\s+to\s+[€$£]?\d|"
    rf"\(was |\(from {_NUMBER}",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    rf"(?:below|under|above|over|at least|at most|less than|more than|fewer than|no more than|up to|≥|≤|<|>|"
    rf"\b(?:by|up|down|of|is|at|reaches|reach)) {_NUMBER}\s?(?:%|percent|points|pp|x\b)|"
    rf"(?:below|under|above|at least|at most|less than|fewer than|≥|≤|<|>)\s?{_NUMBER}|\bper\b.{{0,30}}\d|\d\s?%",
    re.IGNORECASE,
)
_METRIC = re.compile(
    r"\b(?:rate|ratio|share|score|nps|csat|revenue|margin|churn|retention|conversion|satisfaction|cost|costs|time|"
    r"latency|duration|availability|uptime|arr|mrr|gmv|profit|income|sales|basket|traffic|visits|usage|adoption|"
    r"engagement|value|errors?|failures|complaints|incidents|customers|users|subscribers|merchants|orders|leads)\b",
    re.IGNORECASE,
)
_PLAN = (
    r"(?:the |our |all |planned |of )*(?:\w+ )?(?:migration|plan|plans|roadmap|backlog|project|rollout|roll-out|"
    r"milestones|stories|features|tasks|tickets|bugs|work|services|endpoints|epics|issues|initiatives|deliverables|"
    r"requirements|documentation|code|tests|scope|sprint|implementation|integrations?)\b"
)
_ENGLISH_PRODUCED = re.compile(
    rf"\b(?:number|numbers|count|amount|quantity|volume|pace) of {_OUTPUT}|"
    rf"^(?:at least |about )?{_NUMBER} {_OUTPUT}|"
    r"\b(?:features?|releases|stories|story points|tickets|issues|bugs|tasks|pull requests|PRs|commits|workshops|"
    r"milestones|test cases) (?:shipped|released|delivered|closed|merged|completed|done|deployed|fixed|resolved|held|"
    r"finished|implemented|written)\b(?! (?:within|in under|in less|on time|on the))|"
    r"\b(?:sprint |team )?velocity\b|\bstory points\b|\b(?:deployment|release) (?:count|frequency)\b",
    re.IGNORECASE,
)
_ENGLISH_DONE = re.compile(
    rf"\b(?:(?:is|are|was|were|has been|have been|be|fully|successfully) )*({_DONE_WORDS})"
    r"(?: (?:and \w+|by|in|on|for|to|at|before|until|across|with|as|from|company-wide|everywhere|globally)\b.*)?[.!]?$",
    re.IGNORECASE,
)
_ENGLISH_OF_PLAN = re.compile(
    rf"\d\s?(?:%|percent) (?:of )?{_PLAN}|{_PLAN} (?:is |are )?\d+\s?(?:%|percent) {_DONE_WORDS}|"
    r"^(?:have|get|bring|put) (?:the |a |an |our |all |every ).*\b(?:running|live|ready|working|certified|installed|"
    r"in place|into production|approved|online|up)\b",
    re.IGNORECASE,
)
_ENGLISH_ORDER = re.compile(
    r"(?!(?:about|across|after|all|almost|among|any|at|average|be|become|before|by|cut|decrease|delight|double|drop|each|"
    r"every|exceed|fewer|for|from|gain|grow|half|halve|have|improve|in|increase|keep|less|lift|lose|lower|maintain|more|"
    r"most|no|of|on|only|over|raise|reach|reduce|retain|save|shorten|stay|than|the|to|triple|under|what|when|where|who|"
    r"win|with|within)\b)[a-z]+(?<!s)(?: (?:through|out|up|off|on|with|for|at))? "
    r"(?:the|a|an|our|its|all|every|each|new)\b",
    re.IGNORECASE,
)
"""A word and an article, and it is no change in a number: an order, whatever the verb."""
_ENGLISH_NOUNS = re.compile(
    r"^(?:the )?(?:successful )?(launch|release|implementation|migration|completion|rollout|roll-out|introduction|"
    r"delivery|development|creation|publication|deployment|integration|redesign|upgrade|setup|establishment|go-live) "
    r"(?:of|to|for)\b",
    re.IGNORECASE,
)
_NOMINAL = re.compile(
    r"^(?:the |a |an |our )?(?:[\w'-]+ ){0,2}?([\w-]+(?:tion|sion|ment|roll-?out|cut-?over|hand-?over|set-?up|"
    r"(?!rating|ranking|saving|spending|feeling|standing|being|earning|reading)[a-z]{3,}ing|start-?up|"
    r"wind-?down|clean-?up|go-?live|moval|newal|newals|ption)|roll-?out|adoption|sign-?off|kick-?off) of\b",
    re.IGNORECASE,
)
"""The name of a deed: *Commissioning of the turbine* is the same order as *Commission the turbine*."""
_THINGS = re.compile(
    r"^(?:(?:the|a|an|our|one|two|three|first|new|phase \w+ of the)\s+)*(?:[\w'-]+ ){0,3}?(beta|mvp|poc|"
    r"proof of concept|"
    r"prototype|pilot|plan|policy|strategy|concept|roadmap|scheme|programme|program|handbook|manual|guideline|guidelines|"
    r"website|web site|homepage|portal|platform|tool|toolkit|app|dashboard|hotline|helpline|campaign|framework|"
    r"playbook|runbooks?|checklists?|guides?|standards?|specs?|workflow|trials?|relaunch|redesign|refit|renovation|"
    r"refurbishment|workshops?|trainings?|interviews|audits?|stand-ups|meetings|reviews|town halls?|kit|digital twin|"
    r"newsletter|podcast|catalogue|charter|"
    r"prospectus|blueprint|curriculum|archive|database|registry|template|templates|module|modules|interface|api|sdk)\b"
    r"(?= (?:of|for|with|on|in|at|to|by|and|out|up|is|are)\b|[.!]?$)",
    re.IGNORECASE,
)
"""What work leaves behind: a title that names such a thing and measures nothing is to make it."""
_CHANGED = _words("""
    halved doubled tripled quadrupled reduced increased improved shortened lowered raised lifted decreased dropped grown
    shrunk cut retained regained saved gained lost won earned sold activated satisfied pleased noticed caused used
    needed wanted received injured killed affected infected missed wasted rejected admitted returned reached exceeded
    recommended lived stayed visited paid repaid served helped met kept preserved avoided prevented eliminated
""")
"""Participles that tell of an outcome, or of what others did."""
_IRREGULAR = _words("""
    held drawn made built taken given sent set put written run begun brought bought taught laid led dealt spoken shown
    chosen spread rebuilt rewritten redrawn hung dug driven
""")
_THE_REST = re.compile(
    rf"^(?!\w+ (?:in|out of) \w+ |.*\b(?:within|on time|in time)\b)(?:half|all|most|the (?:remaining|last|other)|"
    rf"another|{_NUMBER}|at least {_NUMBER})(?: of)?(?: all| the| our)?"
    rf"(?: (?!customers|users|clients|shops|merchants|patients|students|people|visitors|readers)[\w-]+){{1,4}} "
    rf"(?!(?:{_CHANGED})\b)(?:[a-z-]{{2,}}ed|{_IRREGULAR})"
    r"(?: (?:by|in|into|on|onto|for|to|at|before|with|as|from|after)\b(?!.*\d\s?%).*)?[.!]?$",
    re.IGNORECASE,
)
"""So many things to which something was done: *40 sensors fitted to the bridge*."""
_ENGLISH_PASSIVE = re.compile(
    rf"^(?!.*\b(?:who|that|which|whose|when|where|without)\b).*?(?<=\s)((?!(?:{_CHANGED}|un\w+)\b)(?:[a-z-]{{2,}}[^aeiou\W]ed|"
    rf"[a-z-]{{2,}}[aeiou]ed|{_IRREGULAR})|cut over|in operation|in use|in force|up and running|underway|under way|"
    r"agreed|step-free|done and dusted|out|in hand)"
    r"(?: (?:up|out|over|off|down|in place|over to))?"
    r"(?: (?:and|or|by(?! (?:customers|users|buyers|readers|guests|patients))|in|into|on|onto|for|to|at|before|until|"
    r"across|with|as|from|after|under|company-wide|everywhere)\b.*)?"
    r"[.!]?$",
    re.IGNORECASE,
)
"""Something has been done to something, or is there now."""
_QUANTITY = re.compile(
    r"\b(?:more|less|fewer|most|least|better|best|worse|faster|quicker|sooner|earlier|later|longer|shorter|cheaper|higher|"
    r"lower|larger|smaller|safer|than|twice|double|doubles|triple|triples|halves?|half as|thirds?|quarters?|fifths?|"
    r"tenths?|"
    r"one in|two in|three in|in (?:three|four|five|ten)|every second|every third|nobody|no one|none|never|always|"
    r"zero|no|"
    r"minus|plus|down|up by|falls?|rises?|grows?|drops?|shrinks?|climbs?|average|averages|median|per|each other)\b|"
    r"\d\s?(?:%|°|ms|s|h|min|kg|km|t|g|l|kwh|mwh|points?|hours?|minutes?|seconds?|days?|weeks?|months?|years?|percent|"
    r"tonnes?|litres?|liters?|euros?|dollars?|pounds?|francs?|million|billion|stars?)\b|[€$£¥]\s?\d|\d\s?(?:%|→|->)|[<>≥≤]",
    re.IGNORECASE,
)
"""Signs that something is measured or compared."""
_LEAD_IN = re.compile(
    r"^(?:\W+|(?:to|we|will|we'll|team|please|also|and|then|fully|first|finally|\w+ly)\s+)*", re.IGNORECASE
)
_OBJECT_FOLLOWS = re.compile(
    rf"^\w+ (?:the|a|an|our|all|every|each|new|up|out|off|on|in|with|into|monthly|weekly|daily|regular|{_NUMBER})\b",
    re.IGNORECASE,
)


def _english(text: str) -> Cue | None:
    measured = bool(_FROM_TO.search(text))
    if found := _ENGLISH_PRODUCED.search(text):
        return Cue(found[0], PRODUCED)
    if (found := _ENGLISH_OF_PLAN.search(text)) and not measured:
        return Cue(found[0], PRODUCED)
    rest = text[_LEAD_IN.match(text).end() :]  # type: ignore[union-attr]  # it matches the empty text, too
    if found := _ENGLISH_NOUNS.match(rest):
        return None if measured or _LIMIT.search(rest) else Cue(found[1], DOING)
    verb = _leading_verb(rest)
    if verb is not None and not _is_measured(rest, verb, measured):
        return Cue(verb, DOING)
    if measured or _LIMIT.search(text):
        return None
    if found := _ENGLISH_DONE.search(text):
        return Cue(found[1], DONE)
    found = _ENGLISH_ORDER.match(rest)
    if found and not _METRIC.search(rest) and not _QUANTITY.search(rest):
        return Cue(found[0], NOTHING_MEASURED)
    return _named_deed(rest)


def _named_deed(text: str) -> Cue | None:
    """A deed told as a noun or in the passive, and nothing that is measured beside it."""
    if found := _THE_REST.match(text):
        return Cue(found[0], DONE)
    if _QUANTITY.search(text):
        return None
    if (found := re.match(r"get|have|bring|put", text, re.IGNORECASE)) and not _METRIC.search(text):
        return Cue(found[0], DOING)
    if found := _NOMINAL.match(text):
        return None if _METRIC.search(text[: found.start(1)]) else Cue(found[1], DOING)
    if (found := _ENGLISH_PASSIVE.match(text)) and not _METRIC.search(text[: found.start(1)]):
        return Cue(found[1], DONE)
    if (found := _THINGS.match(text)) and not _METRIC.search(text):
        return Cue(found[1], NOTHING_MEASURED)
    return None


_REQUESTS = re.compile(
    r"(?:pull|merge|change|support|help|call|start)[ -](?:requests?|backs?|centers?|centres?|ups?)\b", re.I
)
"""Compound nouns that begin with a verb."""


def _leading_verb(text: str) -> str | None:
    first = re.match(r"[A-Za-z]+(?:-[A-Za-z]+)?", text)
    if first is None or _REQUESTS.match(text):
        return None
    word = first[0]
    if _is_verb(word):
        return word
    gerund = re.fullmatch(r"([a-z]+?)([bdgmnprt]?)ing", word, re.IGNORECASE)
    if gerund is not None:
        stem = gerund[1]
        if any(_is_verb(form) for form in (stem + gerund[2], stem + gerund[2] + "e", stem)):
            return word
    return None


def _is_verb(word: str) -> bool:
    # What is done can be done again: re-negotiate, rewrite.
    return re.fullmatch(rf"(?:re-?)?(?:{_VERBS}|{_AMBIGUOUS})", word, re.IGNORECASE) is not None


def _is_measured(text: str, verb: str, from_to: bool) -> bool:
    """Is what follows a leading verb of doing a number that moves after all?"""
    ambiguous = re.fullmatch(rf"{_AMBIGUOUS}|\w+ing", verb, re.IGNORECASE) is not None
    object_follows = _OBJECT_FOLLOWS.match(text) is not None
    if ambiguous and not object_follows:
        return any(sign.search(text) is not None for sign in (_LIMIT, _METRIC, _QUANTITY)) or from_to
    if from_to:
        # "Build minutes: 40 → 10" names a number; "Upgrade Java from 17 to 21" names two versions.
        versions = re.match(r"(?:upgrade|migrate|update|move|port|switch|transition|convert)", verb, re.IGNORECASE)
        return not (object_follows or versions) or _METRIC.search(text) is not None
    within = re.search(r"\b(?:within|in under|in less than|on time)\b", text, re.IGNORECASE)
    return within is not None and re.search(r"\d\s?(?:%|percent)", text) is not None


# --- Chinese ----------------------------------------------------------------------------------------------------------

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_CHINESE_LEAD_IN = re.compile(
    r"^(?:[\s\W]|全面|持续|专项|重新|定向|集中|分批|专门|自主|协同|率先|如期|适时|重点|主动|"
    r"逐步|尽快|顺利|成功|按时|按期|继续|进一步|积极|大力|初步|基本|力争|确保|努力|稳步|深入|扎实|有序|"
    r"高质量|本季度|本季|本月|今年|年内|全年|每周|每月|每季度|每天|每年|每个(?:迭代|月|季度|团队)|季度内|"
    r"(?:年|月|季度|周)?[底末初]前|\d+\s?月(?:\d+\s?日)?[底末]?前|[Qq]\d\s?(?:内|前|底前)?|至少|共|累计|在[^，。]{1,8}[前内]|"
    r"(?:将|把|对|为|给|与|和|向|让)[^，。]{1,14}?(?=翻译|改造|升级|迁移|重构|拆分|切换|部署|上线|整合|统一|打通|建设|"
    r"搭建|完成|提供|开放|进行|开展))*"
)
_CHINESE_VERBS = _words("""
    上线 上架 下线 下架 发布 推出 推进 推行 推广 完成 建设 建成 建立 搭建 构建 新建 扩建 改建 筹建 开发 研发
    实现 实施 落地 落实 交付 组织 举办 举行 召开 开展 开设 开通 开启 开放 编写 编制 撰写 起草 拟定 制定 制订
    制作 绘制 拍摄 录制 重构 重写 改造 改版 升级 迁移 接入 对接 集成 整合 打通 跑通 走通 招聘 招募 引进 引入
    启动 启用 停用 调研 研究 探索 梳理 输出 产出 支持 访谈 走访 拜访 翻译 准备 筹备 设计 打造 部署 测试 压测
    联调 试点 试运行 发送 推送 合并 关闭 修复 解决 处理 清理 替换 更换 切换 拆分 配置 安装 采购 培训 宣讲 宣传
    策划 规划 评估 评审 审计 分析 统计 收集 整理 归档 提交 申请 申报 参加 参与 协助 配合 跟进 执行 贯彻 细化
    明确 确定 确认 选定 选型 验收 验证 更新 迭代 增设 设立 成立 组建 创建 铺设 补充 统一 规范 沉淀 复盘 总结
    汇报 封装 适配 兼容 移除 删除 导入 同步 演练 巡检 做好 抓好 办好 写完 做完 通过 引导 布局 复用 抽象 定义
    生成 接通 投放 投产 立项 签署 盘点 排查 治理 普及 倡导 学习 分享 授权 申领 购买 租用 装修 标准化 自动化
    数字化 翻新 任命 谈判 洽谈 商谈 拓展 开拓 扩展 扩充 聘请 约谈 邀请 联合 联系 拉通 摸排 试运营 上报 发起 发动 动员
    出台 颁布 印发 下发 公布 披露 汇总 核算 核对 检查 督促 督导 监督 跟踪 追踪 观察 记录 备份 恢复 加固 加装
    安排 配备 配齐 购置 租赁 承办 主办 协办 赞助 转型 轮岗 调整 变更 讨论 商定 敲定 签约 签订 取消 废除 废止
    报送 换成 改成 换装 达成一致 达成共识 达成协议
    表彰 评选 选拔 任用 聘任 晋升 巡展 巡讲 参展 报名 注册 备案 报批 送审 提报 归集 建档 建库 录入 标注 打标
    抽检 抽查 化验 试产 量产 扩产 下单 订购 发放 派发 张贴 悬挂 粉刷 维修 保养 更名 搬迁 搬到 迁入 撤销 关停
    淘汰 停产 停售 兼并 收购 并购 合资 注资 融资 路演 立法 招商 招标 投标 竞标 中标
""")
_CHINESE_IMPROVING = _words("""
    优化 加强 强化 深化 完善 推动 促进 推进 加快 加速 实现 做好 推广 健全 丰富 夯实 巩固 打磨 美化
""")
"""Verbs that take a measure for their object as well: 推动续约率 is no task."""
_CHINESE_METRIC = re.compile(
    r"率|比(?=[提达从由升降])|占比|比例|比重|份额|百分比|百分点|时长|耗时|用时|时间|天数|周期|人数|人次|用户数|店铺数|商家数|订单数|请求数|失败数|"
    r"总额|金额|交易额|销售额|成交额|访问量|订单量|销量|流量|投诉量|客流量|收入|营收|利润|毛利|成本|费用|客单价|满意度|净推荐值|"
    r"评分|得分|分数|留存|转化|复购|续约|流失|月活|日活|活跃用户|可用性|知名度|意愿|能耗|周转|密度|排名|"
    r"NPS|GMV|ARR|MRR|SLA|DAU|MAU|ROI|CSAT",
    re.IGNORECASE,
)
_CHINESE_NUMBER = r"[\d一二两三四五六七八九十百千万亿半]"
_CHINESE_CHANGE = re.compile(
    rf"(?:从|由).*?{_CHINESE_NUMBER}.*?(?:到|至|为|升|降|增|减|提)|提[升高]|增[加长至]|上升|升[到至]|降[低到至为]|下降|减少|缩短|"
    r"达(?!成(?:一致|协议|共识))到?|→|->|突破|超过|至多|最多|不(?:低于|超过|到|足|高于|少于|多于)|低于|高于|少于|大于|小于|以[上下内]|翻[一两倍番]|保持|[<>≤≥%]"
)
_CHINESE_OUTPUTS = (
    r"(?:功能|特性|需求|版本|缺陷|漏洞|[Bb][Uu][Gg]|工单|任务|用户故事|故事点?|代码行?|代码提交|合并请求|里程碑|测试用例|用例|文档|"
    r"会议|培训|讲座|沙龙|活动|原型|方案|报告|项目|模块|接口|发布|上线|部署|提交|迭代)"
)
_CHINESE_PRODUCED = re.compile(
    rf"{_CHINESE_OUTPUTS}(?:的?(?:发布|上线|交付|完成|关闭|解决|修复|合并|开发|举办))?的?(?:总?数量|数目|个数|条数|次数|场次|"
    r"(?:总数|数)(?=提|增|达|到|从|由|翻|超|不|为|[\s:：]|$))|故事点|开发速率|发布频率|部署频率|上线频率|"
    rf"^(?:至少|累计|共)?\s?{_CHINESE_NUMBER}+\s?[个项场次篇份条]?\s?(?:新)?{_CHINESE_OUTPUTS}(?!.*[率时降少])"
)
_CHINESE_DONE = re.compile(
    r"((?:上线|完成|发布|落地|交付|投产|就绪|到位|启用|验收|建成|搭建|立项|启动|迁移|下线|切换|部署|编写|开发|设计|测试|培训|改造|"
    r"升级|对接|接入|通过|推广|实施|运行|招聘|签署|开通)(?:完成|完毕|成功|上线|到位|结束)?|完毕|到位|就绪)[。！!]?$"
)
_CHINESE_OF_PLAN = re.compile(
    r"(?:计划|路线图|项目|需求|任务|里程碑|迁移|改造|建设|实施|开发|交付|进度)[^，。率]{0,6}\d\s?%\s?(?:完成|达成|交付|上线)|"
    r"\d\s?%\s?的?(?:历史|存量|计划|规划|全部|遗留)?(?:缺陷|需求|任务|工单|功能|里程碑|服务|接口|系统|模块|文档|"
    r"代码|项目|漏洞)"
)


_SHORTEST_ORDER = 6
_CHINESE_STATE = re.compile(
    r"没有|活跃|就能|无[一人须需]|零|(?<![换改达])成(?:的)?[^功员本立]|分之|半|人人|都能|能够|可以|[内前](?:送达|到账|响应|回复|解决|收到)|减半|\d\s?(?:天|小时|分钟|秒|日|周)[之以]?内|"
    r"\d[\d.]*\s?(?:公斤|千克|吨|升|公里|米|亩|[万亿]?元|度|小时|分钟|秒|天|分|倍|摄氏度)$|"
    r"^(?:新签|新增|赢得|获得|获取|吸引|签下|留住|服务|每[周月日天]?[^，。]{0,6}的|用户|客户|会员|商家|[^，。]{2,8}[数量感]$|.*排放$|[^，。]{2,12}(?<!新)的[^，。]{1,5}$)"
)
"""Results that need no measure beside them, and names of numbers."""


def _chinese(text: str) -> Cue | None:
    measured = _CHINESE_METRIC.search(text) is not None and _CHINESE_CHANGE.search(text) is not None
    if (found := _CHINESE_PRODUCED.search(text)) and not _of_customers(text, found):
        return Cue(found[0], PRODUCED)
    if not measured and (found := _CHINESE_OF_PLAN.search(text)):
        return Cue(found[0], PRODUCED)
    if measured:
        return None
    rest = text[_CHINESE_LEAD_IN.match(text).end() :]  # type: ignore[union-attr]  # it matches the empty text, too
    if found := re.match(rf"(?:{_CHINESE_IMPROVING})", rest):
        return None if _CHINESE_METRIC.search(rest) else Cue(found[0], DOING)
    if found := re.match(rf"(?:{_CHINESE_VERBS}|[写做开办发招建搞拍录跑拜见看学讲]\s?{_CHINESE_NUMBER})", rest):
        return Cue(found[0], DOING)
    if found := re.match(rf"[在与和同向对为给把将由用以就][^，。%\d]{{1,16}}?({_CHINESE_VERBS})", text):
        return Cue(found[1], DOING)
    if (found := _CHINESE_DONE.search(text)) and re.search(r"\d\s?%\s?的", text) is None:
        return Cue(found[1], DONE)
    if _CHINESE_METRIC.search(text) or _CHINESE_CHANGE.search(text) or _CHINESE_STATE.search(text):
        return None
    if len(rest) < _SHORTEST_ORDER:
        return None  # a few characters are the name of a number as often as an order
    return Cue(rest[:8], NOTHING_MEASURED)


def _of_customers(text: str, found: re.Match[str]) -> bool:
    """Fewer tickets from customers are a result: 客服工单数从 400 降到 200."""
    before = text[: found.start()]
    return re.search(r"客服|客户|用户|商家|每百|每千|每万|人均", before) is not None and bool(
        re.search(r"降|减|低于|少于|缩", text)
    )
