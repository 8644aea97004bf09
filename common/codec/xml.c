#include "codec/xml.h"

#include "base/mem.h"

#include <expat.h>

#include <limits.h>
#include <stdint.h>
#include <string.h>

enum {
    CHUNK_BYTES = 64 * 1024,
    FEED_BYTES = 32 * 1024, /* at once: the parser copies what it is given */
    NAMES_KEPT = 256,
    ALIGNED = sizeof(void *),
};

/* A page of EC2 has 60,000 elements: they, their names (each once, as a rule) and texts stand in the chunks
 * of their root. */
struct xml {
    struct xml *first, *next;
    const char *name; /* NUL-terminated */
    const char *text; /* NULL: none */
    uint32_t text_n, name_n;
};

struct chunk {
    struct chunk *next;
    size_t used, size;
    char bytes[];
};

struct store {
    struct chunk *chunks;
};

struct root {
    struct xml x; /* first: what callers hold is its address */
    struct store store;
};

struct builder {
    XML_Parser parser;
    struct root *root;
    struct xml *open[XML_DEPTH_MAX], *last[XML_DEPTH_MAX]; /* last: child of the open one */
    size_t depth, nodes;
    const char *const *wanted;     /* NULL: all */
    size_t dropping;               /* levels of an element that is not wanted */
    const char *names[NAMES_KEPT]; /* by their hash; a newer one takes an older one's place */
    struct buf text;               /* of the innermost open element, while it has no children */
    const char *refused;           /* why, when it was us */
    const struct xml_list *list;   /* NULL: none */
    struct store passing;          /* what the list's present element is made of */
    struct err *e;
    bool told; /* e is set: the element was refused by who it was handed to */
};

static void *room(struct store *s, size_t n)
{
    struct chunk *c = s->chunks;

    n = (n + ALIGNED - 1) / ALIGNED * ALIGNED;
    if (!c || c->size - c->used < n) {
        size_t size = n > CHUNK_BYTES ? n : CHUNK_BYTES;
        c = xmalloc(sizeof *c + size);
        *c = (struct chunk){.next = s->chunks, .size = size};
        s->chunks = c;
    }
    c->used += n;
    return c->bytes + c->used - n;
}

/* Empties it; one chunk stays if asked for. */
static void clear(struct store *s, bool keep_one)
{
    struct chunk *c = s->chunks;

    while (c && (c->next || !keep_one)) {
        struct chunk *next = c->next;
        xfree(c);
        c = next;
    }
    if (c)
        c->used = 0;
    s->chunks = c;
}

static const char *keep(struct store *to_store, const char *s, size_t n)
{
    char *to = room(to_store, n + 1);

    memcpy(to, s, n);
    to[n] = '\0';
    return to;
}

static const char *keep_name(struct builder *b, const char *name, size_t n)
{
    size_t hash = n;

    for (size_t i = 0; i < n; i++)
        hash = hash * 31 + (unsigned char)name[i];
    const char **kept = &b->names[hash % NAMES_KEPT];
    if (!*kept || strcmp(*kept, name) != 0)
        *kept = keep(&b->root->store, name, n);
    return *kept;
}

static void refuse(struct builder *b, const char *why)
{
    if (!b->refused)
        b->refused = why;
    (void)XML_StopParser(b->parser, XML_FALSE);
}

static const char *local_name(const char *name)
{
    const char *colon = strrchr(name, ':');

    return colon ? colon + 1 : name;
}

/* Its elements have left it: what stands between them is no text. */
static bool is_list(const struct builder *b, const struct xml *x)
{
    return b->list && b->depth == 1 && strcmp(x->name, b->list->list) == 0;
}

/* The open elements are the root, the list, and more. */
static bool in_list(const struct builder *b)
{
    return b->list && b->depth >= 2 && strcmp(b->open[1]->name, b->list->list) == 0;
}

static struct store *store_of(struct builder *b)
{
    return in_list(b) ? &b->passing : &b->root->store;
}

static bool is_wanted(const struct builder *b, const char *name)
{
    if (!b->wanted || !b->depth)
        return true;
    for (const char *const *w = b->wanted; *w; w++)
        if (strcmp(*w, name) == 0)
            return true;
    return false;
}

