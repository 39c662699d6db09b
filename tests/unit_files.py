"""What is wrong with a systemd unit file, as far as its text tells: names, sections and the form of values.

A part of `systemd-analyze verify` that needs no systemd: every directive our units use stands in FORMS with its section
and form, by systemd.unit(5), systemd.service(5), systemd.exec(5), systemd.kill(5) and systemd.resource-control(5). One
that stands in no table is a fault: it is looked up there and added, or it was mistyped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

UNIT_NAME = r"[A-Za-z0-9_.\-]+\.(service|target)"
SPAN = r"\d+(ms|s|min|h)?"
SIZE = r"\d+[KMGT]?|infinity"
NAME = r"[a-z][a-z0-9\-]*"
FAMILY = r"AF_(UNIX|INET|INET6)"
CALL = r"@?[a-z0-9_\-]+"


def several(form: str) -> str:
    """Of them any number but none."""
    return rf"({form})( ({form}))*"


YES_NO = r"yes|no"
SWITCHES = (  # of [Service], yes or no
    *("LockPersonality", "MemoryDenyWriteExecute", "NoNewPrivileges", "PrivateDevices", "PrivateNetwork", "PrivateTmp"),
    *("ProtectClock", "ProtectControlGroups", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules"),
    *("ProtectKernelTunables", "RemoveIPC", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID"),
)

FORMS: Mapping[str, Mapping[str, str]] = {
    "Unit": {
        "Description": r"\S.*",
        **dict.fromkeys(("After", "Before", "Requires", "Wants"), several(UNIT_NAME)),
        "StartLimitIntervalSec": SPAN,
        "StartLimitBurst": r"\d+",
    },
    "Service": {
        **dict.fromkeys(SWITCHES, YES_NO),
        **dict.fromkeys(("User", "Group", "SupplementaryGroups", "StateDirectory", "CacheDirectory"), several(NAME)),
        **dict.fromkeys(("StateDirectoryMode", "CacheDirectoryMode", "UMask"), r"0[0-7]{3}"),
        **dict.fromkeys(("RestartSec", "TimeoutStopSec"), SPAN),
        **dict.fromkeys(("MemoryHigh", "MemoryMax"), SIZE),
        **dict.fromkeys(("TasksMax", "LimitNOFILE", "LimitCORE"), r"\d+"),
        **dict.fromkeys(("CapabilityBoundingSet", "AmbientCapabilities"), r""),
        **dict.fromkeys(("EnvironmentFile", "InaccessiblePaths", "ReadWritePaths"), several(r"-?/[^\s:]+")),
        "Type": r"simple|exec|forking|oneshot|dbus|notify|notify-reload|idle",
        "Restart": r"no|on-success|on-failure|on-abnormal|on-watchdog|on-abort|always",
        "KillMode": r"control-group|mixed|process|none",
        "ProtectSystem": r"yes|no|full|strict",
        "ProtectHome": r"yes|no|read-only|tmpfs",
        "ProtectProc": r"noaccess|invisible|ptraceable|default",
        "ProcSubset": r"all|pid",
        "IPAddressDeny": r"any|localhost|link-local|multicast",
        "WorkingDirectory": r"/\S+",
        "ExecStart": r"/\S+( .+)?",
        "LoadCredentialEncrypted": r"[a-z]+:/\S+",
        "RestrictAddressFamilies": several(FAMILY),
        "SystemCallArchitectures": r"native",
        "SystemCallFilter": rf"~?{several(CALL)}",
    },
    "Install": {"WantedBy": several(UNIT_NAME)},
}
LISTS = ("After", "Before", "Requires", "Wants", "SystemCallFilter", "EnvironmentFile", "SupplementaryGroups")
NEEDED = {"Unit": ("Description",), "Service": ("ExecStart", "User"), "Install": ("WantedBy",)}


def faults(text: str) -> list[str]:
    """One line each; none for a good unit."""
    return list(_faults(text))


def _faults(text: str) -> Iterator[str]:
    section, seen = "", set[tuple[str, str]]()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith(("#", ";")):
            continue
        if header := re.fullmatch(r"\[(\w+)\]", line):
            section = header[1]
            if section not in FORMS:
                yield f"line {number}: no section [{section}] in a service"
            continue
        name, equals, value = line.partition("=")
        form = FORMS.get(section, {}).get(name)
        if not equals:
            yield f"line {number}: neither a section nor a directive: {line!r}"
        elif form is None:
            yield f"line {number}: unknown name {name!r} in section [{section}]"
        elif not re.fullmatch(form, value):
            yield f"line {number}: {name}={value!r} is not of the form {form}"
        elif (section, name) in seen and name not in LISTS:
            yield f"line {number}: {name} stands here a second time"
        seen.add((section, name))
    for section, names in NEEDED.items():
        for name in names:
            if (section, name) not in seen:
                yield f"no {name} in section [{section}]"
