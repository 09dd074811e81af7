"""The smallest daemon: a reactor on uvloop, the signals, the service manager and the watchdog. Run by its tests."""

from __future__ import annotations

import sys

from gateway.lifecycle import ServiceManager, Signals, Watchdog
from gateway.reactor import install, loop_of


def main() -> None:
    """Run until told to stop; what happens is printed, a line each."""
    reactor = install()
    loop = loop_of(reactor)
    manager = ServiceManager.from_environment()

    def stop() -> None:
        print("stop", flush=True)
        manager.stopping()
        if "linger" not in sys.argv:
            reactor.stop()

    def stop_now() -> None:
        print("stop now", flush=True)
        reactor.stop()

    def reload() -> None:
        print("reload", flush=True)
        manager.reloading()
        manager.ready("settings read anew")

    def begin() -> None:
        Signals(stop=stop, stop_now=stop_now, reload=reload).obey(loop)
        Watchdog(manager, lambda: "stuck" not in sys.argv).start()
        manager.ready()
        print("ready", flush=True)

    reactor.callLater(0, begin)
    reactor.run(installSignalHandlers=False)
    print("stopped", flush=True)


if __name__ == "__main__":
    main()
