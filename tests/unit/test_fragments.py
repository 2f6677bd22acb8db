"""The parts for an Envoy that exists; that Envoy runs them is shown in tests/e2e."""

from typing import Any

import yaml

from adapter.envoy_config import AdapterTls, ApiRoute, ListenerTls, render, render_fragments
from adapter.envoy_config.notes import NOTES
from support.defaults import envoy_config

CONFIG = envoy_config(
    (
        ApiRoute("1", "10.0.0.1:80", ("shop.test",)),
        ApiRoute("2", "10.0.0.1:80", ("shop.test",), "/orders"),
        ApiRoute("3", "10.0.0.1:80"),
    ),
    ("10.0.0.2:9001", "10.0.0.3:9001"),
    token="between-us",
    adapter_tls=AdapterTls("ca.pem", "envoy.pem", "envoy.key"),
    listener_tls=ListenerTls("envoy.pem", "envoy.key", "clients.pem"),
    access_log="/dev/stdout",
)
"""Every part that there can be."""


def documents() -> list[Any]:
    """What an operator pastes, without the comments."""
    return list(yaml.safe_load_all(render_fragments(CONFIG)))


def test_fragments_are_parts_of_the_whole_configuration() -> None:
    """An Envoy with the fragments does what an Envoy of its own does."""
    bootstrap = yaml.safe_load(render(CONFIG))["static_resources"]
    (chain,) = bootstrap["listeners"][0]["filter_chains"]
    manager = chain["filters"][0]["typed_config"]
    tls, options, filters, logs, route_options, *routes, _, clusters = documents()
    assert tls == {"transport_socket": chain["transport_socket"]}
    assert options.items() <= manager.items()
    assert filters["http_filters"] == manager["http_filters"][:-1]
    assert logs == {"access_log": manager["access_log"]}
    assert route_options.items() <= manager["route_config"].items()
    whole = [route for host in manager["route_config"]["virtual_hosts"] for route in host["routes"]]
    assert [part.items() <= route.items() for part, route in zip(routes, whole, strict=True)] == (
        [True] * 3
    )
    assert clusters["clusters"] == bootstrap["clusters"][:2]


def test_nothing_of_the_manager_is_missing() -> None:
    """Except for what an Envoy that exists has already."""
    bootstrap = yaml.safe_load(render(CONFIG))["static_resources"]
    (chain,) = bootstrap["listeners"][0]["filter_chains"]
    _, options, *_ = documents()
    own = {"@type", "stat_prefix", "upgrade_configs", "access_log", "route_config", "http_filters"}
    assert set(chain["filters"][0]["typed_config"]) - set(options) == own


def test_each_note_is_written_once() -> None:
    """A note whose line is no longer there would tell nobody anything."""
    text = " ".join(line.strip("# \n") for line in render_fragments(CONFIG).splitlines())
    assert {key: text.count(" ".join(note.split())) for key, note in NOTES.items()} == (
        dict.fromkeys(NOTES, 1)
    )


def test_each_document_says_where_it_goes() -> None:
    """For each route: the API, its host and its paths."""
    heads = [text.splitlines()[0] for text in render_fragments(CONFIG).split("---\n")[1:]]
    assert [head.partition(". ")[0] for head in heads] == [f"# {n}" for n in range(1, 11)]
    assert "API 2, for the host shop.test and paths below /orders" in heads[5]
