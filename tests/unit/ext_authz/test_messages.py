"""Our trimmed messages against Envoy's own definitions."""

from pathlib import Path
from typing import Any

from envoy.service.auth.v3 import external_auth_pb2 as envoys
from google.protobuf.descriptor import FieldDescriptor

from adapter.messages import check_pb2 as ours
from protos.generate import PACKAGE, PROTOS, generate

_PARSED_LATER = {
    "adapter.ext_authz.v3.AttributeContext.source": ours.Peer.DESCRIPTOR,
    "adapter.ext_authz.v3.AttributeContext.destination": ours.Peer.DESCRIPTOR,
    "adapter.ext_authz.v3.AttributeContext.metadata_context": ours.Metadata.DESCRIPTOR,
}
"""Messages that we keep as bytes, which have the same form on the wire."""
_ENUM_ON_THE_WIRE = {FieldDescriptor.TYPE_ENUM: FieldDescriptor.TYPE_INT32}


def test_same_on_the_wire() -> None:
    """Every field that we read or write has the number and the type that it has in Envoy."""
    _compare(ours.CheckRequest.DESCRIPTOR, envoys.CheckRequest.DESCRIPTOR)
    _compare(ours.CheckResponse.DESCRIPTOR, envoys.CheckResponse.DESCRIPTOR)


def test_generated_code_is_current(tmp_path: Path) -> None:
    """`make protos` would change nothing but, with a newer compiler, what it says of itself."""
    generate(tmp_path)
    committed = PROTOS.parent / PACKAGE
    fresh = {path.name: _descriptor(path) for path in (tmp_path / PACKAGE).glob("*.py")}
    assert fresh == {name: _descriptor(committed / name) for name in fresh}
    assert "check_pb2.py" in fresh


def _descriptor(module: Path) -> str:
    lines = module.read_text().splitlines()
    return next(line for line in lines if line.startswith("DESCRIPTOR ="))


def _compare(our: Any, their: Any) -> None:
    for field in our.fields:
        other = their.fields_by_name[field.name]
        parsed_later = _PARSED_LATER.get(field.full_name)
        kind = FieldDescriptor.TYPE_MESSAGE if parsed_later else _wire_type(field)
        assert (field.number, kind) == (other.number, _wire_type(other)), field.full_name
        assert field.is_repeated == other.is_repeated, field.full_name
        message = parsed_later or field.message_type
        if message is not None and message.full_name.startswith("adapter"):
            _compare(message, other.message_type)


def _wire_type(field: Any) -> Any:
    return _ENUM_ON_THE_WIRE.get(field.type, field.type)
