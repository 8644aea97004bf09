#include "core/document.h"

struct json *document_new(void)
{
    struct json *j = json_object();

    json_add_int(j, "v", 1);
    return j;
}

struct json *document_counts(const struct counts *n)
{
    struct json *o = json_object();

    json_add_int(o, "done", n->done);
    json_add_int(o, "unchanged", n->unchanged);
    json_add_int(o, "bypassed", n->bypassed);
    json_add_int(o, "failed", n->failed);
    json_add_int(o, "doubt", n->doubt);
    return o;
}

struct json *document_error(struct str kind, struct str message, struct str remedy)
{
    struct json *document = document_new();
    struct json *error = json_object();

    json_add_str(error, "kind", kind);
    json_add_str(error, "message", message);
    json_add_str(error, "remedy", remedy);
    json_add(document, "error", error);
    return document;
}
