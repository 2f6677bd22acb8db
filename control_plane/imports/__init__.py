"""Makes an environment file of what other platforms and gateways export.

    the source's files or answers ──► a reader ──► Source ──► make_plan ──► document and findings

Each source has a module that knows its formats: `anypoint`, `sdk_inventory`, `flex_yaml` and
`apigee`. They are pure functions and give a `Source`, which knows no format any more. `make_plan`
decides what is imported. `anypoint_client` is the only module here with I/O.
"""