static void XMLCALL on_start(void *self, const XML_Char *name, const XML_Char **attributes)
{
    struct builder *b = self;

    (void)attributes;
    if (b->refused)
        return;
    if (b->depth + b->dropping == XML_DEPTH_MAX) {
        refuse(b, "nested too deep");
        return;
    }
    if (b->nodes++ == XML_NODES_MAX) {
        refuse(b, "too many elements");
        return;
    }
    const char *local = local_name(name);
    if (b->dropping || !is_wanted(b, local)) {
        b->dropping++;
        return;
    }
    size_t n = strlen(local);
    struct xml *x = b->depth ? room(store_of(b), sizeof *x) : &b->root->x;
    *x = (struct xml){.name = keep_name(b, local, n), .name_n = (uint32_t)n};
    if (b->depth) {
        struct xml **end =
            b->last[b->depth - 1] ? &b->last[b->depth - 1]->next : &b->open[b->depth - 1]->first;
        *end = b->last[b->depth - 1] = x;
    }
    b->last[b->depth] = NULL;
    b->open[b->depth++] = x;
    buf_clear(&b->text);
}

/* The list's present element is whole. */
static void hand_over(struct builder *b, const struct xml *x)
{
    if (!b->list->each(b->list->self, x, b->e)) {
        b->told = true;
        refuse(b, "");
    }
    b->open[1]->first = b->last[1] = NULL;
    clear(&b->passing, true);
}

static void XMLCALL on_end(void *self, const XML_Char *name)
{
    struct builder *b = self;

    (void)name;
    if (b->refused)
        return;
    if (b->dropping) {
        b->dropping--;
        return;
    }
    struct xml *x = b->open[--b->depth];
    if (b->text.n && !is_list(b, x)) {
        x->text = keep(store_of(b), b->text.p, b->text.n);
        x->text_n = (uint32_t)b->text.n; /* below three times the document, which is below INT_MAX / 4 */
    }
    buf_clear(&b->text);
    if (b->depth == 2 && in_list(b))
        hand_over(b, x);
}

static void XMLCALL on_text(void *self, const XML_Char *text, int n)
{
    struct builder *b = self;

    if (!b->refused && !b->dropping && b->depth && !b->open[b->depth - 1]->first)
        buf_add(&b->text, str_n(text, (size_t)n));
}

static void XMLCALL on_doctype(void *self, const XML_Char *name, const XML_Char *sysid, const XML_Char *pubid,
                               int internal)
{
    (void)name;
    (void)sysid;
    (void)pubid;
    (void)internal;
    refuse(self, "a document type declaration");
}

/* Debian 13's expat counts in 64 bits, and deprecates what Debian 12's has. */
#if XML_MAJOR_VERSION > 2 || (XML_MAJOR_VERSION == 2 && XML_MINOR_VERSION >= 8)
#define XML_LINE(parser)   XML_GetCurrentLineNumber64(parser)
#define XML_COLUMN(parser) XML_GetCurrentColumnNumber64(parser)
#else
#define XML_LINE(parser)   XML_GetCurrentLineNumber(parser)
#define XML_COLUMN(parser) XML_GetCurrentColumnNumber(parser)
#endif

static bool feed(struct builder *b, struct str text, struct err *e)
{
    enum XML_Status status = XML_STATUS_OK;

    while (status == XML_STATUS_OK && text.n > FEED_BYTES) {
        status = XML_Parse(b->parser, text.p, FEED_BYTES, 0);
        text = str_skip(text, FEED_BYTES);
    }
    if (status == XML_STATUS_OK)
        status = XML_Parse(b->parser, text.n ? text.p : "", (int)text.n, 1);
    if (status == XML_STATUS_OK && !b->refused)
        return buf_ok(&b->text, "not XML: text", e);
    if (b->told)
        return false;
    const char *why = b->refused ? b->refused : XML_ErrorString(XML_GetErrorCode(b->parser));
    return err_set(e, ERR_INVALID, "not XML: line %lu, column %lu: %s", (unsigned long)XML_LINE(b->parser),
                   (unsigned long)XML_COLUMN(b->parser), why);
}

