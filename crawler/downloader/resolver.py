"""A DNS resolver that returns only the addresses this crawl may connect to, and the classification of addresses.

Every connection uses it, also for redirects and for literal or unusual addresses ("http://2130706433/"). Its answer is
the address that is connected to: there is no second look-up between check and connection, so a name cannot change its
address in between (DNS rebinding).
"""

import secrets
from collections.abc import Sequence
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IResolutionReceiver,
)
from zope.interface import implementer  # type: ignore[import-untyped]

from crawler.discover.urls import ascii_host

_LOCAL_NETWORKS = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")))
_NAT64 = ip_network("64:ff9b::/96")
_IPV4_COMPATIBLE = ip_network("::/96")


@implementer(IHostnameResolver)
class GuardedResolver:
    """Filter the addresses of another resolver.

    Args:
        resolver: The resolver that looks names up.
        has_contact: Whether a contact is set; without one no public address is allowed.
        private_host: The shop's host if private addresses are allowed, "" for none. The network in which it is first
            found is then allowed, so a shop on this machine does not open the local network, nor the reverse.
    """

    def __init__(self, resolver: Any, *, has_contact: bool, private_host: str = "") -> None:
        self._resolver = resolver
        self._allowed_networks = {Network.PUBLIC} if has_contact else set()
        self._private_host = ascii_host(private_host)
        self._aliases: dict[str, str] = {}
        self.refused_networks: dict[str, Network] = {}
        """By name, the network of names whose last look-up gave no allowed address."""

    def register_alias(self, host: str) -> str:
        """Return a random name that resolves to `host` in any network.

        The separate name also keeps the connections apart: a kept-alive connection to an allowed server must not serve
        a page that only links to the same address.
        """
        for name, known in self._aliases.items():
            if known == host:
                return name
        name = f"{secrets.token_hex(8)}.invalid"
        self._aliases[name] = host
        return name

    def resolveHostName(  # noqa: N802
        self,
        resolutionReceiver: IResolutionReceiver,  # noqa: N803
        hostName: str,  # noqa: N803
        portNumber: int = 0,  # noqa: N803
        addressTypes: Sequence[type[IAddress]] | None = None,  # noqa: N803
        transportSemantics: str = "TCP",  # noqa: N803
    ) -> IHostResolution:
        """Resolve a name; Twisted calls this."""
        target_host = self._aliases.get(hostName)
        receiver = (
            resolutionReceiver if target_host else _FilteringReceiver(resolutionReceiver, self, ascii_host(hostName))
        )
        name = target_host or hostName
        resolution: IHostResolution = self._resolver.resolveHostName(
            receiver, name, portNumber, addressTypes, transportSemantics
        )
        return resolution

    def is_allowed(self, name: str, address: str) -> bool:
        """Return whether `name` may be connected to at `address`."""
        network = classify_network(address)
        if name == self._private_host and network is not Network.RESERVED:
            self._allowed_networks.add(network)
            self._private_host = ""
        if network in self._allowed_networks:
            self.refused_networks.pop(name, None)
            return True
        self.refused_networks[name] = network
        return False


@implementer(IResolutionReceiver)
class _FilteringReceiver:
    """Pass on the allowed addresses."""

    def __init__(self, receiver: Any, resolver: GuardedResolver, name: str) -> None:
        self._receiver = receiver
        self._resolver = resolver
        self._name = name

    def resolutionBegan(self, resolution: IHostResolution) -> None:  # noqa: N802
        self._receiver.resolutionBegan(resolution)

    def addressResolved(self, address: Any) -> None:  # noqa: N802
        if self._resolver.is_allowed(self._name, address.host):
            self._receiver.addressResolved(address)

    def resolutionComplete(self) -> None:  # noqa: N802
        self._receiver.resolutionComplete()


def install_resolver(reactor: Any, *, has_contact: bool, private_host: str) -> GuardedResolver:
    """Install a guarded resolver in the reactor, once; there is one crawl per process."""
    if not isinstance(reactor.nameResolver, GuardedResolver):
        resolver = GuardedResolver(reactor.nameResolver, has_contact=has_contact, private_host=private_host)
        reactor.installNameResolver(resolver)
    guarded: GuardedResolver = reactor.nameResolver
    return guarded


class Network(Enum):
    """The kind of network that an address belongs to."""

    PUBLIC = "public"
    LOOPBACK = "loopback"
    """This machine."""
    LOCAL = "local"
    """A home or company network: RFC 1918, shared (RFC 6598) or unique-local (RFC 4193) addresses."""
    RESERVED = "no shop"
    """Link-local (where clouds serve credentials), multicast or reserved addresses: never a shop."""


def classify_network(address: str) -> Network:
    """Return the network of `address`, an IPv4 or IPv6 address.

    An IPv4 address inside an IPv6 address (mapped, compatible, NAT64, 6to4, Teredo) decides, because it is the target.

    Raises:
        ValueError: The text is not an address.
    """
    ip = ip_address(address)
    if isinstance(ip, IPv6Address) and (embedded := _embedded_ipv4(ip)) is not None:
        ip = embedded
    if ip.is_loopback or ip.is_unspecified:
        return Network.LOOPBACK
    if any(ip in local for local in _LOCAL_NETWORKS if local.version == ip.version):
        return Network.LOCAL
    return Network.PUBLIC if ip.is_global and not ip.is_multicast else Network.RESERVED


def _embedded_ipv4(ip: IPv6Address) -> IPv4Address | None:
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.sixtofour is not None:
        return ip.sixtofour
    if ip.teredo is not None:
        return ip.teredo[1]
    if ip in _NAT64 or (ip in _IPV4_COMPATIBLE and not (ip.is_loopback or ip.is_unspecified)):
        return IPv4Address(ip.packed[-4:])
    return None
