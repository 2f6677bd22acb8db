"""The main job as a story: everything started by its own command, as a user would."""
