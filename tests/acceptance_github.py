"""A GitHub of our own for the acceptance tests: REST alone, written from FACTS, not from okrsync."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

DONE = {"state": "closed", "closed_at": "2026-10-20T10:00:00Z", "updated_at": "2026-10-20T10:00:00Z"}


class Hub:
    """Repositories of one organisation: ``{"acme/shop": {"id": 7, "issues": [...]}}``; ``renamed``: old → new name."""

    def __init__(self):
        self.repos = {}
        self.renamed = {}
        self.url = ""

    def repo(self, name, id_, *issues):
        self.repos[name] = {"id": id_, "issues": [self._issue(at, **each) for at, each in enumerate(issues, 1)]}

    def rename(self, old, new):
        self.repos[new] = self.repos.pop(old)
        self.renamed[old] = new

    @staticmethod
    def _issue(number, label, **more):
        return {
            **{"number": number, "title": f"№ {number}", "state": "open", "state_reason": None, "closed_at": None},
            **{"created_at": "2026-10-05T10:00:00Z", "updated_at": "2026-10-05T10:00:00Z", "body": None},
            **{"labels": [{"name": label}], "milestone": None, "user": {"login": "lin"}, "assignees": []},
            **more,
        }

    def answer(self, path, asked):
        """Status and JSON, or a redirect's address."""
        if path == "/orgs/acme/repos":
            return 200, [self._repository(name) for name in sorted(self.repos)]
        _, _, owner, name, *rest = [*path.split("/"), "", ""]
        full = f"{owner}/{name}"
        if path.startswith("/repositories/"):
            full = next(known for known, repo in self.repos.items() if repo["id"] == int(owner))
            rest = [name, *rest]
        if full in self.renamed:
            tail = "/".join(filter(None, rest))
            return 301, f"{self.url}/repositories/{self.repos[self.renamed[full]]['id']}{'/' if tail else ''}{tail}"
        if full not in self.repos:
            return 404, {"message": "Not Found"}
        what = rest[0] if rest else ""
        if what == "issues":
            since = asked.get("since", [""])[0]
            return 200, [self._row(full, row) for row in self.repos[full]["issues"] if row["updated_at"] >= since]
        if what == "pulls" and rest[1:2] != [""]:
            if "commits" in rest:
                return 200, []
            row = next(row for row in self.repos[full]["issues"] if row["number"] == int(rest[1]))
            return 200, {**row, "merged_at": None, "merge_commit_sha": None, "head": {"ref": "b", "sha": "0" * 40}}
        return (200, self._repository(full)) if not what else (200, [])

    def _repository(self, full):
        return {
            "id": self.repos[full]["id"],
            "full_name": full,
            "html_url": f"https://github.com/{full}",
            "fork": False,
        }

    def _row(self, full, row):
        return {**row, "html_url": f"https://github.com/{full}/issues/{row['number']}"}

    @contextlib.contextmanager
    def serving(self):
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self._send(404, {"message": "Not Found"})

            def do_GET(self):
                parts = urlsplit(self.path)
                self._send(*hub.answer(parts.path, parse_qs(parts.query)))

            def _send(self, status, content):
                body = json.dumps(content).encode()
                self.send_response(status)
                if status == 301:
                    self.send_header("Location", content)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
