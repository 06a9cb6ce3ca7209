"""The journal as Parquet: one row a transition, typed columns, written in row groups as it is read.

Deliberately not here: the content of documents that are no text, which stands in the lines of JSON.
"""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

# A row group of so many rows is some 10 MB in memory.
ROWS_A_GROUP: Final = 65_536

SCHEMA: Final = pa.schema(
    [
        pa.field("pool", pa.dictionary(pa.int16(), pa.string()), nullable=False),
        pa.field("revision", pa.uint64(), nullable=False),
        pa.field("server_time", pa.timestamp("ms", tz="UTC"), nullable=False),
        pa.field("verb", pa.dictionary(pa.int16(), pa.string()), nullable=False),
        pa.field("mark", pa.string()),
        pa.field("taken", pa.bool_(), nullable=False),
        pa.field("issued", pa.bool_(), nullable=False),
        pa.field("withheld", pa.bool_(), nullable=False),
        pa.field("untouched", pa.bool_(), nullable=False),
        pa.field("state", pa.string()),
        pa.field("hold", pa.string()),
        pa.field("applicant", pa.string()),
        pa.field("deadline", pa.timestamp("ms", tz="UTC")),
        pa.field("amount_tiyn", pa.int64()),
        pa.field("tariff", pa.string()),
        pa.field("request", pa.string(), nullable=False),
        pa.field("actor", pa.string(), nullable=False),
        pa.field("on_behalf", pa.string()),
        pa.field("representative", pa.string()),
        pa.field("office", pa.string(), nullable=False),
        pa.field("channel", pa.string(), nullable=False),
        pa.field("note", pa.string(), nullable=False),
        pa.field("payment_id", pa.string()),
        pa.field("payment_provider", pa.string()),
        pa.field("payment_transaction", pa.string()),
        pa.field("payment_amount_tiyn", pa.int64()),
        pa.field("payment_state", pa.string()),
        pa.field("payment_reason", pa.string()),
        pa.field("document_name", pa.string()),
        pa.field("document_version", pa.uint64()),
        pa.field("document_content", pa.string()),
    ]
)


def write(file: Path, steps: Iterable[dict[str, Any]]) -> int:
    """Write transitions, shaped as the lines of `plates journal export`, and say how many there were."""
    rows, count = map(_row, steps), 0
    with pq.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
        while group := list(islice(rows, ROWS_A_GROUP)):
            writer.write_table(pa.Table.from_pylist(group, schema=SCHEMA))
            count += len(group)
    return count


def _row(facts: dict[str, Any]) -> dict[str, Any]:
    payment, document = facts["payment"] or {}, facts["document"] or {}
    return {
        **{name: facts[name] for name in SCHEMA.names if name in facts},
        **facts["planes"],
        "server_time": facts["server_ms"],
        "deadline": facts["deadline_ms"] or None,
        **{f"payment_{name}": payment.get(name) for name in _PAYMENT},
        **{f"document_{name}": document.get(name) for name in ("name", "version", "content")},
    }


_PAYMENT: Final = ("id", "provider", "transaction", "amount_tiyn", "state", "reason")
