#include "cli/bars.h"

#include "cli/print.h"

#include <stdio.h>
#include <string.h>

enum { LABEL_SHARE = 3 /* of the width: a third at most */, COUNTS_MAX = 48, BAR_LEAST = 4, NOTE_SHARE = 3 };

bool bars_fit(int width)
{
    return width >= BARS_WIDTH_MIN;
}

void bars_erase(struct bars *b, struct buf *out)
{
    if (b->lines)
        buf_addf(out, "\x1b[%zuA\r\x1b[J", b->lines);
    b->lines = 0;
}

/* The first `most` characters. */
static struct str head_of(struct str text, size_t most)
{
    size_t n = 0;

    while (most-- && n < text.n) {
        size_t one = str_utf8(str_skip(text, n));
        n += one ? one : 1;
    }
    return str_n(text.p, n);
}

static void add_padded(struct buf *out, const char *text, size_t width)
{
    BUF_CLEANUP struct buf clean = BUF_INIT(1024);

    print_clean(str_of(text), &clean);
    struct str shown = head_of(buf_view(&clean), width);
    buf_add(out, shown);
    for (size_t w = print_width(shown); w < width; w++)
        buf_addc(out, ' ');
}

static size_t widest(const struct bar *at, size_t n, const char *(*text)(const struct bar *))
{
    size_t most = 0;

    for (size_t i = 0; i < n; i++) {
        size_t w = print_width(str_of(text(&at[i])));
        most = w > most ? w : most;
    }
    return most;
}

static const char *label_of(const struct bar *b)
{
    return b->label;
}

static const char *note_of(const struct bar *b)
{
    return b->note;
}

static void counts_of_bar(const struct bar *b, char out[COUNTS_MAX])
{
    (void)snprintf(out, COUNTS_MAX, "%zu/%zu", b->done, b->total);
}

static void add_bar(struct buf *out, const struct bar *b, size_t width)
{
    size_t full = b->total ? b->done * width / b->total : 0;

    buf_addc(out, '[');
    for (size_t i = 0; i < width; i++)
        buf_addc(out, i < full ? '#' : '-');
    buf_addc(out, ']');
}

void bars_draw(struct bars *b, const struct bar *at, size_t n, int width, struct buf *out)
{
    char counts[COUNTS_MAX];
    size_t counts_width = 0;
    size_t all = (size_t)(width < BARS_WIDTH_MAX ? width : BARS_WIDTH_MAX) - 1; /* the last column may wrap */
    size_t label = widest(at, n, label_of);
    size_t note = widest(at, n, note_of);

    label = label < all / LABEL_SHARE ? label : all / LABEL_SHARE;
    for (size_t i = 0; i < n; i++) {
        counts_of_bar(&at[i], counts);
        counts_width = strlen(counts) > counts_width ? strlen(counts) : counts_width;
    }
    size_t fixed = label + counts_width + 4; /* a blank, the brackets, a blank */
    size_t room = all > fixed ? all - fixed : 0;
    note = note + 1 + BAR_LEAST <= room ? note : room / NOTE_SHARE;
    size_t bar = room > note + 1 ? room - note - 1 : 0;
    bars_erase(b, out);
    for (size_t i = 0; i < n; i++) {
        counts_of_bar(&at[i], counts);
        add_padded(out, at[i].label, label);
        buf_addc(out, ' ');
        add_bar(out, &at[i], bar);
        buf_addc(out, ' ');
        for (size_t w = strlen(counts); w < counts_width; w++)
            buf_addc(out, ' ');
        buf_adds(out, counts);
        buf_addc(out, ' ');
        add_padded(out, at[i].note, note);
        buf_addc(out, '\n');
    }
    b->lines = n;
}
