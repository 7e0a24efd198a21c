"""What ``okrsync schedule --print`` prints: the same schedule for cron, systemd, GitHub Actions and Kubernetes.

Each is a text that its tool takes as it is; what a person has to do with it stands in its comments. Secrets are in none
of them: they name the environment variables that the configuration asks for, and where the tool keeps such things.
"""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from okrsync.cron import Cron
from okrsync.errors import ConfigError
from okrsync.language import _


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the units are made from."""

    program: str
    """The command that starts okrsync on this machine, as a path."""
    config: Path
    """``okrsync.yaml``, absolute."""
    zone: str
    times: Mapping[str, Cron]
    """By command: ``sync``, ``run``; at least one."""
    variables: tuple[str, ...]
    """The environment variables that the configuration names."""
    store: str
    """The kind of store: ``sqlite`` or ``postgresql``."""
    version: str
    options: tuple[str, ...] = ()
    """Options of each run: ``--executor URL``."""


_NO_LINE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def _sayable(plan: Deployment, *, as_it_is: str = "") -> None:
    """Raises ``ConfigError`` when a path is one that no line of UTF-8 can hold; nor ``as_it_is`` where it ends."""
    if any(_NO_LINE.search(text) for text in (plan.program, str(plan.config))) or as_it_is[-1:] in tuple(" \\"):
        path = plan.program if _NO_LINE.search(plan.program) else str(plan.config)
        raise ConfigError(
            _(
                "the path {path!r} cannot stand in such a file, because of a line end or another control character, "
                "or of a blank or backslash where it ends: rename it"
            ).format(path=path)
        )


def _cron(plan: Deployment) -> str:
    """Lines for ``crontab -e``; ``%`` means a new line there and is escaped.

    Raises ``ConfigError`` when the configuration lies where no such line can name it.
    """
    _sayable(plan)
    lines = [
        *_comments(
            _("okrsync. Add these lines with `crontab -e`."),
            _(
                "Times are {zone}. cronie reads CRON_TZ; Debian's cron does not and takes the machine's own time zone\n"
                "(`timedatectl` shows it): set that to the same, or write the times in it."
            ).format(zone=plan.zone),
        )
    ]
    if plan.variables:
        said = _("~/.config/okrsync.env (mode 600) sets what the configuration asks for: {names}")
        lines += _comments(said.format(names=", ".join(plan.variables)))
    lines.append(f"CRON_TZ={plan.zone}")
    settings = "set -a; . ~/.config/okrsync.env; " if plan.variables else ""
    for command, cron in plan.times.items():
        line = f"{settings}{shlex.join([plan.program, '-c', str(plan.config), '--quiet', command, *plan.options])}"
        lines.append(f"{cron.text} {line}".replace("%", r"\%"))
    return "\n".join(lines) + "\n"


def _systemd(plan: Deployment) -> str:
    """One service that runs the schedule itself: it knows the time zone, and what was missed while it was down.

    Raises ``ConfigError`` as ``_cron`` does; a backslash at the end of a line joins it to the next.
    """
    _sayable(plan, as_it_is=str(plan.config.parent))
    arguments = [plan.program, "-c", str(plan.config), "schedule", *plan.options]
    arguments += ["--health-file", "%S/okrsync/health.json"]
    # In the path of the program itself `$` means nothing.
    program, *others = (_systemd_word(each, keep="%S") for each in arguments)
    start = " ".join([program.replace("$$", "$"), *others])
    variables = ""
    if plan.variables:
        said = _("A file (mode 600, owner root) with a line NAME=value each for: {names}")
        (file,) = _comments(said.format(names=", ".join(plan.variables)))
        variables = f"{file}\nEnvironmentFile=/etc/okrsync.env\n"
    (save,) = _comments(_("okrsync. Save as /etc/systemd/system/okrsync.service, then: systemctl enable --now okrsync"))
    (user,) = _comments(_("The user who owns the configuration and the store."))
    (stop,) = _comments(_("SIGTERM lets it finish the page in hand; a second one, after this time, does not."))
    return f"""\
{save}
[Unit]
Description={_("okrsync: pulls work and outcomes, and publishes the weekly page")}
Wants=network-online.target
After=network-online.target

