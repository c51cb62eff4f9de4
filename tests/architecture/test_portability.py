"""What only POSIX has is used behind a guard, so that Thaw at least starts on Windows."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "streamlit_app.py"] + [
    path for room in ("core", "pages") for path in sorted((ROOT / room).rglob("*.py"))
]

# From the documentation of Python's library, "Availability: Unix" or "not Windows".
MODULES = {
    "fcntl",
    "grp",
    "posix",
    "pty",
    "pwd",
    "readline",
    "resource",
    "syslog",
    "termios",
    "tty",
}
OF_OS = {
    *("chown", "chroot", "confstr", "ctermid", "fchdir", "fchmod", "fchown", "fork", "forkpty"),
    *("fpathconf", "fstatvfs", "getegid", "geteuid", "getgid", "getgrouplist", "getgroups"),
    *("getloadavg", "getpgid", "getpgrp", "getpriority", "getresgid", "getresuid", "getsid"),
    *("getuid", "getxattr", "initgroups", "killpg", "lchmod", "lchown", "listxattr", "lockf"),
    *("major", "makedev", "memfd_create", "minor", "mkfifo", "mknod", "nice", "openpty"),
    *("pathconf", "pidfd_open", "posix_fadvise", "posix_fallocate", "posix_spawn", "pread"),
    *("preadv", "pwrite", "pwritev", "register_at_fork", "removexattr", "sched_getaffinity"),
    *("sched_setaffinity", "sched_yield", "sendfile", "setegid", "seteuid", "setgid", "setgroups"),
    *("setpgid", "setpriority", "setsid", "setuid", "setxattr", "splice", "statvfs", "sync"),
    *("sysconf", "tcgetpgrp", "uname", "wait", "wait3", "wait4", "waitid", "O_CLOEXEC"),
    *("O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "O_SYNC", "O_TMPFILE", "WNOHANG"),
}
OF_SIGNAL = {
    *("SIGALRM", "SIGBUS", "SIGCHLD", "SIGCONT", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT"),
    *("SIGSTOP", "SIGTSTP", "SIGUSR1", "SIGUSR2", "SIGWINCH", "alarm", "getitimer", "pause"),
    *("pthread_kill", "pthread_sigmask", "setitimer", "siginterrupt", "sigwait"),
}
ARGUMENTS = {"dir_fd", "follow_fd", "preexec_fn", "process_group", "start_new_session"}
METHODS = {"add_signal_handler", "remove_signal_handler"}
GUARDS = ("os.name", "sys.platform", "hasattr(", "except ImportError", "NotImplementedError")


def uses(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Everything in a module that only POSIX has."""
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                yield from ((node, each.name) for each in node.names if each.name in MODULES)
            case ast.ImportFrom(module=module) if module in MODULES:
                yield node, str(module)
            case ast.ImportFrom(module="os" | "signal" as module):
                wanted = OF_OS if module == "os" else OF_SIGNAL
                yield from ((node, each.name) for each in node.names if each.name in wanted)
            case ast.Attribute(value=ast.Name(id="os"), attr=name) if name in OF_OS:
                yield node, f"os.{name}"
            case ast.Attribute(value=ast.Name(id="signal"), attr=name) if name in OF_SIGNAL:
                yield node, f"signal.{name}"
            case ast.Attribute(attr=name) if name in METHODS:
                yield node, name
            case ast.keyword(arg=str(name)) if name in ARGUMENTS:
                yield node, name
            case ast.Constant(value=str(name)) if name in ARGUMENTS:
                yield node, name


def unguarded(source: str) -> list[str]:
    """Uses in functions that ask nowhere what they run on."""
    tree = ast.parse(source)
    functions = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    found = []
    for use, name in uses(tree):
        inside = [each for each in functions if any(node is use for node in ast.walk(each))]
        code = min((ast.unparse(each) for each in inside), key=len, default="")
        if not any(guard in code for guard in GUARDS):
            found.append(name)
    return found


def test_what_only_posix_has_is_used_behind_a_guard() -> None:
    found = {
        str(path.relative_to(ROOT)): names
        for path in FILES
        if (names := unguarded(path.read_text(encoding="utf-8")))
    }
    assert not found


def test_these_are_all_there_are() -> None:
    """The list of what Thaw uses that Windows lacks, each with another way there."""
    found = {
        (str(path.relative_to(ROOT)), name)
        for path in FILES
        for _, name in uses(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found == {
        ("core/limited.py", "resource"),  # no limit of memory there
        ("core/cli/messages.py", "resource"),  # psutil says it there
        ("core/jobs/cluster/connection.py", "start_new_session"),  # creation flags there
        ("core/jobs/cluster/program.py", "add_signal_handler"),  # `stop` ends processes there
    }


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("import os\ndef f():\n    return os.getuid()", "os.getuid"),
        ("from os import fork", "fork"),
        ("import fcntl", "fcntl"),
        ("import signal\nsignal.signal(signal.SIGKILL, None)", "signal.SIGKILL"),
        ("import subprocess\nsubprocess.Popen([], start_new_session=True)", "start_new_session"),
        ("import os\ndef f():\n    os.open('a', 0, dir_fd=3)", "dir_fd"),
    ],
)
def test_the_rule_sees_what_has_no_guard(code: str, name: str) -> None:
    assert unguarded(code) == [name]


def test_the_rule_accepts_a_guard() -> None:
    assert unguarded("import os\ndef f():\n    return os.getuid() if os.name != 'nt' else 0") == []
