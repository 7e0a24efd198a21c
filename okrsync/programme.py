"""From the files of goals to a ``Programme``: ids are unique, and every name that is used is declared somewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from okrsync import plugins
from okrsync.config_errors import did_you_mean, read_model
from okrsync.config_models import (
    ChangeModel,
    CycleModel,
    IgnoreModel,
    KeyResultModel,
    MetricModel,
    ObjectiveModel,
    OkrFile,
    TeamModel,
    WorkRuleModel,
)
from okrsync.config_plugins import default_settings, read_settings
from okrsync.config_yaml import Document, YamlPath, declared_id, declared_ids, mappings_below
from okrsync.errors import Problem
from okrsync.language import N_, _
from okrsync.model import (
    Acknowledgement,
    ChangeReason,
    Cycle,
    Ignore,
    KeyResult,
    Kind,
    Metric,
    Objective,
    Pillar,
    Programme,
    Retirement,
    Team,
    WorkRule,
)
from okrsync.verdict import direction_of

_DEFAULT_OUTCOME = "manual"
_CIRCLE = 20
"""Goals or teams of a circle that a message names."""


@dataclass
class _Names:
    """Every id the files declare, also where the rest of its entry is wrong: one mistake must not look like two."""

    sources: frozenset[str]
    people: frozenset[str]
    complete: bool
    """False when a file could not be read: what is not known may be declared there."""
    teams: set[str] = field(default_factory=set)
    strategy: set[str] = field(default_factory=set)
    goals: dict[str, str] = field(default_factory=dict)
    """Objectives and key results, each with the id of the objective it is or belongs to."""
    edges: dict[str, tuple[str, Document, YamlPath]] = field(default_factory=dict)
    """Which objective supports which, and where that stands."""
    past: bool = False
    """A file as it once was: the configuration it was written for, its plugins included, is not known."""


def read_programme(
    documents: Iterable[Document], sources: Iterable[str], people: Iterable[str], warnings: list[Problem]
) -> Programme:
    """All goals of all files. Problems are noted in the documents, each with its line; what is wrong is left out.

    ``sources`` and ``people`` are the names that ``okrsync.yaml`` declares. An owner or lead who is not among a
    non-empty ``people`` is only a warning, once for each.
    """
    documents = tuple(documents)
    names = _Names(frozenset(sources), frozenset(people), all(each.data is not None for each in documents))
    files: list[tuple[Document, OkrFile]] = []
    for document in documents:
        _collect_names(document, names)
        okr_file = read_model(OkrFile, document)
        if okr_file is not None:
            files.append((document, okr_file))

    teams = _once([(document, team) for document, each in files for team in each.teams or ()], N_("team"))
    pillars = _once(
        [(document, pillar) for document, each in files for pillar in each.strategy or ()], N_("strategy pillar")
    )
    cycles = _once([(document, each.cycle) for document, each in files if each.cycle], N_("cycle"))
    for document, cycle in cycles:
        if cycle.end < cycle.start:
            document.problem((*cycle.path, "end"), _("the cycle ends before it starts"))
    _check_teams(teams, names)
    objectives = tuple(_objectives(files, [cycle for _document, cycle in cycles], names, warnings))
    for loop in _loops({one: other for one, (other, _document, _path) in names.edges.items()}):
        _other, document, path = names.edges[loop[0]]
        document.problem(
            path,
            _("the objectives support each other in a circle: {circle}").format(circle=_circle(loop)),
        )
    if names.people:
        _warn_of_strangers(files, names, warnings)
    return Programme(
        cycles=tuple(Cycle(each.id, each.start, each.end, each.check_in) for _document, each in cycles),
        strategy=tuple(Pillar(each.id, each.title) for _document, each in pillars),
        teams=tuple(_team(document, each) for document, each in teams),
        objectives=objectives,
    )


def read_objectives(document: Document) -> tuple[Objective, ...]:
    """The objectives of one file as it once was, without the other files and the configuration of that day.

    Names that would be declared there are taken as they stand, and so is the cycle, which is empty where the file does
    not name it. What is wrong in itself is noted in the document.
    """
    okr_file = read_model(OkrFile, document)
    if okr_file is None:
        return ()
    names = _Names(frozenset(), frozenset(), complete=False, past=True)
    cycle = okr_file.cycle.id if okr_file.cycle else ""
    return tuple(_objective(document, each, cycle, names, []) for each in okr_file.objectives or ())


def _collect_names(document: Document, names: _Names) -> None:
    names.teams.update(declared_ids(document.data, "teams"))
    names.strategy.update(declared_ids(document.data, "strategy"))
    for objective in mappings_below(document.data, "objectives"):
        objective_id = declared_id(objective)
        for goal in (objective_id, *declared_ids(objective, "key_results")):
            names.goals.setdefault(goal, objective_id)


def _once(found: Iterable[tuple[Document, Any]], what: str) -> list[tuple[Document, Any]]:
    """Each id once, where it stands first; declared again with other words it is a problem."""
    first: dict[str, tuple[Document, Any]] = {}
    for document, each in found:
        known_in, known = first.setdefault(each.id, (document, each))
        if known is not each and known.model_dump() != each.model_dump():
            path = (*each.path, "id")
            said = _("{what} {name} is declared differently in {place}: make the two equal, or remove one")
            place = known_in.place((*known.path, "id"))
            document.problem(path, said.format(what=_(what), name=document.shown(path), place=place))
    return list(first.values())


def _check_teams(teams: list[tuple[Document, TeamModel]], names: _Names) -> None:
    places = {team.id: (document, (*team.path, "parent")) for document, team in teams}
    for document, team in teams:
        if names.complete:
            _known(document, (*team.path, "parent"), team.parent, names.teams, N_("team"))
    for loop in _loops({team.id: team.parent for _document, team in teams if team.parent}):
        document, path = places[loop[0]]
        document.problem(path, _("the tree of teams runs in a circle: {circle}").format(circle=_circle(loop)))


def _known(document: Document, path: YamlPath, name: str | None, known: Collection[str], what: str) -> None:
    if name is not None and name not in known and not document.full:
        document.problem(
            path,
            _("unknown {what} {name}{hint}").format(
                what=_(what), name=document.shown(path), hint=did_you_mean(name, known)
            ),
        )


def _circle(loop: list[str]) -> str:
    """``a → b → a``; of a long one how it begins."""
    return " → ".join([*loop, loop[0]] if len(loop) <= _CIRCLE else [*loop[:_CIRCLE], "…", loop[0]])


def _loops(edges: Mapping[str, str]) -> list[list[str]]:
    """The circles in a graph in which each node points to at most one other."""
    found: list[list[str]] = []
    seen: set[str] = set()
    for start in edges:
        trail: dict[str, None] = {}
        here: str | None = start
        while here is not None and here not in seen and here not in trail:
            trail[here] = None
            here = edges.get(here)
        if here in trail:
            nodes = list(trail)
            found.append(nodes[nodes.index(here) :])
        seen.update(trail)
    return found


def _objectives(
    files: list[tuple[Document, OkrFile]], cycles: list[CycleModel], names: _Names, warnings: list[Problem]
) -> Iterable[Objective]:
    declared: dict[str, tuple[str, str]] = {}
    for document, okr_file in files:
        if not okr_file.objectives:
            continue
        cycle = okr_file.cycle or (cycles[0] if len(cycles) == 1 else None)
        if cycle is None:
            if document.data is not None and document.data.get("cycle") is None:
                if cycles:
                    said = _("which cycle are these objectives for? Add 'cycle': there are {count} cycles")
                else:
                    said = _("which cycle are these objectives for? Add 'cycle': no file declares a cycle")
                document.problem(("objectives",), said.format(count=len(cycles)))
            continue
        for model in okr_file.objectives:
            _unique(
                document, model, N_("the id {id} belongs to another objective in {place}: ids are unique"), declared
            )
            for key_result in model.key_results or ():
                _unique(
                    document,
                    key_result,
                    N_("the id {id} belongs to another key result in {place}: ids are unique"),
                    declared,
                )
            yield _objective(document, model, cycle.id, names, warnings)


def _unique(
    document: Document, model: ObjectiveModel | KeyResultModel, said: str, declared: dict[str, tuple[str, str]]
) -> None:
    """``said`` is what to say of another that takes the id of this one."""
    path = (*model.path, "id")
    here = (said, document.place(path))
    said, place = first = declared.setdefault(model.id, here)
    if first != here:
        document.problem(path, _(said).format(id=document.shown(path), place=place))


def _team(document: Document, model: TeamModel) -> Team:
    return Team(
        id=model.id,
        level=model.level,
        parent=model.parent,
        lead=model.lead,
        name=model.name,
        ignore=_ignores(model.ignore),
        file=document.file,
        line=document.line(model.path),
    )


def _ignores(models: list[IgnoreModel] | None) -> tuple[Ignore, ...]:
    return tuple(Ignore(each.rule, each.reason) for each in models or ())


def _objective(
    document: Document, model: ObjectiveModel, cycle: str, names: _Names, warnings: list[Problem]
) -> Objective:
    path = model.path
    if names.complete:
        _known(document, (*path, "team"), model.team, names.teams, N_("team"))
        _known(document, (*path, "strategy"), model.strategy, names.strategy, N_("strategy pillar"))
        _known(document, (*path, "supports"), model.supports, names.goals, N_("objective or key result"))
    if model.supports is not None:
        place = (*path, "supports")
        above = names.goals.get(model.supports)
        if above == model.id:
            document.problem(place, _("an objective cannot support itself"))
        elif above is not None:
            names.edges[model.id] = (above, document, place)
    return Objective(
        id=model.id,
        cycle=cycle,
        team=model.team,
        title=model.title,
        key_results=tuple(_key_result(document, each, model.id, names, warnings) for each in model.key_results or ()),
        strategy=model.strategy,
        serves=model.serves,
        owner=model.owner,
        supports=model.supports,
        ignore=_ignores(model.ignore),
        acknowledged=_acknowledged(document, model, names),
        changes=_changes(model.changes),
        file=document.file,
        line=document.line(path),
    )


def _acknowledged(document: Document, model: ObjectiveModel, names: _Names) -> tuple[Acknowledgement, ...]:
    found = []
    for goal, text in (model.acknowledged or {}).items():
        if names.complete and goal not in names.goals:
            path = (*model.path, "acknowledged", goal)
            document.problem(
                path,
                _("unknown objective or key result {goal!r}{hint}").format(
                    goal=goal, hint=did_you_mean(goal, names.goals)
                ),
            )
        revision, _by, by = text.partition(" by ")
        found.append(Acknowledgement(goal, revision, by or None))
    return tuple(found)


def _changes(models: list[ChangeModel] | None) -> tuple[ChangeReason, ...]:
    return tuple(ChangeReason(each.on, each.reason) for each in models or ())


def _key_result(
    document: Document, model: KeyResultModel, objective: str, names: _Names, warnings: list[Problem]
) -> KeyResult:
    metric = model.metric or MetricModel()
    directions = {each for each in (model.direction, metric.direction) if each is not None}
    if len(directions) == 2:
        document.problem((*model.path, "direction"), _("'direction' contradicts the metric's own"))
    return KeyResult(
        id=model.id,
        objective=objective,
        title=model.title,
        owner=model.owner,
        kind=Kind(model.kind),
        metric=_metric(document, model, metric, min(directions, default=None), names, warnings),
        work=tuple(_rule(document, rule, names) for rule in model.work or ()),
        retired=Retirement(model.retired.on, model.retired.reason) if model.retired else None,
        ignore=_ignores(model.ignore),
        changes=_changes(model.changes),
        file=document.file,
        line=document.line(model.path),
    )


def _metric(
    document: Document,
    model: KeyResultModel,
    metric: MetricModel,
    direction: Any,
    names: _Names,
    warnings: list[Problem],
) -> Metric:
    settings: Any
    if metric.source is not None and names.past:
        kind, settings = str(metric.source.get("type")), None
    elif metric.source is None:
        kind, settings = _DEFAULT_OUTCOME, default_settings(plugins.OUTCOMES, _DEFAULT_OUTCOME)
    else:
        settings = read_settings(plugins.OUTCOMES, document.at((*metric.path, "source")))
        kind = str(metric.source.get("type"))
    baseline, target = metric.baseline, metric.target
    if model.kind == "maintain":
        direction = direction_of(Kind.MAINTAIN, baseline=baseline, target=target, declared=direction)
    return Metric(
        unit=metric.unit,
        baseline=baseline,
        target=target,
        direction=direction,
        cadence=metric.cadence,
        lag=metric.lag,
        cumulative=metric.cumulative or bool(getattr(settings, "cumulative", (metric.source or {}).get("cumulative"))),
        counted=metric.counted,
        source_type=kind,
        source_settings=settings,
    )


def _rule(document: Document, rule: WorkRuleModel, names: _Names) -> WorkRule:
    if not names.past:
        _known(document, (*rule.path, "source"), rule.source, names.sources, N_("source"))
    values = rule.model_dump()
    # Where a key is misspelt or malformed, that has been said already.
    if all(value is None for value in document.at(rule.path).values()):
        document.problem(rule.path, _("an empty work rule would take every work item: give it a key"))
    return WorkRule(**values, line=document.line(rule.path))


def _warn_of_strangers(files: list[tuple[Document, OkrFile]], names: _Names, warnings: list[Problem]) -> None:
    told: set[str] = set()
    for document, okr_file in files:
        objectives = okr_file.objectives or []
        mentions: list[tuple[str, TeamModel | ObjectiveModel | KeyResultModel, str | None]] = [
            *(("lead", team, team.lead) for team in okr_file.teams or ()),
            *(("owner", objective, objective.owner) for objective in objectives),
            *(("owner", each, each.owner) for objective in objectives for each in objective.key_results or ()),
        ]
        for key, model, person in mentions:
            if person is not None and person not in names.people and person not in told:
                told.add(person)
                path = (*model.path, key)
                warnings.append(
                    document.warning(
                        path, _("{key} {person} is not among 'people'").format(key=key, person=document.shown(path))
                    )
                )
