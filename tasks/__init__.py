"""Prefect tasks: values in, one port or domain call, value out."""
