"""Command operators, such as `%ROUTE_NAME%`, that Envoy cannot read."""

import re
from collections.abc import Iterator

from adapter.doctor.check import Check, Spot
from adapter.doctor.checks.known_operators import IN_OLDEST, NEED_PARAMETERS, NEWER
from adapter.doctor.fields import Tree, text, tree, trees
from adapter.doctor.finding import Severity
from adapter.doctor.known_adapter import KnownAdapter
from adapter.doctor.model import Chain, Envoy, logger_service

# The same grammar as in Envoy: %% is a percent sign.
_COMMAND = re.compile(r"%(?:%|([A-Z0-9_]+)(?:\((.*?)\))?(?::\d+)?%)", re.DOTALL)
_OLDEST = "1.36."
_CEL = "%CEL%"


def fault_in(value: str, version: str = "", *, is_metadata: bool = False) -> str | None:
    """The first thing in a format string that Envoy cannot read; None if there is nothing.

    Only the name of an operator is repeated, because the rest may be a secret.
    """
    end = 0
    for match in _COMMAND.finditer(value):
        if "%" in value[end : match.start()]:
            break
        end = match.end()
        if match[1] and (fault := _fault_of(match[1], match[2], version, is_metadata=is_metadata)):
            return fault
    return "a single %" if "%" in value[end:] else None


def _fault_of(name: str, parameters: str | None, version: str, *, is_metadata: bool) -> str | None:
    if name not in IN_OLDEST and (name not in NEWER or version.startswith(_OLDEST)):
        return f"unknown operator %{name[:40]}%"
    if is_metadata and name == "CEL":
        return _CEL
    return f"%{name}% without parameters" if name in NEED_PARAMETERS and not parameters else None


def _crashing(envoy: Envoy, _: KnownAdapter) -> Iterator[Spot]:
    for chain in envoy.chains:
        for asker in chain.askers:
            for key, value in _metadata(tree(asker.config, "grpc_service")):
                if fault := fault_in(value, envoy.version, is_metadata=True):
                    yield chain.place_of_filter(asker.name), f"{key}: {fault}"
        for logger in chain.loggers:
            for key, value in _metadata(logger_service(logger)):
                if fault_in(value, envoy.version, is_metadata=True) == _CEL:
                    yield chain.place_of_filter(text(logger, "name")), f"{key}: {_CEL}"


def _refused(envoy: Envoy, _: KnownAdapter) -> Iterator[Spot]:
    for chain in envoy.chains:
        for name, value in _formats(chain):
            if fault := fault_in(value, envoy.version):
                yield chain.place_of_filter(name), fault


def _formats(chain: Chain) -> Iterator[tuple[str, str]]:
    for logger in trees(chain.manager, "access_log"):
        config, name = tree(logger, "typed_config"), text(logger, "name")
        log_format = tree(config, "log_format")
        yield name, text(tree(log_format, "text_format_source"), "inline_string")
        yield name, text(log_format, "text_format")
        yield from ((name, value) for value in _leaves(tree(log_format, "json_format")))
    for logger in chain.loggers:
        yield from ((text(logger, "name"), value) for _, value in _metadata(logger_service(logger)))
    for http_filter in chain.filters:
        for mutation in trees(tree(http_filter.config, "mutations"), "request_mutations"):
            yield http_filter.name, text(tree(mutation, "append", "header"), "value")


def _metadata(service: Tree) -> list[tuple[str, str]]:
    return [(text(m, "key"), text(m, "value")) for m in trees(service, "initial_metadata")]


def _leaves(config: Tree) -> Iterator[str]:
    for value in config.values():
        if isinstance(value, dict):
            yield from _leaves(value)
        elif isinstance(value, str):
            yield value


CHECKS = (
    Check(
        "crashing_operator",
        Severity.ERROR,
        "Envoy accepts this initial_metadata, but its process ends at the first request.",
        "Use an operator that Envoy knows in initial_metadata, and write a percent sign as %%.",
        _crashing,
    ),
    Check(
        "refused_operator",
        Severity.ERROR,
        "Envoy refuses a configuration with a format string that it cannot read.",
        "Use an operator that this version of Envoy knows, and write a percent sign as %%.",
        _refused,
    ),
)
