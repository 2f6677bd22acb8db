"""Finds the mistakes in the options before Envoy does, or before they open an API to others."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from adapter.envoy_config.config import ApiRoute, EnvoyConfig
from adapter.envoy_config.parts.addresses import host_of, is_ip, is_name, is_socket
from adapter.errors import ConfigurationError
from adapter.policy.request import canonical_host, canonical_path

_LARGEST_PORT: Final = 65_535
_API_ID: Final = re.compile(r"[A-Za-z0-9._-]+")
_NOT_ASCII: Final = "has letters outside ASCII: write the form of DNS, which begins with xn--"
_DOMAIN_FAULTS: Final = (
    (r".*\*.*", "has '*' at another place than the start: write * or *.example.com"),
    (r".*[^\x00-\x7F].*", _NOT_ASCII),
    (r".*:\d*", "has a port: leave it out, because Envoy ignores the port of a host"),
    (r".*\.", "ends with a dot: leave it out, because Envoy ignores it in a host"),
    (r".*[A-Z].*", "has capital letters: Envoy compares hosts in lower case"),
    ("", "is empty: write shop.example.com, *.example.com or *"),
)
"""Patterns of a domain without `*.` at its start, and what is wrong with it."""


def validate(config: EnvoyConfig) -> None:
    """Raise ConfigurationError with all errors."""
    faults = [*address_faults(config), *route_faults(config.apis)]
    if faults:
        raise ConfigurationError("\n".join(faults))


def address_faults(config: EnvoyConfig) -> Iterator[str]:
    """What is wrong with Envoy's own addresses and those of the adapters."""
    for name, address in (("listen", config.listen), ("admin", config.admin)):
        if fault := _address_fault(address):
            yield f"{name}: {address!r} {fault}"
        elif is_name(address):
            yield f"{name}: {address!r} has a name: write an IP address, as in 0.0.0.0:8080"
    for address in config.adapters:
        if not is_socket(address) and (fault := _address_fault(address)):
            yield f"adapter: {address!r} {fault}"
    yield from _addresses_given_twice(config)
    if not config.adapters:
        yield "adapters: name at least one address"
    if len({is_name(address) for address in config.adapters}) > 1:
        yield "adapters: host names cannot be mixed with IP addresses or sockets; use one kind"
    if config.adapter_tls is not None and any(map(is_socket, config.adapters)):
        yield "adapters: TLS needs host:port addresses; a Unix socket does not need TLS"


def _addresses_given_twice(config: EnvoyConfig) -> Iterator[str]:
    if config.listen == config.admin and not config.listen.endswith(":0"):
        yield f"admin: {config.admin} is also the address of the listener; choose another port"
    for address in sorted({a for a in config.adapters if config.adapters.count(a) > 1}):
        yield f"adapter: {address} is given twice; name each adapter process once"


def route_faults(routes: Sequence[ApiRoute], *, services: bool = True) -> Iterator[str]:
    """What is wrong with the APIs: each by itself, and all together.

    `services` says whether Envoy's routes to their services are written, too.
    """
    if not routes:
        yield "apis: name at least one API"
    for route in routes:
        for fault in _faults_of_one(route):
            yield f"API {route.api_id}: {fault}"
    if services:
        yield from _service_faults(routes)
    yield from _place_faults(routes)


def _faults_of_one(route: ApiRoute) -> Iterator[str]:
    if not _API_ID.fullmatch(route.api_id):
        yield "the id may contain letters, digits, '.', '_' and '-'"
    if not route.domains:
        yield "name at least one domain, or * for all"
    for domain in route.domains:
        if fault := _domain_fault(domain):
            yield f"domain {domain!r} {fault}"
    for prefix in (route.path_prefix, route.upstream_prefix):
        if prefix is not None and not canonical_path.is_canonical(prefix):
            yield (
                f"prefix {prefix!r} can be read in several ways: begin with /, and use no query, "
                "no ';', no '//', no dots as segments and no needless escapes"
            )


def _domain_fault(domain: str) -> str | None:
    if domain == "*":
        return None
    name = domain.removeprefix("*.")
    known = (text for pattern, text in _DOMAIN_FAULTS if re.fullmatch(pattern, name, re.DOTALL))
    good = canonical_host.is_canonical(name)
    return next(known, None if good else "is no host: write shop.example.com, *.example.com or *")


def _address_fault(address: str, *, service: bool = False) -> str | None:
    """`service` says that something already listens there, so its port is not 0."""
    host, colon, port = address.rpartition(":")
    if address.count(":") > 1 and not address.startswith("["):
        return "has an IPv6 address without brackets: write it as [2001:db8::1]:8080"
    if not colon or not host or not port.isdecimal():
        return "is not of the form host:port"
    if int(port) > _LARGEST_PORT:
        return f"has a port above {_LARGEST_PORT}"
    if service and int(port) == 0:
        return "has port 0: name the port on which the service listens"
    if not host.isascii():
        return _NOT_ASCII
    good = is_ip(host_of(address)) if host.startswith("[") else canonical_host.is_canonical(host)
    return None if good else "has no host name or IP address before its port"


def _service_faults(routes: Iterable[ApiRoute]) -> Iterator[str]:
    schemes: dict[str, str] = {}
    for route in routes:
        if fault := _address_fault(route.upstream, service=True):
            yield f"API {route.api_id}: upstream {route.upstream!r} {fault}"
        scheme = schemes.setdefault(route.upstream, route.scheme)
        if scheme != route.scheme:
            yield f"upstream {route.upstream}: used for both {scheme} and {route.scheme}; use one"


def _place_faults(routes: Iterable[ApiRoute]) -> Iterator[str]:
    taken: dict[tuple[str, str], str] = {}
    for route in routes:
        for domain in route.domains:
            place = (domain, route.path_prefix.rstrip("/"))
            where = f"{domain}{route.path_prefix}"
            if place not in taken:
                taken[place] = route.api_id
            elif taken[place] == route.api_id:
                yield f"API {route.api_id}: given twice for the same domain and path: {where}"
            else:
                claimants = f"{taken[place]} and {route.api_id}"
                yield f"APIs {claimants} have the same domain and path: {where}"
