"""The vendor's tools against a real control plane, and the tables that say what works."""
