"""The peer: a reservation service as a good engineer would write it with FastAPI, redis.asyncio and Lua.

It keeps the promises that its problem needs (a mark has one owner, a hold ends by itself, a request id has
one answer, an applicant has at most three live holds, only a signed notification sells) and no other:
no journal, no replica, no records of payments that come late, no settings that a person can turn.

    app.py       the routes
    store.py     the scripts, one a step, each one atomic call
    *.lua        the scripts
    marks.py     patterns, prices, marks
    people.py    bearer tokens, remembered for a minute
"""
