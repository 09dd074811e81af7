"""Installs Twisted's asyncio reactor on a uvloop loop before anything imports ``twisted.internet.reactor``.

Loaded as an early pytest plugin (``-p tests.reactor``): pytest-twisted would otherwise make an asyncio reactor
on the standard loop, and the daemon runs on uvloop.
"""

from __future__ import annotations

import asyncio

import uvloop
from twisted.internet import asyncioreactor

_loop = uvloop.new_event_loop()
asyncio.set_event_loop(_loop)
asyncioreactor.install(_loop)
