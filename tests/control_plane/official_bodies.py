"""Request bodies of the official examples."""

from typing import Any

# The example of createOrganizationsEnvironmentsApisAlerts, with a recipient that is known here.
ALERT_EXAMPLE: dict[str, Any] = {
    "apiAlertsVersion": "1.0.0",
    "condition": {
        "aggregate": "COUNT",
        "operator": "GREATER_THAN",
        "value": 90,
        "resourceType": "api",
    },
    "enabled": True,
    "name": "some alert name",
    "period": {"repeat": 5, "duration": {"count": 5, "weight": "DAYS"}},
    "recipients": [
        {"type": "email", "value": "a@b.test", "lastName": "Owner", "firstName": "Organization"}
    ],
    "severity": "CRITICAL",
    "type": "api-request-count",
}
