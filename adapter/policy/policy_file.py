"""A policy as people write it into a file, to check it before they apply it."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field

from adapter.policy.policies.shared.configuration import Configuration, without
from adapter.policy.policy_schemas import CONFIGURATIONS

_SHORT: Final = {
    "type": "assetId",
    "configuration": "configurationData",
    "pointcut": "pointcutData",
}
_NOT_CHECKED: Final = (
    *("apiId", "apiVersionId", "assetVersion", "audit", "disabled", "environmentId", "groupId"),
    *("id", "implementationAsset", "implementationAssets", "label", "masterOrganizationId"),
    *("order", "organizationId", "policyId", "policyTemplateId", "ruleOfApplication", "template"),
    *("upstreamIds", "version", "warnings"),
)
"""Fields of the platform's requests and answers that say nothing about what the policy does."""


class PointcutEntry(Configuration):
    """A part of an API. A missing pattern matches everything."""

    method_regex: str = ""
    uri_template_regex: str = ""


class PolicyFile(Configuration):
    """The fields of a policy, by the platform's names or as `type`, `configuration`, `pointcut`."""

    asset_id: Annotated[str, Field(min_length=1, examples=["rate-limiting"])]
    configuration_data: dict[str, Any] = Field(default_factory=dict)
    pointcut_data: tuple[PointcutEntry, ...] = ()

    @classmethod
    def used(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Configuration.used`."""
        names: Mapping[str, str] = _SHORT
        if "assetId" in given:
            # The platform calls a policy's origin its type. Another type of policy is a mistake.
            others = set(CONFIGURATIONS) - {str(given["assetId"])}
            names = without(_SHORT, "type")
            given = given if str(given.get("type")) in others else without(given, "type")
        named = {names.get(name, name): value for name, value in given.items()}
        return without(named, *_NOT_CHECKED)

    @property
    def pointcut(self) -> list[dict[str, str]]:
        """The pointcut as the platform writes it."""
        return [entry.model_dump(by_alias=True) for entry in self.pointcut_data]
