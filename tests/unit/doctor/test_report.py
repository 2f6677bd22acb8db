"""What people and programs get to read."""

import json

from adapter.doctor import Place, as_json, as_text
from tests.unit.doctor.configurations import Parts


def test_the_same_finding_is_shown_once() -> None:
    """With the first five places, and the number of the others."""
    parts = Parts()
    parts.hosts[0]["routes"] = [
        parts.route | {"name": f"route-{n}", "match": {"prefix": f"/{n}"}} for n in range(7)
    ]
    text = as_text(parts.findings())
    assert text.count("prefix_without_slash") == 1
    assert "           where  virtual host shop.test, route route-4: /4 also matches /4X\n" in text
    assert "route-5" not in text
    assert "and in 2 more places" in text
    assert text.endswith("\n0 errors, 7 warnings, 0 notes\n")


def test_groups_and_their_order() -> None:
    """Envoy itself, then listeners, then clusters; errors first in each."""
    parts = Parts()
    parts.bootstrap["admin"]["address"]["socket_address"]["address"] = "0.0.0.0"
    parts.cluster.pop("health_checks")
    parts.ext_authz["failure_mode_allow"] = True
    parts.manager.pop("merge_slashes")
    lines = as_text(parts.findings()).splitlines()
    assert [line for line in lines if line and not line.startswith(" ")] == [
        "Envoy",
        "listener ingress",
        "cluster adapter",
        "1 error, 3 warnings, 0 notes",
    ]
    assert lines.index("  error    failure_mode_allow") < lines.index("  warning  merge_slashes")


def test_programs_read_json() -> None:
    """With a stable code, and the parts of the place by name."""
    parts = Parts()
    parts.ext_authz["failure_mode_allow"] = True
    read = json.loads(as_json(parts.findings()))
    assert (read["errors"], read["warnings"], read["notes"]) == (1, 0, 0)
    (finding,) = read["findings"]
    assert finding == {
        "code": "failure_mode_allow",
        "severity": "error",
        "where": {"listener": "ingress", "filter": "envoy.filters.http.ext_authz"},
        "detail": "",
        "why": "If the adapter does not answer in time, Envoy lets the request through without a "
        "Check.",
        "fix": "Remove failure_mode_allow from the ext_authz filter.",
    }


def test_names_cannot_write_to_the_terminal() -> None:
    """A name from the configuration is shown without control characters, and is cut off."""
    place = Place(listener="a\x1b[2J\n" + "b" * 500)
    assert place.group == "listener a?[2J?" + "b" * 114 + "..."


def test_no_secret_is_shown() -> None:
    """Neither the token nor a value with a broken operator."""
    parts = Parts()
    parts.service["initial_metadata"][0]["value"] = "hid%den"
    parts.logger["common_config"]["grpc_service"]["initial_metadata"][0]["value"] = "%HIDDEN"
    text = as_text(parts.findings()) + as_json(parts.findings())
    assert "crashing_operator" in text
    assert "refused_operator" in text
    assert "hid" not in text.replace("hides", "").lower()
    assert "between-us" not in text
