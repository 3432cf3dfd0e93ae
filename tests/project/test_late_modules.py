"""Use cases run when they are first used: once, whoever comes at the same moment, and a mistake in one is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from proofs.harness import ROOT

PROGRAM = """
import importlib, sys, threading, types
import portal.services as services
from portal.services import {name} as late
assert type(late) is not types.ModuleType, "it has not run yet"
start, told = threading.Barrier(8), []
def use():
    start.wait()
    try:
        told.append(late.{attribute})
    except Exception as error:
        told.append(type(error).__name__)
crowd = [threading.Thread(target=use) for _ in range(8)]
for one in crowd: one.start()
for one in crowd: one.join()
"""


def run(program: str, *folders: Path) -> str:
    before = f"import sys\nimport portal.services\nportal.services.__path__.extend({[str(one) for one in folders]!r})\n"
    return subprocess.run([sys.executable, "-c", before + program], cwd=ROOT, capture_output=True, text=True,
                          timeout=60, check=True).stdout


def test_a_crowd_that_uses_a_module_first_finds_it_whole(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import time\nprint('ran')\ntime.sleep(0.3)\nANSWER = 7\n")
    out = run(PROGRAM.format(name="slow", attribute="ANSWER")
              + "assert type(late) is types.ModuleType and told == [7] * 8, told\n"
              "from portal.services.slow import ANSWER\nimport portal.services.slow as again\nassert again is late",
              tmp_path)
    assert out.split() == ["ran"]


def test_a_mistake_is_told_each_time_and_mended_by_the_next_try(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text(
        "import os\nif not os.environ.get('MENDED'):\n    raise ValueError('wrong')\nANSWER = 7\n")
    run(PROGRAM.format(name="wrong", attribute="ANSWER")
        + "assert told == ['ValueError'] * 8, told\nimport os\nos.environ['MENDED'] = 'yes'\nassert late.ANSWER == 7",
        tmp_path)


def test_a_name_that_is_no_module_is_refused() -> None:
    run("import portal.services\nassert not hasattr(portal.services, 'no_such_use_case')\n"
        "try:\n    from portal.services import no_such_use_case\nexcept ImportError:\n    pass\n"
        "else:\n    raise SystemExit('it was found')")


def test_load_all_leaves_nothing_that_has_not_run() -> None:
    run("import portal.services, sys, types\nportal.services.load_all()\n"
        "late = [n for n, m in sys.modules.items() if n.startswith('portal.services') and type(m) is not "
        "types.ModuleType]\nassert not late, late")
