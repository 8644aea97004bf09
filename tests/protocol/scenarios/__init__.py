"""Scenarios with the exact answer of every script, each file one theme."""
import importlib

from scenarios import kit

THEMES = (
    "position",
    "names",
    "texts",
    "admission",
    "life",
    "plans",
    "counts",
    "pause",
    "causes",
    "controls",
    "debts",
    "leases",
    "deaths",
    "guard",
    "take",
    "published",
    "drained",
    "loss",
    "beat",
    "lead",
    "holds",
    "width",
)


def run(view):
    kit.use(view)
    for theme in THEMES:
        importlib.import_module("scenarios." + theme).run()
    print(f"{len(kit.names)} scenarios ok")