struct xml *xml_parse(struct str text, size_t max, struct err *e)
{
    return xml_parse_only(text, max, NULL, e);
}

struct xml *xml_parse_only(struct str text, size_t max, const char *const *names, struct err *e)
{
    return xml_parse_list(text, max, names, NULL, e);
}

struct xml *xml_parse_list(struct str text, size_t max, const char *const *names, const struct xml_list *list,
                           struct err *e)
{
    static const XML_Memory_Handling_Suite memory = {xmalloc, xrealloc, xfree};

    if (text.n > max || text.n > INT_MAX / 4) {
        (void)err_set(e, ERR_INVALID, "not XML: over %zu bytes", max < INT_MAX / 4 ? max : INT_MAX / 4);
        return NULL;
    }
    struct builder b = {
        .root = xcalloc(1, sizeof *b.root),
        .wanted = names,
        .list = list,
        .e = e,
        .text = BUF_INIT(text.n * 3), /* the most that any encoding of the text grows to in UTF-8 */
    };
    b.parser = XML_ParserCreate_MM(NULL, &memory, NULL);
    BUG_IF(!b.parser); /* allocation cannot fail */
    XML_SetUserData(b.parser, &b);
    XML_SetElementHandler(b.parser, on_start, on_end);
    XML_SetCharacterDataHandler(b.parser, on_text);
    XML_SetStartDoctypeDeclHandler(b.parser, on_doctype);
    bool ok = feed(&b, text, e);
    XML_ParserFree(b.parser);
    buf_release(&b.text);
    clear(&b.passing, false);
    if (ok)
        return &b.root->x;
    xml_free(&b.root->x);
    return NULL;
}

void xml_free(struct xml *root)
{
    struct root *r = (struct root *)root;

    if (r)
        clear(&r->store, false);
    xfree(r);
}

void xml_freep(struct xml **root)
{
    xml_free(*root);
    *root = NULL;
}

struct str xml_name(const struct xml *x)
{
    return x ? str_n(x->name, x->name_n) : STR("");
}

struct str xml_text(const struct xml *x)
{
    return x && x->text ? str_n(x->text, x->text_n) : STR("");
}

static const struct xml *child(const struct xml *x, struct str name)
{
    const struct xml *c = xml_first(x);

    while (c && !str_eq(xml_name(c), name))
        c = xml_next(c);
    return c;
}

const struct xml *xml_child(const struct xml *x, const char *name)
{
    return child(x, str_of(name));
}

const struct xml *xml_first(const struct xml *x)
{
    return x ? x->first : NULL;
}

const struct xml *xml_next(const struct xml *x)
{
    return x ? x->next : NULL;
}

struct str xml_at(const struct xml *x, const char *path)
{
    struct str rest = str_of(path);
    struct str name;

    while (x && rest.n) {
        (void)str_cut(rest, '/', &name, &rest);
        x = child(x, name);
    }
    return xml_text(x);
}

/*
 * The text of one character, or NULL where it can go as it is. XML 1.0 has no way to write most control
 * characters.
 */
static const char *reference(unsigned char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&apos;";
    case '\r':
        return "&#13;"; /* bare it would be read as a line feed */
    default:
        return c >= 0x20 || c == '\t' || c == '\n' ? NULL : "\xef\xbf\xbd";
    }
}

/* U+FFFE and U+FFFF are UTF-8 but no XML character. */
static bool is_noncharacter(struct str s)
{
    return str_starts(s, STR("\xef\xbf\xbe")) || str_starts(s, STR("\xef\xbf\xbf"));
}

void xml_escape(struct str s, struct buf *out)
{
    while (s.n) {
        size_t n = str_utf8(s);
        const char *special = reference((unsigned char)s.p[0]);
        if (!n || is_noncharacter(s))
            buf_add(out, STR_REPLACEMENT);
        else if (special)
            buf_adds(out, special);
        else
            buf_add(out, str_n(s.p, n));
        s = str_skip(s, n ? n : 1);
    }
}
