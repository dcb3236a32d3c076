"""GuardedResolver: names to the addresses that this crawl may connect to.

Every connection asks it, that of a redirect and of a literal or oddly spelt address ("http://2130706433/") too, and
what it answers is connected to: no second look-up lies between the check and the connection, so that a name cannot
change its address in between (DNS rebinding).

Networks: to which kind an address belongs, once a name or an odd spelling is resolved to one.
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


@implementer(IHostnameResolver)
class GuardedResolver:
    """Asks another resolver and keeps back the addresses that are not open.

    Args:
        resolver: The one that looks names up.
        has_contact: Whether we say who we are, without which no public address is open.
        home: Host of the shop when private addresses are allowed: the kind of network on which it is first found is
            open then, so that a shop on this machine leads nobody into the company's network, nor the reverse. "" opens
            none.
    """

    def __init__(self, resolver: Any, *, has_contact: bool, private_host: str = "") -> None:
        self._resolver = resolver
        self._allowed_networks = {Network.PUBLIC} if has_contact else set()
        self._private_host = to_ascii_host(private_host)
        self._aliases: dict[str, str] = {}
        self.refused_networks: dict[str, Network] = {}
        """Names whose last look-up gave no open address, with the network they lead to."""

    def register_alias(self, host: str) -> str:
        """A name, which nobody can guess, that leads to `host` whatever its network.

        Its own name also keeps the connections apart: a kept-alive connection to a place that is allowed must not
        serve a page that merely links to the same address.
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
        """Twisted's way to ask."""
        target_host = self._aliases.get(hostName)
        receiver = (
            resolutionReceiver if target_host else _FilteringReceiver(resolutionReceiver, self, to_ascii_host(hostName))
        )
        name = target_host or hostName
        resolution: IHostResolution = self._resolver.resolveHostName(
            receiver, name, portNumber, addressTypes, transportSemantics
        )
        return resolution

    def is_allowed(self, name: str, address: str) -> bool:
        """Whether `name` may be connected to at `address`."""
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
    """Hands on the addresses that are open."""

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
    """Put a guarded resolver before the reactor's own, once; there is one crawl in a process."""
    if not isinstance(reactor.nameResolver, GuardedResolver):
        resolver = GuardedResolver(reactor.nameResolver, has_contact=has_contact, private_host=private_host)
        reactor.installNameResolver(resolver)
    guarded: GuardedResolver = reactor.nameResolver
    return guarded


def to_ascii_host(host: str) -> str:
    """`host` as one spelling, whether it came in letters or in punycode."""
    try:
        return host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return host.lower()


class Network(Enum):
    """Who lives at an address."""

    PUBLIC = "public"
    LOOPBACK = "loopback"
    """This machine."""
    LOCAL = "local"
    """A house or company network: RFC 1918, shared (RFC 6598) or unique-local (RFC 4193) addresses."""
    RESERVED = "no shop"
    """Link-local, where clouds keep their credentials service, multicast, reserved: nobody sells there."""


_LOCAL_NETWORKS = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")))
_NAT64 = ip_network("64:ff9b::/96")
_IPV4_COMPATIBLE = ip_network("::/96")


def classify_network(address: str) -> Network:
    """The kind of network of `address`, an IPv4 or IPv6 address as a resolver answers it.

    An IPv4 address inside an IPv6 one (mapped, compatible, NAT64, 6to4, Teredo) decides: that is where it leads.

    Raises:
        ValueError: It is no address.
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
