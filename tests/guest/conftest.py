"""The system tests' namespaces, daemon and fixtures, for tests that need a kernel of their own choice."""

import importlib.util
import sys
from pathlib import Path

SYSTEM = Path(__file__).parents[1] / "system"
sys.path.insert(0, str(SYSTEM))
_specification = importlib.util.spec_from_file_location("system_conftest", SYSTEM / "conftest.py")
_module = importlib.util.module_from_spec(_specification)
_specification.loader.exec_module(_module)
globals().update({name: value for name, value in vars(_module).items() if not name.startswith("__")})
