"""The embedded local cloud: SLB and ECS OpenAPI on one port, with state that survives a crash.

A program of its own (`python -m vservers.localcloud`). It imports nothing of the console, and the
console knows of it only an endpoint and a key.

A request passes endpoint (HTTP) -> signatures -> validate (from tables/) -> one handler, which
reads a View or changes a Draft (store) -> writer (disk) -> plane (what is served).
"""
