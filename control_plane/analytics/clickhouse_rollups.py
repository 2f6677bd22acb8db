"""The rollups in ClickHouse: a view that counts events as `tally` does.

Each grain is a part of its own, so that ClickHouse finds the events of a time by its primary key.
"""

from datetime import timedelta
from typing import Final

from control_plane.analytics.response_times import LAYOUT
from control_plane.analytics.rollups import GRAINS
from control_plane.analytics.tally import EVERY_API, MAX_BYTES, METHODS

_GRAIN: Final = """
SELECT {grain_s} AS grain_s, cell.1 AS dimension, environment_id, place AS api_id,
    intDiv(received_ms, {grain_s} * 1000) * ({grain_s} * 1000) AS start_ms,
    cell.2 AS key, toInt64(cell.3) AS amount
FROM (
    SELECT environment_id, received_ms, arrayJoin([api_id, {every}]) AS place,
        request_disposition != 'PROCESSED' AS is_denied,
        NOT is_denied AND intDiv(status_code, 100) = 5 AS is_failed,
        ifNull(client_id, '') AS client,
        coalesce(policy_name, policy_id, '') AS policy,
        ifNull(policy_outcome, '') AS outcome,
        multiIf(is_denied, 'denied', status_code BETWEEN 100 AND 599,
            concat(toString(intDiv(status_code, 100)), 'xx'), 'other') AS class,
        ifNull(response_time_ms, 0) AS ms,
        arrayJoin(arrayFilter(each -> each.3 > 0, [
            ('class', class, 1),
            ('status', toString(status_code), 1),
            ('method', if(verb IN ({methods}), verb, 'other'), 1),
            ('application', client, 1),
            ('application_denied', client, is_denied),
            ('application_limited', client, is_denied AND status_code = 429),
            ('application_failed', client, is_failed),
            ('path', ifNull(path_template, 'other'), 1),
            ('agent', ifNull(agent, ''), 1),
            ('violation', policy, outcome = 'VIOLATION'),
            ('policy_error', policy, outcome = 'ERROR'),
            ('policy', concat(ifNull(policy_id, ''), '/', ifNull(policy_name, '')),
                policy_id IS NOT NULL AND outcome != ''),
            ('response_time_{layout}', toString(toInt64(log(greatest(1, ms * 1000)) / log(1.04))),
                response_time_ms IS NOT NULL),
            ('bytes', 'in', least(request_bytes, {most})),
            ('bytes', 'out', least(response_bytes, {most})),
            ('api', toString(api_id), place = {every}),
            ('api_denied', toString(api_id), place = {every} AND is_denied),
            ('api_failed', toString(api_id), place = {every} AND is_failed)
        ])) AS cell
    FROM events FINAL
)
"""


def rollups_view() -> str:
    """The statement that makes the view."""
    facts = {
        "methods": ", ".join(f"'{method}'" for method in sorted(METHODS)),
        "most": MAX_BYTES,
        "every": EVERY_API,
        "layout": LAYOUT,
    }
    grains = (grain // timedelta(seconds=1) for grain in GRAINS)
    parts = (_GRAIN.format(grain_s=grain_s, **facts) for grain_s in grains)
    return f"CREATE OR REPLACE VIEW rollups AS {' UNION ALL '.join(parts)}"
