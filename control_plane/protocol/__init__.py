"""The platform's HTTP protocol: reads requests, calls use cases, writes documents."""
