"""Time and memory of the layers and of a training step, compared with their reference implementations."""
