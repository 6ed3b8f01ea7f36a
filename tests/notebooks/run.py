"""Executes notebooks as an analyst would, from top to bottom, and says what is wrong with them.

Usage: run.py SHOTS NOTEBOOK…; the release is named by the notebooks' own variables in the environment. Figures are written to
SHOTS as PNG, for people to look at. It fails on an error, on anything that a cell writes to its standard error, on a notebook
without a figure, and on whatever `watch.py` finds in one.
"""

from __future__ import annotations

import base64
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

# The longest that a cell may take, in seconds.
PATIENCE = 300
# Notebooks at once.
AT_ONCE = 2
HERE = Path(__file__).resolve().parent
MODULES = HERE.parents[1] / "notebooks"


def execute(path: Path, shots: Path) -> list[str]:
    """Faults of one notebook, in words."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    report = shots / f"{path.stem}.figures"
    report.write_text("")
    before = f"import sys\nsys.path[:0] = [{str(HERE)!r}, {str(MODULES)!r}]\nimport watch\nwatch.begin({str(report)!r})"
    notebook.cells.insert(0, nbformat.v4.new_code_cell(before))
    client = NotebookClient(notebook, timeout=PATIENCE, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}})
    faults = []
    try:
        client.execute()
    except CellExecutionError as error:
        faults.append(str(error))
    outputs = [(number, output) for number, cell in enumerate(notebook.cells) for output in cell.get("outputs", [])]
    pictures = [output.data["image/png"] for _, output in outputs if "image/png" in output.get("data", {})]
    for number, picture in enumerate(pictures, 1):
        (shots / f"{path.stem}-{number}.png").write_bytes(base64.b64decode(picture))
    for number, output in outputs:
        if output.output_type == "stream" and output.name == "stderr":
            faults.append(f"cell {number} warns: {output.text}")
        elif output.output_type == "stream":
            print(f"{path.stem}, cell {number}: {output.text.rstrip()}")
    looked_at = [json.loads(line) for line in report.read_text().splitlines()]
    faults += [f"figure {number}: {fault}" for number, found in enumerate(looked_at, 1) for fault in found]
    if not pictures:
        faults.append("it shows no figure")
    if len(looked_at) != len(pictures):
        faults.append(f"{len(pictures)} pictures, of which {len(looked_at)} were looked at")
    return [f"{path.stem}: {fault}" for fault in faults]


def main() -> None:
    shots, paths = Path(sys.argv[1]), [Path(path) for path in sys.argv[2:]]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        faults = [fault for found in pool.map(lambda path: execute(path, shots), paths) for fault in found]
    if faults:
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main()
