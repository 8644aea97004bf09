#pragma once
/*
 * bars - progress bars for a terminal: one a tier, redrawn in place.
 *
 * Pure: they are drawn into a buffer, and whoever owns the terminal writes it. Each bar is one line and never
 * wider than the terminal, so that the number of lines to go back over is known:
 *
 *     1 Role_App  [#########---------------]  3/8  running
 *
 * A drawing begins by going back over the one before it and ends below the last bar; bars_erase() takes the
 * drawing away, for a line of text above it. Labels are shown clean (print_clean): a tag value cannot write
 * to the terminal.
 */
#include "base/str.h"

enum { BARS_WIDTH_MIN = 30, BARS_WIDTH_MAX = 120 /* wider terminals get no wider bars */ };

struct bar {
    char label[128];    /* "1 Role_App" */
    char note[64];      /* behind the counts: "running", "2 failed" */
    size_t done, total; /* 0 of 0: not known yet, shown empty */
};

struct bars { /* what stands on the terminal; zeroed: nothing */
    size_t lines;
};

/* False: a terminal so narrow gets plain lines. */
bool bars_fit(int width);
void bars_draw(struct bars *b, const struct bar *at, size_t n, int width, struct buf *out);
void bars_erase(struct bars *b, struct buf *out);
