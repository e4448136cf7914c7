"""The server's description is true: a tester that is driven by it finds no answer that it does not promise."""

import subprocess
import sys
from pathlib import Path

SETTINGS = Path(__file__).with_name("schemathesis.toml")


def test_a_tester_driven_by_the_description_finds_nothing(server, tmp_path):
    address = f"http://127.0.0.1:{server.port}/openapi.json"
    command = [
        Path(sys.executable).with_name("schemathesis"),
        "--config-file",
        SETTINGS,
        "run",
        address,
        "--max-examples",
        "15",
        "--seed",
        "1",
    ]
    said = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert said.returncode == 0, said.stdout[-4000:]
    assert "Tested: 15" in said.stdout
