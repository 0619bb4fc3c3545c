"""Tables as Markdown, for a README."""

from typing import Any

from fastmath.bench.findings import findings
from fastmath.bench.table import text_of


def markdown(results: dict[str, Any]) -> str:
    """All tables of a run, with what they say, their notes and the machine."""
    machine = results["machine"]
    short = [f"- {finding}" for finding in findings(results)]
    head = [
        f"# Measured by `fastmath bench`\n\n{machine['processor']}, {machine['Python']}, {results['date']}.\n",
        *short,
    ]
    facts = [f"- {name}: {fact}" for name, fact in machine.items()]
    return "\n".join([*head, "", *map(_table, results["tables"]), "## The machine\n", *facts]) + "\n"


def _table(table: dict[str, Any]) -> str:
    numbers = [any(isinstance(row[i], float) for row in table["rows"]) for i in range(len(table["columns"]))]
    lines = [f"## {table['title']}", "", table["reading"], "", _row(table["columns"])]
    lines.append(_row(["---:" if number else "---" for number in numbers]))
    lines += [_row([text_of(cell) for cell in row]) for row in table["rows"]]
    return "\n".join([*lines, "", *(f"- {note}" for note in table["notes"])]).rstrip() + "\n"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
