"""Every promise as an experiment that anybody can run, with its negative control in the same run.

    python -m proof [--only NAME,NAME] [--short] [--seed N] [--json FILE]       `make proof`
    python -m proof --replay NAME:SEED                                          `make replay SEED=NAME:SEED`

experiment   what an experiment is: a promise, a run, a sabotaged run, sizes, seeds
experiments  one file an experiment
catalogue    which there are, in the order in which they run
verdict      runs one and judges it: the promise must hold and its control must fail
table        what came out, for people and for a file
told         every answer that was acknowledged, as the history checker reads it
crowd        people who hold, pay and give back through the facade, all at once
false_disk   a disk that is slow, full, broken or a liar, and where power can be cut and a write torn
supervised   the embedded store under our own supervisor
callers      people who do the same over HTTP, and ask again under the same key
processes    the processes of a running service, to be killed and paused
clerk        a process with an engine of its own that does what others ask, to be killed and paused
starter      a process that starts the embedded store, to be killed
audit        is everything that was acknowledged in the store and in its feed?
inside       the whole app in this process, over a store of its own
api_process  the API's own process over a store of its own
api_fuzzer   schemathesis, with a client's memory
canaries     numbers that stand nowhere else, and the search for them
slow_crowd   many slow clients at once
forgery      ways of forging a bearer token
seeded       mistakes that somebody could make in our own code, each with the test that must find it
planted      the core with faults that can be planted, and a service that runs on it

Deliberately not here: how fast anything is (``bench/``), and what a single function answers (``tests/``).
Figures stand in an experiment only where a promise is a time: how soon the service is ready again.
"""
