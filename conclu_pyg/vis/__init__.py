"""Plots, HTML pages and Open3D windows."""
