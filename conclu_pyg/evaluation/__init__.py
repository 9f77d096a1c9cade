"""What a pre-trained encoder is worth: features and probes."""
