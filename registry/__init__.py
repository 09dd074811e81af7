"""The shared patron register: who is known nationally, by which card, and how they stand at each lending unit.

``domain`` holds the rules over values, ``services`` the use cases, ``storage`` the SQL, ``credentials`` the PINs
and keys. Others hold the Protocols of :mod:`registry.register` and nothing else.
"""
