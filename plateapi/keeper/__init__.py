"""What runs beside the API: expiry, the clock guard, the journal, the replica, the activation of tariffs.

One keeper is active; any number stand ready. Deliberately not here: any rule of the lifecycle. A keeper asks
the store to expire what is due; the store judges each mark again when it does so.
Look next at ``process.py``, which puts the parts together.
"""
