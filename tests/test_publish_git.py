from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from okrsync.errors import AuthError, RetryableError, SourceError
from okrsync.http import HttpPolicy
from okrsync.publish.git import Git, GitSettings
from okrsync.publish.interface import Attachment, PublishContext, WikiPage
from okrsync.sandbox.git_http import GitHttpStandIn
from okrsync.testing import PublisherContract

NAME = "OKR-2026-W47"
TOKEN = "ghp_s3cretT0ken"


class OnceGit(Git):
    """Gives up after one failure of the network."""

    policy = HttpPolicy(attempts=1)


def git(folder, *arguments):
    environment = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{role}_NAME": "Lin Wei" for role in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{role}_EMAIL": "lin@acme.example" for role in ("AUTHOR", "COMMITTER")},
    }
    done = subprocess.run(["git", *map(str, arguments)], cwd=folder, env=environment, capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace")


def bare(folder, name="storefront.wiki.git", head="master"):
    path = folder / name
    git(folder, "init", "--quiet", "--bare", "-b", head, path)
    return path


def push(repository, files, branch="master"):
    """As a person who uses the wiki."""
    work = repository.parent / f"person-{len(list(repository.parent.iterdir()))}"
    git(repository.parent, "clone", "--quiet", repository, work)
    git(work, "checkout", "--quiet", "-B", branch)
    for name, content in files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_bytes(content)
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "-m", "by a person")
    git(work, "push", "--quiet", "origin", branch)


def show(repository, path=f"{NAME}.md", branch="master"):
    return git(repository, "show", f"{branch}:{path}")


def commits(repository, branch="master"):
    return git(repository, "log", "--format=%s", branch).splitlines()


def publisher(repository, **settings):
    url = repository if isinstance(repository, str) else repository.as_uri()
    return OnceGit(GitSettings(url=url, **settings), PublishContext(Path(os.sep)))


def page(markdown="# Week 47\n", name=NAME):
    return WikiPage(name, name, markdown)


