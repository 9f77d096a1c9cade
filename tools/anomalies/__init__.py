"""Measurement of the anomaly detection on clouds with known anomalies."""
