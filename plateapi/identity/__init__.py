"""Who is asking: bearer tokens, the pseudonyms of applicants, and the demo profile's own issuer.

Deliberately not here: what a role may do (each route declares that) and how a refusal looks over HTTP
(``plateapi/problems.py``). Begin with ``tokens.py``; ``applicants.py`` is the only place that sees an IIN.
"""

from plateapi.identity.applicants import ApplicantIdInvalid, Pseudonyms
from plateapi.identity.keys import KeyRefused, secret_key
from plateapi.identity.local_issuer import LocalIssuer
from plateapi.identity.tokens import TokenRefused, TokenVerifier

__all__ = [
    "ApplicantIdInvalid",
    "KeyRefused",
    "LocalIssuer",
    "Pseudonyms",
    "TokenRefused",
    "TokenVerifier",
    "secret_key",
]
