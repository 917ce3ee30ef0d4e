"""The demonstration: the real web process and worker against the simulator, in a temporary folder."""
