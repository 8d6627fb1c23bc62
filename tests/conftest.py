from __future__ import annotations

import fcntl
import gc
import io
import logging
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Before torch is imported, and for every process the tests start: two threads that meet at each
# small layer take fifty times as long as one when another process holds a core.
os.environ["OMP_NUM_THREADS"] = os.environ.get("VVCLI_TEST_THREADS", "1")

# What Python and pytest compile stays: else every process that the tests start compiles vvcli, and
# each of their own rewrites all assertions, which takes it 5 s.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
    sys.dont_write_bytecode = False

# A shell lets what it starts in the background ignore SIGINT, `nohup` lets it ignore SIGHUP, and so
# would all that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

from tests import warm
from vvcli.cli.environment import Environment
from vvcli.cli.main import run

# A machine may be slow or busy: no test fails because an example took long.
SLOW_IS_FINE = [HealthCheck.too_slow]
settings.register_profile("any machine", deadline=None, suppress_health_check=SLOW_IS_FINE)
# A change passes or fails for what it changes, not by chance: only developers try new examples.
settings.register_profile(
    "ci", settings.get_profile("any machine"), derandomize=True, print_blob=True
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "any machine"))

TINY = warm.TINY


@dataclass(frozen=True)
class Result:
    status: int
    stdout: bytes
    stderr: str

    @property
    def error(self) -> str:
        """What stderr holds, if that is one line and no traceback."""
        assert self.stderr.count("\n") == 1, self.stderr
        assert self.stderr.startswith("vvcli: "), self.stderr
        assert "Traceback" not in self.stderr
        return self.stderr.removeprefix("vvcli: ").rstrip("\n")


InProcess = Callable[..., Result]
Process = Callable[..., Result]


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Give each process one test after the other: none is left with long ones at the end."""
    if config.getoption("numprocesses", None) and config.option.dist == "no":
        config.option.dist = "loadgroup"
        config.option.loadscopereorder = False  # the order is ours, below


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: tests of processes and sockets wait a fourth of their time."""
    return len(os.sched_getaffinity(0)) + 1 if sys.platform == "linux" else os.cpu_count() or 1


def pytest_configure(config: pytest.Config) -> None:
    """Begin to collect at another room in each process.

    pytest rewrites the tests' assertions and keeps what comes of it, so that a fresh copy of the
    repository is rewritten by the processes together, and not whole by each.
    """
    worker = getattr(config, "workerinput", {"workerid": "gw0", "workercount": 1})
    if config.args == config.getini("testpaths"):
        rooms = sorted(str(path) for path in Path(__file__).parent.iterdir() if _has_tests(path))
        first = len(rooms) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
        config.args[:] = rooms[first:] + rooms[:first]


def _has_tests(path: Path) -> bool:
    is_room = path.is_dir() and (path / "__init__.py").exists()
    return is_room or (path.name.startswith("test_") and path.suffix == ".py")


@pytest.hookimpl(tryfirst=True)  # before xdist looks for groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slow tests first, for the same end, and each by itself.

    Others are run by the file, and so are slow ones that share a fixture of their file: it is made
    once, and the process that hands out the tests has less to do.
    """
    for item in items:
        fixtures = getattr(item, "_fixtureinfo", None)
        is_shared = fixtures and any(
            found[-1].scope == "module" and item.nodeid.startswith(f"{found[-1].baseid}::")
            for found in fixtures.name2fixturedefs.values()
        )
        is_quick = item.get_closest_marker("slow") is None
        if (is_shared or is_quick) and item.get_closest_marker("xdist_group") is None:
            file = item.nodeid.partition("::")[0]
            item.add_marker(pytest.mark.xdist_group(f"{file} shared" if is_shared else file))
    items.sort(key=lambda item: (item.get_closest_marker("slow") is None, str(item.path)))


def pytest_collection_finish() -> None:
    """Keep torch, numpy and the tests themselves, which stay, out of every later collection.

    They are most of all objects, and an engine that is made or measured collects garbage.
    """
    gc.collect()
    gc.freeze()
    # pytest hangs its handlers on each logger that does not propagate, six times a test, and torch
    # has forty of them.
    for name, logger in logging.root.manager.loggerDict.items():
        if name.startswith("torch") and isinstance(logger, logging.Logger):
            logger.propagate = True


@pytest.fixture(scope="session", autouse=True)
def warm_workers() -> Iterator[None]:
    """Workers of the tests' own process have torch at once, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vvcli.fleet.processes.subprocess", warm.popen_module())
        yield


@pytest.fixture(scope="session", autouse=True)
def shared_model() -> Iterator[None]:
    """Commands of the tests' own process have the tiny model at once."""
    from tests.shared_model import shared  # torch is for the processes that run tests

    with shared():
        yield


@pytest.fixture
def vvcli(tmp_path: Path) -> InProcess:
    """`vvcli` in this process: `vvcli("speak", ..., stdin=b"...")`.

    `stdout` is a descriptor to write to, where it matters what that is.
    """

    def call(*arguments: str | Path, stdin: bytes = b"", stdout: int | None = None) -> Result:
        (tmp_path / "stdin").write_bytes(stdin)
        stderr = io.StringIO()
        with (tmp_path / "stdin").open("rb") as source, (tmp_path / "stdout").open("wb") as target:
            written = target.fileno() if stdout is None else stdout
            environment = Environment(stderr, stdin=source.fileno(), stdout=written)
            status = run([str(argument) for argument in arguments], environment)
        return Result(status, (tmp_path / "stdout").read_bytes(), stderr.getvalue())

    return call


@pytest.fixture
def high_descriptor() -> Iterator[Callable[[int], int]]:
    """A copy of a descriptor with a number that `select.select` does not take."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2048:
        pytest.skip("no descriptor can have the number 1024")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    yield lambda descriptor: fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 1100)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def speak(vvcli: InProcess) -> InProcess:
    """`vvcli speak` with the tiny model and Ada, saying only what goes wrong."""

    def call(*arguments: str | Path, voice: str = "Ada", **streams: bytes | int) -> Result:
        return vvcli("speak", "-q", "-m", TINY, "-V", voice, *arguments, **streams)

    return call


@pytest.fixture
def one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speech of any kind, in a third of the time."""
    monkeypatch.setenv("VVCLI_STEPS", "1")


@pytest.fixture
def loud(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every model speaks so loudly that many samples are beyond full scale."""
    from vvcli.engine.frames import FrameOutput  # torch is for the processes that run tests

    of = FrameOutput.of
    monkeypatch.setattr(FrameOutput, "of", lambda audio, sample_type: of(20 * audio, sample_type))


@pytest.fixture
def process() -> Process:
    """`python -m vvcli` as a process of its own, which has torch at once (`tests.warm`)."""

    def call(*arguments: str | Path, stdin: bytes = b"") -> Result:
        done = warm.run(
            [sys.executable, "-m", "vvcli", *map(str, arguments)],
            input=stdin,
            capture_output=True,
            check=False,
            timeout=100,
        )
        return Result(done.returncode, done.stdout, done.stderr.decode())

    return call