[Service]
{user}
User=okrsync
WorkingDirectory={_systemd_path(plan.config.parent)}
{variables}ExecStart={start}
StateDirectory=okrsync
{stop}
TimeoutStopSec=120
Restart=on-failure
RestartSec=60
UMask=0077
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=full

[Install]
WantedBy=multi-user.target
"""


def _systemd_path(path: Path) -> str:
    return str(path).replace("%", "%%")


def _systemd_word(word: str, keep: str) -> str:
    """A word of a command line for systemd, where ``%``, ``$``, quotes and backslashes have a meaning."""
    head, tail = (keep, word.removeprefix(keep)) if word.startswith(keep) else ("", word)
    escaped = tail.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    plain = escaped.replace("-", "").replace("_", "").replace("/", "").replace(".", "").isalnum()
    return f"{head}{escaped}" if plain else f'"{head}{escaped}"'


def _github_actions(plan: Deployment) -> str:
    """A workflow; GitHub starts it late when many run at that minute, and not at all while the repository sleeps."""
    extra = "[dask]" if plan.options else "[postgresql]" if plan.store == "postgresql" else ""
    # The example's own steps and GitHub's names; `on` stays a plain key for YAML 1.2.
    steps: list[dict[str, Any]] = [
        {"uses": "actions/checkout@v4"},
        {"uses": "actions/setup-python@v5", "with": {"python-version": "3.13"}},
        {"run": shlex.join(["pip", "install", f"okrsync{extra}=={plan.version}"])},
    ]
    cache = {
        "path": "okrsync.db",
        "key": "okrsync-store-${{ github.run_id }}-${{ github.run_attempt }}",
        "restore-keys": "okrsync-store-",
    }
    kept = plan.store == "sqlite"
    if kept:
        steps.append({"uses": "actions/cache/restore@v4", "with": cache})
    # GitHub refuses secrets whose names begin with GITHUB_; its own GITHUB_TOKEN reads this repository alone.
    secrets = {name: f"OKRSYNC_{name}" if name.startswith("GITHUB_") else name for name in plan.variables}
    environment = {name: "${{ secrets." + secret + " }}" for name, secret in secrets.items()}
    for command, cron in plan.times.items():
        hand = " || github.event_name == 'workflow_dispatch'" if command == "run" or len(plan.times) == 1 else ""
        step: dict[str, Any] = {
            "if": f"github.event.schedule == '{cron.text}'{hand}",
            "run": shlex.join(["okrsync", command, *plan.options]),
        }
        steps.append({**step, "env": environment} if environment else step)
    if kept:
        # What was pulled before a failure is kept, and the next run goes on from it.
        saved = {name: cache[name] for name in ("path", "key")}
        steps.append({"if": "always()", "uses": "actions/cache/save@v4", "with": saved})
    workflow = {
        "name": "okrsync",
        "on": {
            "schedule": [{"cron": cron.text, "timezone": plan.zone} for cron in plan.times.values()],
            "workflow_dispatch": {},
        },
        "permissions": {"contents": "read"},
        "concurrency": {"group": "okrsync"},
        "jobs": {"okrsync": {"runs-on": "ubuntu-latest", "timeout-minutes": 60, "steps": steps}},
    }
    comments = [
        _("okrsync. Save as .github/workflows/okrsync.yml in the repository whose root has okrsync.yaml and okrs/."),
        _(
            "GitHub never starts a workflow more often than every 5 minutes. Where okrsync is not in your package "
            "index,\n"
            "let pip install a wheel of it or a clone."
        ),
    ]
    if plan.variables:
        said = _("Under Settings > Secrets and variables > Actions add: {names}")
        comments.append(said.format(names=", ".join(secrets.values())))
    if kept:
        comments.append(
            _(
                "The store is kept in the repository's cache, which GitHub empties after 7 days without a run, and\n"
                "which whoever may run workflows here can read. `store: postgresql+psycopg://…` keeps it safer."
            )
        )
    return "\n".join(_comments(*comments)) + "\n" + _yaml(workflow)


def _kubernetes(plan: Deployment) -> str:
    """A CronJob a command. Two pods on one SQLite file need one volume that both can write."""
    place = "/etc/okrsync"
    container: dict[str, Any] = {
        "name": "okrsync",
        "image": f"okrsync:{plan.version}",
        "workingDir": place,
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "config", "mountPath": f"{place}/okrsync.yaml", "subPath": "okrsync.yaml", "readOnly": True},
            {"name": "okrs", "mountPath": f"{place}/okrs", "readOnly": True},
            {"name": "scratch", "mountPath": "/tmp"},  # noqa: S108 (in the container)
        ],
    }
    if plan.variables:
        container["envFrom"] = [{"secretRef": {"name": "okrsync"}}]
    volumes: list[dict[str, Any]] = [
        {"name": "config", "configMap": {"name": "okrsync"}},
        {"name": "okrs", "configMap": {"name": "okrsync-okrs"}},
        {"name": "scratch", "emptyDir": {}},
    ]
    if plan.store == "sqlite":
        container["volumeMounts"].append({"name": "store", "mountPath": "/var/lib/okrsync"})
        volumes.append({"name": "store", "persistentVolumeClaim": {"claimName": "okrsync"}})
    documents = []
    for command, cron in plan.times.items():
        pod = {
            "restartPolicy": "Never",
            # SIGTERM lets it finish the page in hand.
            "terminationGracePeriodSeconds": 120,
            "containers": [{**container, "args": [command, *plan.options]}],
            "volumes": volumes,
        }
        documents.append(
            {
                "apiVersion": "batch/v1",
                "kind": "CronJob",
                "metadata": {"name": f"okrsync-{command}", "labels": {"app.kubernetes.io/name": "okrsync"}},
                "spec": {
                    "schedule": cron.text,
                    "timeZone": plan.zone,
                    "concurrencyPolicy": "Forbid",
                    "startingDeadlineSeconds": 3600,
                    "successfulJobsHistoryLimit": 1,
                    "failedJobsHistoryLimit": 3,
                    "jobTemplate": {
                        "spec": {"backoffLimit": 0, "activeDeadlineSeconds": 7200, "template": {"spec": pod}}
                    },
                },
            }
        )
    comments = [
        _(
            "okrsync. The Dockerfile in okrsync's repository makes the image; push it to your registry and name it "
            "here."
        ),
        "kubectl create configmap okrsync --from-file=okrsync.yaml",
        "kubectl create configmap okrsync-okrs --from-file=okrs/",
    ]
    if plan.variables:
        said = _("okrsync.env, mode 600, has a line NAME=value each for: {names}")
        comments += [
            said.format(names=", ".join(plan.variables)),
            "kubectl create secret generic okrsync --from-env-file=okrsync.env",
        ]
    if plan.store == "sqlite":
        comments.append(
            _(
                "The store: a PersistentVolumeClaim `okrsync` that the pods of both jobs can mount, and in "
                "okrsync.yaml\n"
                "`store: sqlite:////var/lib/okrsync/okrsync.db`. SQLite is not safe on NFS: PostgreSQL is better here."
            )
        )
    return "\n".join(_comments(*comments)) + "\n" + "---\n".join(map(_yaml, documents))


def _comments(*texts: str) -> list[str]:
    """Texts as lines of comment."""
    return [f"# {line}" for text in texts for line in text.splitlines()]


def _yaml(value: object) -> str:
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # keys stay in the order of a reader
    writer.width = 4096
    writer.representer.ignore_aliases = lambda *_: True
    text = io.StringIO()
    writer.dump(value, text)
    return text.getvalue()


UNITS: dict[str, Callable[[Deployment], str]] = {
    "cron": _cron,
    "systemd": _systemd,
    "github-actions": _github_actions,
    "kubernetes": _kubernetes,
}
"""What can be printed, by the name that the command line takes."""
