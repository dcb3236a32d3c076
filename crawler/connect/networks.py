"""Networks: to which kind an address belongs, once a name or an odd spelling is resolved to one."""

from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network


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
