"""Classification of addresses, and the resolver that returns only allowed ones."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address, IPv6Address

from crawler.downloader.resolver import GuardedResolver, Network, classify_network


@pytest.mark.parametrize(
    ("network", "addresses"),
    [
        (Network.PUBLIC, "8.8.8.8 93.184.216.34 2606:2800:220:1::1 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1"),
        (Network.LOOPBACK, "127.0.0.1 127.8.9.1 0.0.0.0 ::1 :: ::ffff:127.0.0.1 ::127.0.0.1 64:ff9b::7f00:1"),
        (Network.LOOPBACK, "2002:7f00:1::1"),
        (Network.LOCAL, "10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 fd00::1 ::ffff:10.0.0.1"),
        (Network.RESERVED, "169.254.169.254 fe80::1 fe80::1%eth0 224.0.0.1 255.255.255.255 0.1.2.3 240.0.0.1 ff02::1"),
        (Network.RESERVED, "192.0.2.1 198.51.100.7 2001:db8::1 ::ffff:169.254.169.254"),
    ],
)
def test_classify_network_of_addresses(network: Network, addresses: str) -> None:
    assert {address: classify_network(address) for address in addresses.split()} == dict.fromkeys(
        addresses.split(), network
    )


@given(st.ip_addresses(v=4))
def test_ipv4_address_inside_ipv6_decides_the_network(address: Any) -> None:
    number = int(address)
    for clothed in (f"::ffff:{address}", f"64:ff9b::{number >> 16:x}:{number & 0xFFFF:x}"):
        assert classify_network(clothed) is classify_network(str(address))


class FakeResolver:
    """A resolver that returns the given answers, one list per look-up."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = answers

    def resolveHostName(self, receiver: Any, name: str, port: int = 0, *_: Any) -> None:  # noqa: N802
        receiver.resolutionBegan(None)
        for address in self.answers[name].pop(0):
            kind = IPv6Address if ":" in address else IPv4Address
            receiver.addressResolved(kind("TCP", address, port))
        receiver.resolutionComplete()


class RecordingReceiver:
    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.is_complete = False

    def resolutionBegan(self, _: object) -> None:  # noqa: N802
        pass

    def addressResolved(self, address: Any) -> None:  # noqa: N802
        self.addresses.append(address.host)

    def resolutionComplete(self) -> None:  # noqa: N802
        self.is_complete = True


def resolve(resolver: GuardedResolver, name: str) -> list[str]:
    received = RecordingReceiver()
    resolver.resolveHostName(received, name, 80)
    assert received.is_complete
    return received.addresses


def test_resolver_returns_only_the_public_addresses() -> None:
    resolver = GuardedResolver(FakeResolver(shop=[["10.0.0.1", "8.8.8.8", "::1"]]), has_contact=True)
    assert resolve(resolver, "shop") == ["8.8.8.8"]


def test_name_is_checked_at_every_resolution() -> None:
    resolver = GuardedResolver(FakeResolver(shop=[["8.8.8.8"], ["127.0.0.1"]]), has_contact=True)
    assert [resolve(resolver, "shop") for _ in range(2)] == [["8.8.8.8"], []]
    assert resolver.refused_networks == {"shop": Network.LOOPBACK}


def test_no_public_address_is_allowed_without_a_contact() -> None:
    resolver = GuardedResolver(FakeResolver(shop=[["8.8.8.8"]]), has_contact=False)
    assert resolve(resolver, "shop") == []
    assert resolver.refused_networks == {"shop": Network.PUBLIC}


def test_private_host_allows_its_own_network_only() -> None:
    answers = {"shop": [["192.168.1.5"], ["127.0.0.1"]], "photos": [["10.9.8.7"]], "here": [["127.0.0.1"]]}
    resolver = GuardedResolver(
        FakeResolver(**answers, cloud=[["169.254.169.254"]]), has_contact=True, private_host="shop"
    )
    assert resolve(resolver, "shop") == ["192.168.1.5"]
    assert resolve(resolver, "photos") == ["10.9.8.7"]
    assert resolve(resolver, "here") == []
    assert resolve(resolver, "cloud") == []
    assert resolve(resolver, "shop") == [], "moved to another network since"


def test_link_local_addresses_are_never_allowed() -> None:
    resolver = GuardedResolver(FakeResolver(shop=[["169.254.169.254"]]), has_contact=True, private_host="shop")
    assert resolve(resolver, "shop") == []


def test_connect_to_server_is_allowed_under_its_alias_only() -> None:
    resolver = GuardedResolver(FakeResolver(**{"127.0.0.1": [["127.0.0.1"], ["127.0.0.1"]]}), has_contact=True)
    name = resolver.register_alias("127.0.0.1")
    assert resolver.register_alias("127.0.0.1") == name
    assert resolve(resolver, name) == ["127.0.0.1"]
    assert resolve(resolver, "127.0.0.1") == []


def test_private_host_may_be_written_in_unicode() -> None:
    fake = FakeResolver(**{"xn--bcher-kva.example": [["127.0.0.1"]]})
    resolver = GuardedResolver(fake, has_contact=False, private_host="Bücher.example")
    assert resolve(resolver, "xn--bcher-kva.example") == ["127.0.0.1"]
