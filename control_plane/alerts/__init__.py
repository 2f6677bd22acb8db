"""Alerts: conditions on what adapters report, who is told when one holds, and how."""
