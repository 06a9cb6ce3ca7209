"""The types of Arrow as this room names them.

The stubs of pyarrow lag behind it (`pyproject.toml` says how), so these are names for readers, not checks.
"""

from typing import Any, TypeAlias

# An Arrow array; what it holds is said where it is made.
Column: TypeAlias = Any
# Several columns of one length.
Table: TypeAlias = Any
# A row that pyarrow's CSV reader could not read.
InvalidRow: TypeAlias = Any
