"""Benchmarks: ratios against third-party software and budgets of our own, each measured within one run.

Run by ``python -m tests.benchmarks [name …]``; no part of the tests, for a busy machine would make them fail.
"""
