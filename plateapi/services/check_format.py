"""Whether marks of a format are for this kind of applicant: the format's own file says so."""

from plateapi.engine import Engine
from plateapi.people import Errand
from plateapi.refusals import Refused


def check_format(engine: Engine, format_id: str, errand: Errand) -> None:
    """Refuse a person's mark for an entity and the reverse: ``format_not_for_applicant``."""
    wanted = engine.formats[format_id].get("applicant")
    if errand.applicant is not None and wanted is not None and wanted != errand.applicant.kind:
        raise Refused("format_not_for_applicant", format=format_id, applicant=errand.applicant.kind)