@pytest.fixture
def recorder(tmp_path, monkeypatch):
    """Records what every git is started with; ``before_push`` runs before the first push."""
    real = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip() + "/git"
    folder = tmp_path / "recorder"
    folder.mkdir()
    program = folder / "git"
    program.write_text(
        f"#!{sys.executable}\n"
        "import os, subprocess, sys\n"
        f"with open({str(folder / 'argv')!r}, 'a') as log: log.write(repr(sys.argv) + '\\n')\n"
        "config = '.git/config'\n"
        f"if os.path.exists(config): open({str(folder / 'config')!r}, 'a').write(open(config).read())\n"
        f"script = {str(folder / 'before_push')!r}\n"
        "if sys.argv[1] == 'push' and os.path.exists(script):\n"
        "    env = {k: v for k, v in os.environ.items() if not k.startswith('GIT_')}\n"
        f"    env['PATH'] = env['PATH'].removeprefix({f'{folder}{os.pathsep}'!r})\n"
        "    subprocess.run(['sh', script], check=True, env=env, stdout=subprocess.DEVNULL)\n"
        f"os.execv({real!r}, ['git', *sys.argv[1:]])\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    with GitHttpStandIn(folder, token=TOKEN) as stand_in:
        yield stand_in


class TestContract(PublisherContract):
    @pytest.fixture
    def publisher(self, tmp_path):
        self.repository = bare(tmp_path)
        return publisher(self.repository)

    def read(self, publisher, name):
        try:
            return show(self.repository, f"{name}.md")
        except subprocess.CalledProcessError:
            return None

    def edit(self, publisher, name, before, after):
        text = self.read(publisher, name)
        push(self.repository, {f"{name}.md": text.replace(before, after).encode()})

    def add(self, publisher, name, above, below):
        push(self.repository, {f"{name}.md": f"{above}\n\n{self.read(publisher, name)}\n{below}\n".encode()})

    def attachment(self, publisher, page, name):
        shown = subprocess.run(
            ["git", "-C", self.repository, "cat-file", "blob", f"HEAD:{page}/{name}"], capture_output=True, check=False
        )
        return None if shown.returncode else shown.stdout

    def replace_attachment(self, publisher, page, name, data):
        push(self.repository, {f"{page}/{name}": data})


class TestContractOverHttp(TestContract):
    secrets = (TOKEN,)

    @pytest.fixture
    def publisher(self, server):
        self.repository = server.create("acme/storefront.wiki")
        return publisher(server.clone_url("acme/storefront.wiki"), auth={"token": TOKEN})


class TestContractAsFiles(TestContract):
    @pytest.fixture
    def publisher(self, tmp_path):
        self.repository = bare(tmp_path, "docs.git")
        return publisher(self.repository, folder="docs/okr")

    def read(self, publisher, name):
        return super().read(publisher, f"docs/okr/{name}")

    def edit(self, publisher, name, before, after):
        text = self.read(publisher, name).replace(before, after)
        push(self.repository, {f"docs/okr/{name}.md": text.encode()})

    def add(self, publisher, name, above, below):
        push(self.repository, {f"docs/okr/{name}.md": f"{above}\n\n{self.read(publisher, name)}\n{below}\n".encode()})

    def attachment(self, publisher, page, name):
        return super().attachment(publisher, "docs/okr", name)

    def replace_attachment(self, publisher, page, name, data):
        super().replace_attachment(publisher, "docs/okr", name, data)


ILLUSTRATED = (
    "[x](KR1.1.md) [y](OKR.md#now) [z](https://a.example/b.md) [w](../c.md) \\[q\\](r.md)\n\n"
    '![c](chart.png)\n\n<details markdown="1">\n<summary>s</summary>\n\n</details>\n'
)


@pytest.mark.parametrize(
    ("name", "style", "as_wiki"),
    [
        ("storefront.wiki.git", None, True),
        ("pages.git", None, False),
        ("pages.git", "wiki", True),
        ("storefront.wiki.git", "files", False),
    ],
)
def test_style(tmp_path, name, style, as_wiki):
    repository = bare(tmp_path, name)
    chart = Attachment("chart.png", "image/png", b"png")
    publisher(repository, style=style).publish([WikiPage(NAME, NAME, ILLUSTRATED, (chart,))])
    text = show(repository, branch="HEAD")
    if as_wiki:
        assert "[x](KR1.1) [y](OKR#now) [z](https://a.example/b.md) [w](../c.md) \\[q\\](r.md)" in text
        assert f"![c]({NAME}/chart.png)" in text
        assert "<details>\n" in text
        assert show(repository, f"{NAME}/chart.png", "HEAD") == "png"
    else:
        assert ILLUSTRATED in text
        assert show(repository, "chart.png", "HEAD") == "png"


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://github.com/acme/storefront.wiki.git", "https://github.com/acme/storefront/wiki/OKR%202"),
        ("https://gitlab.acme.example/a/b.wiki.git", "https://gitlab.acme.example/a/b/-/wikis/OKR%202"),
        ("http://localhost:8080/.git", "http://localhost:8080/OKR%202"),
        ("https://github.com/acme/storefront.git", None),
        ("git@github.com:acme/storefront.wiki.git", None),
    ],
)
def test_where_people_read(url, link):
    assert Git(GitSettings(url=url), PublishContext(Path(os.sep)))._link("OKR 2") == link


def test_folder_of_charts_that_is_a_link_leads_nowhere(tmp_path):
    repository, secret = bare(tmp_path), tmp_path / "secret"
    secret.mkdir()
    work = tmp_path / "work"
    git(tmp_path, "clone", "--quiet", repository, work)
    (work / NAME).symlink_to(secret)
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "-m", "links")
    git(work, "push", "--quiet", "origin", "HEAD:master")
    with pytest.raises(SourceError, match="cannot be written"):
        publisher(repository).publish([WikiPage(NAME, NAME, "x", (Attachment("a.png", "image/png", b"png"),))])
    assert list(secret.iterdir()) == []


