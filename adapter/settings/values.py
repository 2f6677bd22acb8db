"""Types of settings: lists, numbers and texts of a certain form."""

import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

import yaml
from pydantic import AfterValidator, BeforeValidator, Field, HttpUrl, SecretStr

from adapter.settings.yaml_text import read_yaml_text

_METADATA_TEXT: Final = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_API_IDS: Final = "must be environment, or a list of ids of API instances, such as [18912, 18913]"


def of_form(pattern: str, wanted: str) -> AfterValidator:
    """Checks a text by a regular expression; `wanted` continues the sentence "must ..."."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise ValueError(f"must {wanted}")
        return text

    return AfterValidator(check)


def _listed(value: Any) -> Any:
    """A text as a list: environment variables contain `a, b` or `["a", "b"]`."""
    if not isinstance(value, str):
        return value
    if not value.lstrip().startswith("["):
        return [part.strip() for part in value.split(",") if part.strip()]
    try:
        return read_yaml_text(value)
    except yaml.YAMLError:
        raise ValueError("must be a list, such as [a, b]") from None


def _api_ids(value: Any) -> Any:
    if value == "environment":
        return value
    ids = _listed(str(value) if type(value) is int else value)
    usable = isinstance(ids, list | tuple) and ids
    if not usable or not all(type(i) in {str, int} and str(i).strip() for i in ids):
        raise ValueError(_API_IDS)
    return tuple(str(i).strip() for i in ids)


def _network(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return ip_network(value)
    except ValueError:
        pass
    try:
        meant = ip_network(value, strict=False)
    except ValueError:
        raise ValueError(
            f"{value!r} is not a network (CIDR), such as 10.20.0.0/16 or fd00::/8"
        ) from None
    raise ValueError(f"{value!r} is an address inside a network; the network is {meant}")


def _filled_path(path: Path) -> Path:
    if path == Path():
        raise ValueError("must not be empty; for none, write null")
    return path


def _plain_url(url: HttpUrl) -> HttpUrl:
    if url.username or url.password or url.query or url.fragment:
        raise ValueError("must contain neither a user name nor a query, as in https://HOST:PORT")
    return url


def _collector_url(url: HttpUrl) -> HttpUrl:
    if (url.path or "/") == "/":
        raise ValueError("must contain the path, as in https://HOST:4318/v1/logs or .../v1/traces")
    return url


def _mapping(value: Any) -> Any:
    """A text as a mapping: environment variables contain `{a: b}`."""
    if not isinstance(value, str):
        return value
    try:
        return read_yaml_text(value)
    except yaml.YAMLError:
        raise ValueError("must be a mapping, such as {authorization: /run/secrets/token}") from None


def _metadata_text(secret: SecretStr) -> SecretStr:
    if _METADATA_TEXT.fullmatch(secret.get_secret_value()) is None:
        raise ValueError(
            "must have ASCII characters only, without blanks or line breaks at its ends, because "
            "Envoy cannot send others as gRPC metadata"
        )
    return secret


AS_LIST: Final = BeforeValidator(_listed)
Texts: TypeAlias = Annotated[tuple[str, ...], AS_LIST]
"""A list of texts."""
Networks: TypeAlias = Annotated[
    tuple[Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)], ...], AS_LIST
]
"""A list of networks."""
ApiIds: TypeAlias = Annotated[Literal["environment"] | tuple[str, ...], BeforeValidator(_api_ids)]
"""`environment`, or a list of ids. The platform prints ids as numbers, so numbers are read, too."""
Seconds: TypeAlias = Annotated[float, Field(gt=0, allow_inf_nan=False)]
FilledPath: TypeAlias = Annotated[Path, AfterValidator(_filled_path)]
FilledText: TypeAlias = Annotated[str, Field(min_length=1)]
Token: TypeAlias = Annotated[SecretStr, Field(min_length=1), AfterValidator(_metadata_text)]
"""A secret that is sent as gRPC metadata."""
Hosts: TypeAlias = Annotated[
    tuple[
        Annotated[
            str,
            of_form(
                r"(?:\*\.)?[^\s/:@*\[\]]+|[0-9A-Fa-f.:]+",
                "be a host alone, such as login.test or *.login.test, without https://, port and "
                "path",
            ),
        ],
        ...,
    ],
    AS_LIST,
]
"""A list of hosts."""
HeaderName: TypeAlias = Annotated[
    str, of_form(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", "be the name of a header, such as x-client-ip")
]
PlatformUrl: TypeAlias = Annotated[HttpUrl, AfterValidator(_plain_url)]
HttpAddress: TypeAlias = Annotated[
    str, of_form(r"https?://.+", "be a URL that begins with http:// or https://")
]
CollectorUrl: TypeAlias = Annotated[PlatformUrl, AfterValidator(_collector_url)]
"""A URL of OTLP over HTTP, with its path."""
HeaderFiles: TypeAlias = Annotated[Mapping[HeaderName, FilledPath], BeforeValidator(_mapping)]
"""Names of headers, and the files with their values."""
