"""The runner: run what changed, skip what did not, resume after a crash."""

from __future__ import annotations

from spatial.runner.manifest import code_fingerprint
from spatial.runner.run import Decision, plan, run_stages
from spatial.runner.stage import Late, Options, Stage

__all__ = ["Decision", "Late", "Options", "Stage", "code_fingerprint", "plan", "run_stages"]
