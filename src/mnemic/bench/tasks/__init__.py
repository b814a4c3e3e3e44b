"""Readers of public benchmarks, one a file: path → cases. They read the published layouts."""
