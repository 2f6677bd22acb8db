"""The meshes' own control planes, run with what is rendered, real Envoys and real adapters."""
