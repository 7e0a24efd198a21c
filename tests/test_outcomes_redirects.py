"""No server sends okrsync inwards: to this machine, to a cloud's metadata, to a private network that it is not in."""

from __future__ import annotations

import pytest

from okrsync.errors import SourceError
from okrsync.outcomes import download, redirects
from okrsync.outcomes.download import BearerAuth, Downloads
from okrsync.outcomes.redirects import is_inside
from okrsync.sandbox.server import Response
from tests.shop import Shop


@pytest.mark.parametrize(
    ("address", "from_outside", "from_private"),
    [
        ("93.184.216.34", False, False),
        ("2606:2800:220:1::1", False, False),
        ("127.0.0.1", True, True),
        ("127.8.8.8", True, True),
        ("0.0.0.0", True, True),
        ("169.254.169.254", True, True),
        ("fe80::1%eth0", True, True),
        ("::1", True, True),
        ("::", True, True),
        ("224.0.0.1", True, True),
        ("::ffff:127.0.0.1", True, True),
        ("::ffff:169.254.169.254", True, True),
        ("64:ff9b::7f00:1", True, True),
        ("2002:7f00:1::", True, True),
        ("10.0.0.5", True, False),
        ("192.168.1.1", True, False),
        ("172.16.0.1", True, False),
        ("100.64.0.1", True, False),
        ("fd00::1", True, False),
        ("fd00:ec2::254", True, False),
        ("::ffff:10.0.0.5", True, False),
    ],
)
def test_which_addresses_are_inside(address: str, from_outside: bool, from_private: bool) -> None:
    assert is_inside(address, from_private=False) is from_outside
    assert is_inside(address, from_private=True) is from_private


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/latest/",
        "http://2852039166/latest/",
        "http://0x7f000001:PORT/",
        "http://127.0.0.1:PORT/",
        "http://localhost:PORT/",
        "http://[::1]:PORT/",
        "http://0.0.0.0:PORT/",
        "https://127.0.0.1:PORT/",
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_server_sends_us_inwards(shop: Shop, status: int, target: str) -> None:
    with Shop() as inside:
        inside.pages["/"] = [Response(body=b"secret")]
        location = target.replace("PORT", inside.url.rpartition(":")[2])
        shop.pages["/a"] = [Response(status, headers={"Location": location})]
        with pytest.raises(SourceError, match="an address inside this network"):
            Downloads().get(f"{shop.url}/a", auth=BearerAuth(token="canary-4711"))
        assert inside.requests == []
        assert shop.count() == 1


def test_a_name_that_is_another_address_the_next_time(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked up once to be judged and once to be connected to."""
    with Shop() as inside:
        port = inside.url.rpartition(":")[2]
        shop.pages["/a"] = [Response(302, headers={"Location": f"http://localtest.example:{port}/"})]
        known = redirects.socket.getaddrinfo
        times = iter(["93.184.216.34", "127.0.0.1"])

        def lookup(host: str, *arguments: object, **named: object) -> object:
            return known(next(times) if host == "localtest.example" else host, *arguments, **named)  # type: ignore[arg-type]

        monkeypatch.setattr("socket.getaddrinfo", lookup)
        with pytest.raises(SourceError, match="an address inside this network"):
            Downloads().get(f"{shop.url}/a")
        assert inside.requests == []


def test_within_one_host_it_may(shop: Shop) -> None:
    shop.pages["/a"] = [Response(302, headers={"Location": "/b"})]
    shop.pages["/b"] = [Response(body=b"1")]
    assert Downloads().get(f"{shop.url}/a").body == b"1"
    assert {301, 302, 303, 307, 308} <= download._REDIRECTS