@pytest.mark.parametrize("host", ["wiki.acme.example", "10.0.0.7", "192.168.1.1:8080", "localhost.acme.example"])
def test_token_in_the_clear_is_refused(host):
    with pytest.raises(ValidationError, match=r"everybody on the way could read.*write https://.*ssh -L") as error:
        GitSettings(url=f"http://{host}/.git", auth={"token": TOKEN})
    assert TOKEN not in str(error.value)
    assert GitSettings(url=f"http://{host}/.git").auth is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1:8080", "localhost:8080", "[::1]", "wiki.localhost"])
def test_this_machine_needs_no_https(host):
    assert GitSettings(url=f"http://{host}/.git", auth={"token": TOKEN}).auth is not None


@pytest.mark.parametrize(
    ("head", "settings", "branch"),
    [("master", {}, "master"), ("trunk", {}, "trunk"), ("master", {"branch": "gh-pages"}, "gh-pages")],
)
def test_empty_repository(tmp_path, head, settings, branch):
    repository = bare(tmp_path, "pages.git", head=head)
    done = publisher(repository, **settings).publish([page()])
    assert done.written == (NAME,)
    assert done.where == repository.as_uri()
    assert "Week 47" in show(repository, branch=branch)
    assert commits(repository, branch) == ["OKR report 2026-W47"]
    assert (
        git(repository, "log", "--format=%an <%ae> %cn <%ce>", branch).split() == ["okrsync", "<okrsync@localhost>"] * 2
    )


@pytest.mark.parametrize(("name", "branch"), [("storefront.wiki.git", "master"), ("pages.git", "main")])
def test_empty_repository_that_does_not_tell_its_head(tmp_path, name, branch):
    repository = bare(tmp_path, name, head="whatever")
    git(repository, "config", "lsrefs.unborn", "ignore")
    publisher(repository).publish([page()])
    assert commits(repository, branch) == ["OKR report 2026-W47"]


def test_branch_of_the_remotes_head(tmp_path):
    repository = bare(tmp_path, head="trunk")
    push(repository, {"Home.md": b"home\n"}, branch="trunk")
    push(repository, {"Other.md": b"x\n"}, branch="other")
    publisher(repository).publish([page()])
    assert commits(repository, "trunk") == ["OKR report 2026-W47", "by a person"]
    git(repository, "symbolic-ref", "HEAD", "refs/heads/none")
    with pytest.raises(SourceError, match="name it with `branch:`"):
        publisher(repository).publish([page()])


def test_same_again_makes_no_commit(tmp_path):
    repository = bare(tmp_path)
    publisher(repository).publish([page()])
    before = git(repository, "rev-parse", "master")
    done = publisher(repository).publish([page()])
    assert (done.written, done.unchanged) == ((), (NAME,))
    assert git(repository, "rev-parse", "master") == before


def test_line_ends_alone_make_no_commit(tmp_path):
    repository = bare(tmp_path)
    push(repository, {".gitattributes": b"* text eol=crlf\n"})
    publisher(repository).publish([page()])
    assert publisher(repository).publish([page()]).unchanged == (NAME,)
    assert commits(repository) == ["OKR report 2026-W47", "by a person"]


def test_folder_author_and_ignored_files(tmp_path):
    repository = bare(tmp_path)
    push(repository, {".gitignore": b"docs\n", "Home.md": b"home\n"})
    author = {"name": "OKR 机器人", "email": "bot@acme.example"}
    publisher(repository, folder="docs/okr", author=author).publish([page(), page(name="OKR [draft]")])
    assert git(repository, "ls-tree", "-r", "-z", "--name-only", "master").split("\0")[:-1] == [
        ".gitignore",
        "Home.md",
        "docs/okr/OKR [draft].md",
        "docs/okr/OKR-2026-W47.md",
    ]
    assert git(repository, "log", "-1", "--format=%an|%ae", "master") == "OKR 机器人|bot@acme.example\n"


