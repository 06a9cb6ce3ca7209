"""What a good engineer would write straightforwardly: the same contract, without this engine.

    hold.lua    one hold, as one script: once a request, within the applicant's limit, priced, with a revision
    wish.py     what is asked of it
    redis_asyncio.py  glide.py  redis_pipeline.py   one client each, set up as its manual advises

They do no more than the contract asks: no journal, no bitmaps, no permits across pools.
"""
