"""The auditors' room: one mark's whole history, from the journal."""

from plateapi.audit.routes import room

__all__ = ["room"]
