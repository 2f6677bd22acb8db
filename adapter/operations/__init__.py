"""HTTP for operators: health, readiness, metrics, and what is loaded."""
