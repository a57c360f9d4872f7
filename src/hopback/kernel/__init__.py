"""What things are: numbers, calls, paths, clocks, traces, disclosure, findings and errors.

Nothing in this package reads a file, opens a socket or asks what time it is; it needs only the
standard library and ``phonenumbers``.
"""
