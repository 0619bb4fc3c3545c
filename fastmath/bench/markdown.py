"""Tables as Markdown, for a README."""

from typing import Any

from fastmath.bench.table import text_of


def markdown(results: dict[str, Any]) -> str:
    """All tables of a run, with their notes."""
    machine = results["machine"]
    head = f"# Measured\n\n{machine['processor']}, {machine['Python']}, {results['date']}.\n"
    return "\n".join([head, *map(_table, results["tables"])])


def _table(table: dict[str, Any]) -> str:
    lines = [f"## {table['title']}", "", _row(table["columns"]), _row(["---"] * len(table["columns"]))]
    lines += [_row([text_of(cell) for cell in row]) for row in table["rows"]]
    return "\n".join([*lines, "", table["reading"], *(f"{note}" for note in table["notes"])]) + "\n"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
