"""Tables of methods that are trained with equal budgets, measured in one way and compared.

.. code-block:: python

    from conclu_pyg.reproduction import reproduce

    result = reproduce("table1", budget="quick")
    values = {each.row.label: each.values for each in result.rows}
"""

from __future__ import annotations

from conclu_pyg.lazy_names import lazy_names

# Imported on first use: a table is checked before torch is imported.
_EXPORTS = {
    "reproduce": "reproduce",
    "read_table": "table_file",
    "Table": "table",
    "Result": "result",
}

__all__ = list(_EXPORTS)
__getattr__ = lazy_names(__name__, _EXPORTS)
