"""A Lua text as its words: spaces, line ends, `;` and comments do not count."""
import re

WORD = re.compile(
    r"""(?P<skip>\s+|;|--[^\n]*)|'(?:\\.|[^'\\])*'|0x\w+|\d+(?:\.\d+)?|\w+|\.\.\.?|[~=<>]=|.""", re.S
)


def words(text):
    """-> the words, and where each begins and ends."""
    found = [m for m in WORD.finditer(text) if not m.group("skip")]
    return [m.group() for m in found], [m.span() for m in found]
