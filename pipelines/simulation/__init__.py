"""The simulated sources: worlds of native records, and servers that speak the real interfaces.

Here belongs what stands in for the sources: `world` (the shape of a world), `generator` (an invented
community with planted truths), `recorded` (a world read from recorded files) and `servers` (one module
an interface). What asks these servers, and what the warehouse makes of the answers, lives elsewhere:
nothing outside this package reads a world directly.
"""
