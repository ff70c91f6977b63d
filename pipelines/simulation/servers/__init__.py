"""Servers that speak the sources' real interfaces on loopback, over a world.

`http_server` is the small HTTP/1.1 server; `bugzilla`, `pontoon`, `sumo`, `reps` and `discourse` hold one
interface each: a function from the source's part of a world to a handler (request -> response). `faults`
breaks answers on demand; `serve` puts everything together. Nothing in here invents a record: what a world
does not hold is answered as the real interface answers when it is empty.
"""
