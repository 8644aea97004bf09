"""Wraps C comments at a column, as a person would: what does not fit moves on in its paragraph, lists stay lists.

clang-format is told to leave comments alone, since it melts lists and tables. `tests/lint/format --fix` calls this first.
 - a line of a block comment that is too long: its last words go to the next line of the paragraph;
 - a comment behind code that is too long together: it goes above the code.
"""

import re

COLUMNS = 110

INSIDE = re.compile(r"^(\s*\*(?!/) ?)(\s*)(.*?)( \*/)?$")
LIST = re.compile(r"^(\S+ {2,}|([-*+]|[A-Z]?\d+[.)]?|[a-z]\)) )(?=\S)")  # a marker, or the first column of a table
GLUE = "\0"  # keeps the end of a comment with its last word
BEHIND = re.compile(r"^(\s*)(\S.*?)\s*(/\*(?:[^*]|\*(?!/))*\*/)$")
WHOLE = re.compile(r"^(\s*)/\* (.*) \*/$")
OPEN = re.compile(r"^(\s*)/\* (.*[^/])$")


def wrap(text):
    lines = text.split("\n")
    out = []
    raw = False  # between `clang-format off` and `on`
    inside = False
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        raw = "clang-format off" in line or (raw and "clang-format on" not in line)
        if inside:
            inside = "*/" not in line
            if len(line) > COLUMNS:
                at = _carry(lines, at - 1, out)
                continue
        elif not raw and len(line) > COLUMNS:
            whole, behind = WHOLE.match(line), BEHIND.match(line)
            if whole:
                out += _comment(whole[1], whole[2])
                continue
            if behind and '"' not in behind[2].split("//")[0][-1:] and not line.endswith("\\"):
                out += _comment(behind[1], behind[3][3:-3])
                out.append(behind[1] + behind[2])
                continue
            opened = OPEN.match(line)
            if opened and "*/" not in line:
                line, rest = _cut(line, COLUMNS)
                after = INSIDE.match(lines[at]) if at < len(lines) else None
                if after and after[3] and not after[2] and not LIST.match(after[3]):
                    lines[at] = f"{after[1]}{rest} {after[3]}{after[4] or ''}"
                elif rest:
                    lines.insert(at, f"{opened[1]} * {rest}")
        if "/*" in line and "*/" not in line[line.rindex("/*") :]:
            inside = True
        out.append(line)
    return "\n".join(out)


def _cut(line, columns):
    """Head and rest of a line, at the last blank before the column."""
    if line.endswith(" */"):
        line = line[:-3] + GLUE + "*/"
    cut = line.rfind(" ", len(line) - len(line.lstrip()) + 4, columns + 1)
    if cut < 0:
        return line.replace(GLUE, " "), ""
    return line[:cut].rstrip(), line[cut + 1 :].strip().replace(GLUE, " ")


def _comment(indent, text):
    """The lines of a comment that stands alone."""
    one = f"{indent}/* {text} */"
    if len(one) <= COLUMNS:
        return [one]
    found = []
    line = f"{indent}/* {text} */"
    while len(line) > COLUMNS:
        head, rest = _cut(line, COLUMNS)
        if not rest:
            break
        found.append(head)
        line = f"{indent} * {rest}"
    return found + [line]


def _carry(lines, at, out):
    """Rewrites the paragraph of a block comment from line `at`; returns the index behind what it used up."""
    match = INSIDE.match(lines[at])
    if not match:
        out.append(lines[at])
        return at + 1
    prefix, indent = match[1], match[2]
    marker = LIST.match(match[3])
    hanging = indent + " " * len(marker[0]) if marker else indent
    words, end = match[3], match[4] or ""
    at += 1
    while not end and at < len(lines):
        after = INSIDE.match(lines[at])
        if not after or not after[3] or after[2] not in (indent, hanging) or LIST.match(after[3]):
            break
        words, end = f"{words} {after[3]}", after[4] or ""
        at += 1
        if after[3].endswith((".", ":")) and len(lines[at - 1]) < 0.7 * COLUMNS:
            break  # the paragraph's last line
    line = f"{prefix}{indent}{words}{end}"
    while len(line) > COLUMNS:
        head, rest = _cut(line, COLUMNS)
        if not rest:
            break
        out.append(head)
        line = f"{prefix}{hanging}{rest}"
    out.append(line)
    return at
