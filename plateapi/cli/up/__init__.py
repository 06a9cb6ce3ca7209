"""`plates up`: everything that runs, started in order, watched, and stopped in order.

    command     what `plates up` and `plates down` do, step by step
    boot        what must be right before anything serves: store, contract, functions, law
    conductor   the processes that run, restarted when they end, stopped together
    child       one of them
    leash       how a child learns that its parent is gone
    turns       why a woken child does not interrupt who is at work
    runfile     what runs where, for the next `plates up` and for `plates down`
    counts      where the API's workers count together
    greeting    what a newcomer reads first
    api_server  the API's process

Deliberately not here: what the processes do.
"""
