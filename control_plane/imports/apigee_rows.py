"""What Apigee exports: API products, developers, and their apps (`apigeecli ... export`).

Source: the reference of the Apigee API (`organizations.apiproducts`, `organizations.apps`,
`organizations.developers`).
"""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import BeforeValidator

from control_plane.imports.reading import Row

_UNIT_MS: Final[Mapping[str, int]] = {
    "second": 1000,
    "minute": 60_000,
    "hour": 3_600_000,
    "day": 86_400_000,
    "week": 7 * 86_400_000,
    "month": 30 * 86_400_000,
}
_TARGETS: Final = "apigee-remote-service-targets"
"""The attribute that names the services of Apigee's own adapter for Envoy."""

_Number = Annotated[int | None, BeforeValidator(lambda value: None if value == "" else value)]
"""Exports have numbers as text, too, and an empty text for none."""


class Quota(Row):
    """So many requests in each interval."""

    limit: int
    interval: int = 1
    time_unit: str = "minute"

    @property
    def period_ms(self) -> int | None:
        """None if the unit is not known."""
        unit = _UNIT_MS.get(self.time_unit.lower())
        return None if unit is None else unit * self.interval


class Operation(Row):
    """Paths of an API that a product gives access to."""

    resource: str
    methods: tuple[str, ...] = ()


class OperationConfig(Row):
    """What a product gives access to in one API."""

    api_source: str
    operations: tuple[Operation, ...] = ()
    quota: Quota | None = None


class OperationGroup(Row):
    """The newer way to say what a product gives access to."""

    operation_configs: tuple[OperationConfig, ...] = ()


class Attribute(Row):
    """A name and a value that somebody chose."""

    name: str
    value: str = ""


class Product(Row):
    """An API product."""

    name: str
    description: str | None = None
    approval_type: str = "auto"
    environments: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    api_resources: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    quota: _Number = None
    quota_interval: _Number = None
    quota_time_unit: str | None = None
    operation_group: OperationGroup = OperationGroup()
    attributes: tuple[Attribute, ...] = ()

    @property
    def configs(self) -> list[OperationConfig]:
        """Its APIs. Those of the older kind share the product's paths."""
        operations = tuple(Operation(resource=path) for path in self.api_resources)
        named = [each.value.split(",") for each in self.attributes if each.name == _TARGETS]
        targets = [name.strip() for names in named for name in names if name.strip()]
        older = [
            OperationConfig(api_source=name, operations=operations)
            for name in dict.fromkeys([*self.proxies, *targets])
        ]
        return [*self.operation_group.operation_configs, *older]

    @property
    def own_quota(self) -> Quota | None:
        """The quota of all its APIs."""
        if self.quota is None:
            return None
        return Quota(
            limit=self.quota,
            interval=self.quota_interval or 1,
            time_unit=self.quota_time_unit or "minute",
        )


class ProductStatus(Row):
    """Whether a key may use a product."""

    apiproduct: str
    status: str = "approved"


class Credential(Row):
    """A key of an app."""

    consumer_key: str
    consumer_secret: str | None = None
    api_products: tuple[ProductStatus, ...] = ()
    status: str = "approved"
    expires_at: int = -1
    """In milliseconds since 1970; -1 for never."""


class App(Row):
    """An app of a developer."""

    name: str
    developer_id: str | None = None
    status: str = "approved"
    credentials: tuple[Credential, ...] = ()


class Developer(Row):
    """Who owns apps."""

    developer_id: str
    email: str
    status: str = "active"
