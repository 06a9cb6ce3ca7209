"""What every request passes, whichever room it goes to.

``envelope.py`` goes around each request (its id, its time, the size of its body, the last catch),
``room.py`` declares routes with their roles and keeps the gate, ``errors.py`` turns every exception into a
problem, and ``openapi.py`` writes the whole surface down. Deliberately not here: any single route.
"""
