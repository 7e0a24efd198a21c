"""A server on loopback that answers with what a test puts there."""

from __future__ import annotations

from okrsync.sandbox.server import Request, Response, StandIn


class Shop(StandIn):
    """Under each path a list of answers: one after another, the last again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: dict[str, list[Response]] = {}

    def handle(self, request: Request) -> Response:
        answers = self.pages.get(request.path)
        if answers is None:
            return Response(404)
        return answers.pop(0) if len(answers) > 1 else answers[0]
