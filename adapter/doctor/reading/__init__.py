"""Reads an Envoy's configuration from its admin interface or from files."""

from adapter.doctor.reading.admin import read_admin
from adapter.doctor.reading.files import read_file

__all__ = ["read_admin", "read_file"]
