#include "conf/options.h"
#include "conf/options_table.h"

#include <string.h>

/* What people read: --help, the table of docs/configuration.md, the values of the start-up log. */

enum { TEXT_COLUMN = 30, LINE_COLUMNS = 100 };

/* Broken into lines at spaces, each beginning at `column`; the first one is there already. */
static void wrap(struct str text, int column, struct buf *out)
{
    int at = column;
    struct str word;

    while (text.n) {
        (void)str_cut(text, ' ', &word, &text);
        if (at > column && at + 1 + (int)word.n > LINE_COLUMNS) {
            buf_addf(out, "\n%*s", column, "");
            at = column;
        } else if (at > column) {
            buf_addc(out, ' ');
            at++;
        }
        buf_add(out, word);
        at += (int)word.n;
    }
    buf_addc(out, '\n');
}

static void entry(const char *flag, struct str text, struct buf *out)
{
    size_t n = 0; /* columns: characters, not bytes */

    for (const char *p = flag; *p; p++)
        n += ((unsigned char)*p & 0xc0) != 0x80;
    buf_addf(out, "  %s", flag);
    if (n + 4 > TEXT_COLUMN)
        buf_addf(out, "\n%*s", TEXT_COLUMN, "");
    else
        buf_addf(out, "%*s", TEXT_COLUMN - 2 - (int)n, "");
    wrap(text, TEXT_COLUMN, out);
}

static void add_words(const struct option *row, const char *between, struct buf *out)
{
    for (size_t i = 0; row->words[i]; i++)
        buf_addf(out, "%s%s", i ? between : "", row->words[i]);
}

static void add_default(const struct option *row, const char *listen, struct buf *out)
{
    if (strcmp(row->name, "admin.listen") == 0 && listen)
        buf_adds(out, listen);
    else if (row->implied)
        buf_adds(out, row->implied);
    else if (row->initial && *row->initial)
        buf_adds(out, row->initial);
    else
        buf_adds(out, "none");
}

static void help_row(const struct option *row, const char *listen, struct buf *out)
{
    BUF_CLEANUP struct buf flag = BUF_INIT(200);
    BUF_CLEANUP struct buf text = BUF_INIT(2000);

    buf_addf(&flag, "--%s", row->name);
    if (row->kind == OPTION_ENUM) {
        buf_addc(&flag, ' ');
        add_words(row, "|", &flag);
    } else if (row->value) {
        buf_addf(&flag, " %s", row->value);
    }
    buf_addf(&text, "%s [", row->help);
    add_default(row, listen, &text);
    buf_addc(&text, ']');
    entry(buf_cstr(&flag), buf_view(&text), out);
}

/* Named in the program's list, or below one of its prefixes. */
static bool is_about(const struct options_program *p, const char *name)
{
    for (size_t i = 0; p->about && p->about[i]; i++) {
        struct str about = str_of(p->about[i]);
        bool prefix = str_ends(about, STR("."));
        if (prefix ? str_starts(str_of(name), about) : str_is(about, name))
            return true;
    }
    return false;
}

static void help_rows(const struct options_program *p, bool about, struct buf *out)
{
    for (const struct option *row = option_table; row->name; row++)
        if (is_about(p, row->name) == about)
            help_row(row, p->listen, out);
    if (is_about(p, "kafka.x.") == about)
        entry("--kafka.x.PROPERTY VALUE",
              STR("A property for librdkafka as it is, except those that the protocol sets itself. Names "
                  "with password, "
                  "secret, key or token in them are secrets."),
              out);
}

void options_help(const struct options_program *p, struct buf *out)
{
    buf_addf(out, "%s - %s\n\nUsage: %s [--NAME VALUE | --NAME=VALUE]%s\n", p->name, p->summary, p->name,
             p->listen ? "…" : "… VERB [ARGUMENT]…");
    if (p->about && p->about[0]) {
        buf_adds(out, "\nOptions of this program [default]:\n");
        help_rows(p, true, out);
        buf_adds(out, "\nAll others, accepted too, so that one file serves all four programs [default]:\n");
    } else {
        buf_adds(out, "\nOptions [default]:\n");
    }
    help_rows(p, false, out);
    buf_adds(out, "\nGeneral:\n");
    entry("--config FILE",
          STR("File of options, a line `name = value` each. [/etc/ec2sched/ec2sched.conf, if there]"), out);
    if (p->listen)
        entry("--health", STR("Ask the running program, at admin.listen, whether it is well; exit 0 if so."),
              out);
    entry("--version", STR("Print the version."), out);
    entry("--help, -h", STR("Print this."), out);
    buf_adds(
        out,
        "\nEach option is also a variable (--kafka.brokers: EC2SCHED_KAFKA_BROKERS) and a key in the file.\n"
        "A flag counts more than a variable, a variable more than the file, the file more than the default.\n"
        "Times are seconds (2.5) or have a unit: 500ms, 15s, 10m, 6h, 7d. Secrets may be @/path/to/file.\n");
}

/* ---- docs/configuration.md ---- */

static void add_range(const struct option *row, struct buf *out)
{
    switch (row->kind) {
    case OPTION_INT:
        buf_addf(out, "%lld to %lld", (long long)row->min, (long long)row->max);
        break;
    case OPTION_DURATION:
        option_show_duration(row->min, out);
        buf_adds(out, " to ");
        option_show_duration(row->max, out);
        break;
    case OPTION_BOOL:
        buf_adds(out, "true, false");
        break;
    case OPTION_ENUM:
        add_words(row, ", ", out);
        break;
    case OPTION_SECRET:
        buf_adds(out, "secret");
        break;
    case OPTION_STR:
    case OPTION_URL:
        buf_addf(out, "%s", row->value);
        break;
    }
}

void options_markdown(struct buf *out)
{
    char variable[OPTION_VARIABLE_MAX];

    buf_adds(out, "| option | variable | value | default | meaning |\n|---|---|---|---|---|\n");
    for (const struct option *row = option_table; row->name; row++) {
        bool literal = !row->implied && row->initial && *row->initial;
        option_variable(str_of(row->name), variable);
        buf_addf(out, "| `%s` | `%s` | ", row->name, variable);
        add_range(row, out);
        buf_adds(out, literal ? " | `" : " | ");
        add_default(row, NULL, out);
        buf_addf(out, "%s | %s |\n", literal ? "`" : "", row->help);
    }
    buf_adds(out, "| `kafka.x.PROPERTY` | `EC2SCHED_KAFKA_X_PROPERTY` | as librdkafka says | none | A "
                  "property for librdkafka "
                  "as it is, except those that the protocol sets itself. Names with password, secret, key or "
                  "token in them "
                  "are secrets. |\n");
}

void options_print(const struct options *o, struct buf *out)
{
    for (const struct option *row = option_table; row->name; row++) {
        buf_addf(out, "%s = ", row->name);
        option_show(o, row, out);
        buf_addc(out, '\n');
    }
    for (size_t i = 0; i < o->kafka.x_count; i++)
        buf_addf(out, "kafka.x.%s = %s\n", o->kafka.x[i].name,
                 o->kafka.x[i].secret ? "***" : o->kafka.x[i].value);
}
