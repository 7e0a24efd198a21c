"""How outcome sources read over HTTP: login, redirects, and how often they ask."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest

from okrsync.errors import RetryableError, SourceError
from okrsync.http import DEFAULT_POLICY
from okrsync.outcomes.download import BasicAuth, BearerAuth, Downloads, HeaderAuth, HttpAuth
from okrsync.sandbox.server import Response
from tests.shop import Shop

KEY = HeaderAuth(header="X-Api-Key", value="s3cret")


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        (BearerAuth(token="s3cret"), "Authorization", "Bearer s3cret"),
        (
            BasicAuth(user="lin", password="pässwort:1"),
            "Authorization",
            "Basic " + base64.b64encode("lin:pässwort:1".encode()).decode(),
        ),
        (KEY, "X-Api-Key", "s3cret"),
    ],
)
def test_logins(shop: Shop, auth: HttpAuth, header: str, value: str) -> None:
    shop.pages["/a"] = [Response(body=b"1")]
    assert Downloads().get(f"{shop.url}/a", auth=auth).body == b"1"
    assert shop.requests[0].headers[header] == value
    assert "s3cret" not in repr(auth)


@pytest.mark.usefixtures("loopback_is_outside")
@pytest.mark.parametrize("auth", [KEY, BearerAuth(token="s3cret")])
def test_a_login_stays_with_its_host(shop: Shop, auth: HttpAuth) -> None:
    (header,) = auth.header_fields()
    with Shop() as other:
        shop.pages["/a"] = [Response(302, headers={"Location": "/b"})]
        shop.pages["/b"] = [Response(307, headers={"Location": f"{other.url}/c"})]
        other.pages["/c"] = [Response(302, headers={"Location": f"{shop.url}/d"})]
        shop.pages["/d"] = [Response(body=b"1")]
        Downloads().get(f"{shop.url}/a", auth=auth)
        assert [(each.path, header in each.headers) for each in shop.requests] == [
            ("/a", True), ("/b", True), ("/d", False),
        ]  # fmt: skip
        assert [header in each.headers for each in other.requests] == [False]


def test_an_address_is_asked_once_in_a_run(shop: Shop) -> None:
    shop.pages["/a"] = [Response(body=b"1")]
    downloads = Downloads()
    with ThreadPoolExecutor(8) as pool:
        assert {answer.body for answer in pool.map(lambda _: downloads.get(f"{shop.url}/a"), range(30))} == {b"1"}
    assert shop.count() == 1
    downloads.get(f"{shop.url}/a", auth=KEY)
    downloads.get(f"{shop.url}/a", parameters={"day": "1"})
    Downloads().get(f"{shop.url}/a")
    assert shop.count() == 4


def test_a_host_that_stays_silent_is_tried_once_by_the_others(shop: Shop) -> None:
    shop.pages["/a"] = shop.pages["/b"] = [Response(503, headers={"Retry-After": "0"})]
    downloads = Downloads()
    for path in ("/a", "/a", "/b"):
        with pytest.raises(RetryableError):
            downloads.get(shop.url + path)
    assert (shop.count("/a"), shop.count("/b")) == (DEFAULT_POLICY.attempts, 1)


def test_a_refusal_is_not_asked_for_again(shop: Shop) -> None:
    downloads = Downloads()
    for _ in range(3):
        with pytest.raises(SourceError, match="answered 404"):
            downloads.get(f"{shop.url}/none?token=s3cret")
    assert shop.count() == 1
