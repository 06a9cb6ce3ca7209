"""The use cases, one file an act: hold a mark, extend a hold, settle a payment, approve a tariff.

A service takes the engine and plain values, and returns plain values or raises ``Refused`` with a slug.
Deliberately not here: FastAPI, Redis, the rooms, statuses and languages. Read ``hold_mark.py`` first.
"""
