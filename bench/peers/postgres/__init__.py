"""The contract on PostgreSQL, as its users would write it: one function a verb, one round trip a hold.

    schema.sql  hold.sql  assign_next.sql   tables and verbs
    cluster.py    a server of the bench's own, of Debian's package
    client.py     asyncpg: a pool of connections with prepared statements

What a hold does here is what `bench.peers` says of its script. Beyond what that leaves out, revisions come
from a sequence and so may have gaps, since one counter a pool would make all holds of a pool wait for each
other's fsync; the backlog of the journal does not stop holds; and `assign_next` does not write that a hold
expired in passing.
"""
