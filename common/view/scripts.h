#pragma once
/*
 * scripts - the text of the Redis scripts, as the build embeds it.
 *
 * One row for each file of common/view/scripts/, byte for byte, in the order of their names; a row without a
 * name ends the table. The table is made at build time (cmake/scripts.cmake): a new script is a new file,
 * nothing else.
 */
struct view_script {
    const char *name; /* the file's name without .lua */
    const char *text;
};

extern const struct view_script view_scripts[];
