"""Bars of medians with the smallest and the largest of the rounds, one picture for each kind of work."""
import statistics
import sys

import goals

COLOURS = {"klamm": "#1b7f5c", "librdkafka": "#c8502b", "Java": "#3d6fb4", "franz-go": "#8a6bb1"}


def bars(axes, results, cases, broker, field, scale):
    width = 0.8 / len(COLOURS)
    for place, (client, colour) in enumerate(COLOURS.items()):
        for at, case in enumerate(cases):
            figures = [figure * scale for figure in results.figures(case, client, broker, field)]
            if not figures:
                continue
            middle = statistics.median(figures)
            error = [[middle - min(figures)], [max(figures) - middle]]
            axes.bar(at + (place - 1.5) * width, middle, width, color=colour, yerr=error, capsize=2, label=client)
    handles, labels = axes.get_legend_handles_labels()
    once = dict(zip(labels, handles))
    axes.legend(once.values(), once.keys(), fontsize=8)
    axes.set_xticks(range(len(cases)), ["/".join(case.split("/")[1:-1]) for case in cases], rotation=20, ha="right", fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def picture(pyplot, results, cases, broker, path, title):
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(max(9, 1.6 * len(cases)), 4.2), constrained_layout=True)
    bars(left, results, cases, broker, "rate", 1e-6)
    left.set_title("records/s (millions): more is better", fontsize=9)
    bars(right, results, cases, broker, "client_cpu_ns", 1)
    right.set_title("client CPU per record (ns): less is better", fontsize=9)
    right.set_yscale("log")
    figure.suptitle(f"{title}; client and broker shared one machine", fontsize=10)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def draw(results, out):
    """Returns (file, title) of each picture that was drawn."""
    try:
        import matplotlib
    except ImportError:
        print("bench: matplotlib is absent: no plots", file=sys.stderr)
        return []
    matplotlib.use("Agg")
    from matplotlib import pyplot
    drawn = []
    for kind in ("produce", "consume"):
        for broker in (goals.HERE, goals.THERE):
            cases = [case for case in results.cases() if case.startswith(kind + "/") and case.endswith("/p1/pinned") and results.figures(case, "klamm", broker, "rate")]
            if not cases:
                continue
            file, title = f"{kind}-{broker.lower().replace(' ', '-')}.png", f"{kind}, one partition, pinned alike, {broker}"
            picture(pyplot, results, sorted(cases, key=place), broker, out / file, title)
            drawn.append((file, title))
    return drawn


def place(case):
    """Smaller records first, then codecs by weight."""
    words = case.split("/")
    return int(words[1].rstrip("B")), ["none", "lz4", "zstd", "gzip"].index(words[2]), words[3:]
