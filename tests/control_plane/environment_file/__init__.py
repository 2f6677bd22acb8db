"""Environment files: exported, compared and applied."""
