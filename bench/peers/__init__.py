"""What a good engineer would write straightforwardly: the same contract, without this engine.

    hold.lua    one hold, as one script
    wish.py     what is asked of it, and the terms of its pool
    redis_asyncio.py  glide.py  redis_pipeline.py   one client each, set up as its manual advises

As with the engine, a hold of theirs is done once a request id, which is remembered with a digest and a
deadline. It stands under the applicant's limit of live holds; obeys opening, pause, stop, backlog and the
tariff in force, and is cut at the next one; asks what is issued, withheld, allotted or held, and who must
cool down; lets a hold that is over expire in passing. Every deadline is a field with an index, none a
native TTL. A journal entry from which the record can be rebuilt is written in the same atomic step.
`bench/test_peers.py` holds both to the same outcomes.

What they still leave out: limits across pools that lie on other servers, the operators' daily cap and the
daily cap of one mark, the clock guard's lease, representatives and entities, the bitmap from which the
search's replica is built, and asking again after a lost connection.
"""
