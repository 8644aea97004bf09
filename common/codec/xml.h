#pragma once
/*
 * xml - the replies of EC2 and STS, as a small tree. expat's only home.
 *
 * No DTD (a document with one is refused), no entities but the five and numeric ones, namespaces ignored (the
 * local name counts), attributes ignored. Bounds: text `max` bytes, XML_DEPTH_MAX levels, XML_NODES_MAX
 * elements. Text of an element with children is dropped.
 */
#include "base/str.h"

#include <stddef.h>

enum { XML_DEPTH_MAX = 24, XML_NODES_MAX = 2000000 };

struct xml; /* one element; the root owns the tree */
#define XML_CLEANUP CLEANUP(xml_freep)

struct xml *xml_parse(struct str text, size_t max, struct err *e); /* NULL: ERR_INVALID, message says where */
/* The same, but of elements below the root only those of these names (NULL-terminated) are kept, each with
 * what it holds: a long reply costs no more memory than what is read of it. NULL: all. */
struct xml *xml_parse_only(struct str text, size_t max, const char *const *names, struct err *e);
/* The same for a long list: each element in `list`, a child of the root, is handed over when it is whole and
 * forgotten afterwards, so that the list costs the memory of its longest element; in the tree it is empty.
 * `each` may refuse one: then there is no tree, and the error is its own. */
struct xml_list {
    const char *list;
    bool (*each)(void *self, const struct xml *x, struct err *e);
    void *self;
};
struct xml *xml_parse_list(struct str text, size_t max, const char *const *names, const struct xml_list *list,
                           struct err *e);
void xml_free(struct xml *root);
void xml_freep(struct xml **root);

/* Walking: borrowed; all take NULL. */
struct str xml_name(const struct xml *x);
struct str xml_text(const struct xml *x);                           /* empty for NULL */
const struct xml *xml_child(const struct xml *x, const char *name); /* the first of that name */
const struct xml *xml_first(const struct xml *x);
const struct xml *xml_next(const struct xml *x);
/* The text at a path of names: xml_at(x, "instanceState/name"). Empty when anything on the way is missing. */
struct str xml_at(const struct xml *x, const char *path);
/* Text for an element's content or attribute, escaped. What XML 1.0 cannot carry becomes U+FFFD. */
void xml_escape(struct str s, struct buf *out);
