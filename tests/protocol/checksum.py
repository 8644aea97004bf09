"""What a green run vouched for: sha256 over the scripts' words and the other files' bytes.

A script counts by its words (lua_words): its comments and its layout may change without a new run."""
import hashlib
import os
import sys

from lua_words import words

KINDS = (".lua", ".py", ".txt", ".pml", ".sh")
DRIVERS = ("checked", "run", "checksum.py", "mutate.py")  # they drive a run; what it vouches for is the rest
ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))


def digest(paths):
    total = hashlib.sha256()
    for path in sorted(paths):
        data = open(path, "rb").read()
        if path.endswith(".lua"):
            data = "\n".join(words(data.decode())[0]).encode()
        total.update(f"{os.path.relpath(path, ROOT)} {hashlib.sha256(data).hexdigest()}\n".encode())
    return total.hexdigest()


def files(*folders):
    """All files of ours below these folders: other layers' C tests may lie beside them."""
    for folder in folders:
        for base, names, found in os.walk(os.path.join(ROOT, folder)):
            names[:] = [n for n in names if n != "__pycache__"]
            yield from (
                os.path.join(base, f)
                for f in found
                if f.endswith(KINDS) and not f.startswith("test_") and f not in DRIVERS
            )


if __name__ == "__main__":
    print(digest(files(*sys.argv[1:])))