def test_path_relative_to_the_configuration(tmp_path):
    repository = bare(tmp_path, "wiki with spaces")
    context = PublishContext(tmp_path / "conf")
    done = Git(GitSettings(url="../wiki with spaces"), context).publish([page()])
    assert done.written == (NAME,)
    assert "Week 47" in show(repository)


def test_link_in_the_repository_leads_nowhere(tmp_path):
    repository = bare(tmp_path)
    secret = tmp_path / "secret"
    secret.mkdir()
    work = tmp_path / "work"
    git(tmp_path, "clone", "--quiet", repository, work)
    (work / "docs").symlink_to(secret)
    (work / f"{NAME}.md").symlink_to("/etc/passwd")
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "-m", "links")
    git(work, "push", "--quiet", "origin", "HEAD:master")
    assert publisher(repository).publish([page()]).kept == (NAME,)
    with pytest.raises(SourceError, match="cannot be written"):
        publisher(repository, folder="docs").publish([page()])
    assert list(secret.iterdir()) == []


def test_concurrent_push_loses_nothing(tmp_path, recorder):
    repository = bare(tmp_path)
    push(repository, {"Home.md": b"home\n"})
    other = tmp_path / "other"
    git(tmp_path, "clone", "--quiet", repository, other)
    (recorder / "before_push").write_text(
        f"rm {recorder}/before_push; cd {other}; echo note > Home.md; "
        "git -c user.name=p -c user.email=p commit -qam 'between'; git push -q origin HEAD:master\n"
    )
    assert publisher(repository).publish([page()]).written == (NAME,)
    assert commits(repository) == ["OKR report 2026-W47", "between", "by a person"]
    assert show(repository, "Home.md") == "note\n"


def test_concurrent_first_push(tmp_path, recorder):
    repository = bare(tmp_path)
    other = tmp_path / "other"
    git(tmp_path, "clone", "--quiet", repository, other)
    (recorder / "before_push").write_text(
        f"rm {recorder}/before_push; cd {other}; echo note > Home.md; git add Home.md; "
        "git -c user.name=p -c user.email=p commit -qm 'first'; git push -q origin HEAD:master\n"
    )
    assert publisher(repository).publish([page()]).written == (NAME,)
    assert commits(repository) == ["OKR report 2026-W47", "first"]


def test_gives_up_when_others_always_push_first(tmp_path, recorder):
    repository = bare(tmp_path)
    push(repository, {"Home.md": b"home\n"})
    other = tmp_path / "other"
    git(tmp_path, "clone", "--quiet", repository, other)
    (recorder / "before_push").write_text(
        f"cd {other}; git -c user.name=p -c user.email=p commit -q --allow-empty -m x; git push -q origin HEAD:master\n"
    )
    with pytest.raises(RetryableError, match="5 attempts"):
        publisher(repository).publish([page()])
    assert commits(repository) == ["x"] * 5 + ["by a person"]


def test_refusing_hook_is_not_tried_again(tmp_path, recorder):
    repository = bare(tmp_path)
    hook = repository / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'branch is protected' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(SourceError, match="branch is protected"):
        publisher(repository).publish([page()])
    assert (recorder / "argv").read_text().count("'push'") == 1


def test_token_is_nowhere_but_in_the_request(server, recorder):
    server.create("acme/storefront.wiki")
    wiki = publisher(server.clone_url("acme/storefront.wiki"), auth={"token": TOKEN})
    done = wiki.publish([page()])
    assert done.written == (NAME,)
    assert any(server.authorizations), "no account was sent"
    encoded = next(filter(None, server.authorizations)).split()[1]
    argv, config = (recorder / "argv").read_text(), (recorder / "config").read_text()
    assert "'push'" in argv
    assert "[core]" in config
    shown = f"{argv}{config}{done}{wiki.settings!r}{wiki.__dict__!r}"
    assert TOKEN not in shown
    assert encoded not in shown


