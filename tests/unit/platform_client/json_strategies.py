"""JSON as platforms may send it, for properties."""

from typing import Any, Final

from hypothesis import strategies as st

from adapter.platform_client.protocol.lenient_json import Unreadable


def nested(levels: int) -> Any:
    """An object of so many levels."""
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


ODD: Final = st.sampled_from(
    [
        *("Shop \ud83d", "\udcff", "a" * 300, "\n\x00", " true ", "FALSE", "12", "1.0", "nan"),
        *(10**400, -(10**400), 2**53, 2**63, 1e308, 12.0, float("inf"), float("nan"), -0.0),
        *([[]] * 300, nested(30), nested(70), nested(250), {"\ud83d": "\ud83d"}),
        Unreadable("odd"),
    ]
)
"""What JSON may hold and parsers, fields or files refuse."""

JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def near(document: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Documents with fields missing or replaced by anything."""
    fields: dict[str, st.SearchStrategy[Any]] = {
        name: st.just(value) | JSON for name, value in document.items()
    }
    return st.fixed_dictionaries({}, optional=fields) | JSON
