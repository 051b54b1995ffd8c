# SPDX-License-Identifier: GPL-2.0-or-later
"""The pictures of docs/benchmarks.md. matplotlib is in a root of its own (peers/plots.packages): draw() writes the
data as JSON and runs this file there, which is then main()."""

import json
import pathlib
import shutil
import subprocess
import sys

PICTURED = {"1": "host ready", "2": "first guest", "5": "memory", "8": "memory of a guest"}


def bars(result):
    """One picture's data: groups of bars, ours beside the peer's, with lowest and highest."""
    return {"kind": "bars", "title": f"{result.row}. {result.title}",
            "groups": [{"what": measure.what, "unit": measure.unit, "peer": measure.peer_name,
                        "ours": measure.ours, "peers": measure.peer} for measure in result.measures if measure.peer]}


def wanted(everything):
    """{file name: data} of the pictures that there are results for."""
    pictures = {f"row-{result.row}.svg": bars(result) for result in everything if result.row in PICTURED}
    for result in everything:
        if "timeline" in result.extra:
            pictures["boot.svg"] = {"kind": "timeline", "title": "our boot", "phases": result.extra["timeline"]}
        if "initcalls" in result.extra:
            pictures["initcalls.svg"] = {"kind": "initcalls", "title": "the kernel's largest initcalls",
                                         "calls": result.extra["initcalls"]}
    return pictures


def draw(everything, folder):
    """Draws all pictures; returns (path from docs/, title) of each picture."""
    from results import BUILD
    root = BUILD / "bench/peers/plots"
    pictures = wanted(everything)
    if not pictures or not (root / "usr/bin/python3").exists():
        return []
    inside = root / "plots"
    shutil.rmtree(inside, ignore_errors=True)
    inside.mkdir()
    shutil.copy(__file__, inside / "plots.py")
    (inside / "wanted.json").write_text(json.dumps(pictures), "utf-8")
    done = subprocess.run(["/usr/sbin/chroot", str(root), "python3", "/plots/plots.py", "/plots/wanted.json"],
                          capture_output=True, text=True, check=False, env={"MPLBACKEND": "svg", "HOME": "/plots",
                                                                          "PATH": "/usr/bin:/bin"})
    if done.returncode != 0:
        raise RuntimeError(f"plots: {done.stderr}")
    folder.mkdir(parents=True, exist_ok=True)
    for name in pictures:
        shutil.copy(inside / name, folder / name)
    return [(f"{folder.name}/{name}", picture["title"]) for name, picture in sorted(pictures.items())]


# --- inside, where matplotlib is ---

SCALE = {"bytes": (2**20, "MiB")}


def middle(values):
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def draw_bars(picture, plt):
    groups = picture["groups"]
    figure, axes = plt.subplots(1, len(groups), figsize=(3 * len(groups) + 1, 3.2), squeeze=False)
    for axis, group in zip(axes[0], groups):
        factor, unit = SCALE.get(group["unit"], (1, group["unit"]))
        for place, (name, values) in enumerate((("mvirt", group["ours"]), (group["peer"], group["peers"]))):
            values = [value / factor for value in values]
            height = middle(values)
            axis.bar([place], [height], 0.6, color="#1f6f8b" if place == 0 else "#b8b8b8",
                     yerr=[[height - min(values)], [max(values) - height]], capsize=4)
            axis.annotate(f"{height:.3g}", (place, height), ha="center", va="bottom", xytext=(14, 2),
                          textcoords="offset points")
        axis.set_xticks([0, 1], ["mvirt", group["peer"]], fontsize=8)
        axis.set_ylabel(unit)
        axis.set_title(group["what"], fontsize=9)
        axis.spines[["top", "right"]].set_visible(False)
    figure.suptitle(picture["title"], fontsize=10)
    figure.tight_layout()
    return figure


def draw_timeline(picture, plt):
    phases = picture["phases"]
    figure, axis = plt.subplots(figsize=(9, 0.3 * len(phases) + 1.2))
    for place, phase in enumerate(phases):
        start, end = phase["start"], phase["end"]
        axis.barh([place], [max(end - start, 0.001)], left=[start], color="#1f6f8b", height=0.7)
        axis.annotate(f" {end - start:.3f} s", (end, place), va="center", fontsize=7)
    axis.set_yticks(range(len(phases)), [phase["name"] for phase in phases], fontsize=8)
    axis.invert_yaxis()
    axis.set_xlabel("seconds since reset, in the emulator")
    axis.spines[["top", "right"]].set_visible(False)
    axis.set_title(picture["title"], fontsize=10)
    figure.tight_layout()
    return figure


def draw_initcalls(picture, plt):
    calls = picture["calls"]
    figure, axis = plt.subplots(figsize=(8, 0.25 * len(calls) + 1.2))
    axis.barh(range(len(calls)), [call["ms"] for call in calls], color="#1f6f8b")
    axis.set_yticks(range(len(calls)), [call["name"] for call in calls], fontsize=7)
    axis.invert_yaxis()
    axis.set_xlabel("ms, one instruction a nanosecond")
    axis.spines[["top", "right"]].set_visible(False)
    axis.set_title(picture["title"], fontsize=10)
    figure.tight_layout()
    return figure


def main():
    import matplotlib
    matplotlib.rcParams["svg.hashsalt"] = "mvirt"
    matplotlib.rcParams["svg.fonttype"] = "none"
    import matplotlib.pyplot as plt
    kinds = {"bars": draw_bars, "timeline": draw_timeline, "initcalls": draw_initcalls}
    path = pathlib.Path(sys.argv[1])
    for name, picture in json.loads(path.read_text("utf-8")).items():
        kinds[picture["kind"]](picture, plt).savefig(path.parent / name, metadata={"Date": None})


if __name__ == "__main__":
    main()