@pytest.mark.parametrize("auth", [None, {"token": "wr0ngT0ken"}, {"user": "bot", "password": "wr0ngT0ken"}])
def test_wrong_account(server, auth):
    server.create("acme/storefront.wiki")
    with pytest.raises(AuthError, match="Check `auth`") as error:
        publisher(server.clone_url("acme/storefront.wiki"), auth=auth).publish([page()])
    assert "wr0ngT0ken" not in str(error.value)


def test_user_and_password(server):
    repository = server.create("acme/storefront.wiki")
    auth = {"user": "bot", "password": TOKEN}
    publisher(server.clone_url("acme/storefront.wiki"), auth=auth).publish([page()])
    assert commits(repository) == ["OKR report 2026-W47"]


def test_wiki_without_its_first_page(server):
    with pytest.raises(SourceError, match="create that page"):
        publisher(server.clone_url("acme/storefront.wiki"), auth={"token": TOKEN}).publish([page()])
    with pytest.raises(SourceError, match="Check `url`"):
        publisher(server.clone_url("acme/storefront"), auth={"token": TOKEN}).publish([page()])


def test_no_repository_and_no_server(tmp_path):
    with pytest.raises(SourceError, match="Check `url`"):
        publisher(tmp_path / "none").publish([page()])
    with pytest.raises(RetryableError, match=r"127\.0\.0\.1"):
        publisher("http://127.0.0.1:9/acme/wiki.git").publish([page()])


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    publisher(bare(tmp_path)).publish([page()])
    with pytest.raises(SourceError):
        publisher(tmp_path / "none").publish([page()])
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "https://s3cret@github.com/a/b.git",
        "https://bot:s3cret@github.com/a/b.git",
        "ssh://git:s3cret@github.com/a/b.git",
        "git:s3cret@github.com:a/b.git",
        "https://github.com/a/b.git?private_token=s3cret",
        "ext::sh -c s3cret",
        "ftp://github.com/a/s3cret",
        "--upload-pack=s3cret",
        "https:///s3cret",
        "https://[::1/s3cret",
        "",
        "a\ns3cret",
    ],
)
def test_addresses_refused(url):
    with pytest.raises(ValidationError) as error:
        GitSettings(type="git", url=url)
    assert "s3cret" not in str(error.value)


def test_address_with_a_token_says_how_to_do_it_right():
    with pytest.raises(ValidationError, match=r'write auth: \{token: "\$\{NAME\}"\}'):
        GitSettings(type="git", url="https://x:y@github.com/a/b.git")


@pytest.mark.parametrize(
    "settings",
    [
        {"auth": {}},
        {"auth": {"token": ""}},
        {"auth": {"token": "a", "password": "b"}},
        {"auth": {"password": "b"}},
        {"auth": {"user": "a:b", "password": "b"}},
        {"auth": {"tokn": "a"}},
        {"url": "git@github.com:a/b.git", "auth": {"token": "a"}},
        {"branch": "-x"},
        {"branch": "a..b"},
        {"folder": "../x"},
        {"folder": "/x"},
        {"folder": "a/.GIT"},
        {"author": {"name": ""}},
        {"author": {"email": "a>b"}},
        {"branches": ["x"]},
    ],
)
def test_settings_refused(settings):
    with pytest.raises(ValidationError):
        GitSettings(**{"type": "git", "url": "https://github.com/a/b.git", **settings})


@pytest.mark.parametrize("url", ["git@github.com:a/b.git", "ssh://git@github.com/a/b.git", "https://h:8443/a", "../w"])
def test_addresses_taken(url):
    assert GitSettings(type="git", url=url).url == url
