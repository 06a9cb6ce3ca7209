"""How many vehicles each region has, from `fleet.toml`."""

import tomllib
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True)
class Fleet:
    """The figures a demonstration registry is made of.

    Attributes:
        vehicles: by region code, published where published, guessed elsewhere (the file says which).
        entity_share: legal entities' share of the marks.
        serial_kept: share of the numbers handed out in order that is still on the road.
        dear_digits: digits that people ask for, whatever the letters.
        dear_digits_gone: their share that is gone beyond the numbers handed out in order.
        identical_letters_gone: the same of marks whose letters are all identical.
        beautiful_share_max: an upper bound of both, of a region's marks.
    """

    vehicles: dict[str, int]
    entity_share: float
    serial_kept: float
    dear_digits: tuple[int, ...]
    dear_digits_gone: float
    identical_letters_gone: float
    beautiful_share_max: float

    def marks_by_region(self, rows: int) -> dict[str, int]:
        """Share `rows` out by the fleet, exactly: largest remainders get what rounding left over.

        >>> sum(read_fleet().marks_by_region(1_000).values())
        1000
        """
        total = sum(self.vehicles.values())
        exact = {code: rows * count / total for code, count in self.vehicles.items()}
        shared = {code: int(share) for code, share in exact.items()}
        left = rows - sum(shared.values())
        by_remainder = sorted(exact, key=lambda code: (shared[code] - exact[code], code))
        for code in by_remainder[:left]:
            shared[code] += 1
        return shared


def read_fleet() -> Fleet:
    """The committed figures."""
    content = tomllib.loads(resources.files(__package__).joinpath("fleet.toml").read_text("utf-8"))
    vehicles = {str(code): int(count) for code, count in content["published"].items()}
    people = content["guessed"]["population_thousands"]
    left = content["provenance"]["total"] - sum(vehicles.values())
    everyone = sum(people.values())
    vehicles |= {str(code): round(left * count / everyone) for code, count in people.items()}
    shape = content["shape"]
    return Fleet(
        vehicles=dict(sorted(vehicles.items())),
        entity_share=shape["entity_share"],
        serial_kept=shape["serial_kept"],
        dear_digits=tuple(int(digits) for digits in shape["dear_digits"]),
        dear_digits_gone=shape["dear_digits_gone"],
        identical_letters_gone=shape["identical_letters_gone"],
        beautiful_share_max=shape["beautiful_share_max"],
    )
