"""The images of deploy/images/Dockerfile, built without a container engine: buildah, its chroot isolation, plain folders.

The base is the Debian 13 of lib/cache.py in place of debian:13-slim. Everything is kept in .cache/images: images are tagged with
the checksum of what goes into them and not built twice, and buildah takes a layer again when nothing below it has changed.
When too many old ones lie about, all are thrown away. Needs root.
"""

import hashlib
import json
import os
import shutil
import subprocess
import uuid
from pathlib import Path

from lib import cache
from lib.process import Process, wait_until

STORE = cache.CACHE / "images"
PROGRAMS = ("producer", "worker", "monitor", "cli", "awssim")
LAYERS_MAX = 40  # folders of layers: about five builds
SPACE_MIN_GB = 8
BUILD_TIMEOUT_S = 330
STEP_TIMEOUT_S = 60
ENV = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8"}


def _store():
    return ["--root", STORE / "root", "--runroot", STORE / "run", "--storage-driver", "vfs"]


def _argv(*words):
    return [str(w) for w in ("buildah", *_store(), *words)]


def buildah(*words, timeout_s=STEP_TIMEOUT_S):
    done = subprocess.run(_argv(*words), env={**ENV, "TESTS_OF_RUN": os.environ.get("TESTS_OF_RUN", "")}, capture_output=True,
                          text=True, timeout=timeout_s, stdin=subprocess.DEVNULL, cwd=cache.ROOT, check=False)  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"buildah {words[0]}: exit code {done.returncode}: {(done.stdout + done.stderr)[-3000:]}")
    return done.stdout.strip()


def _sweep():
    """Containers of a run that was cut off; and everything, when it has grown too large."""
    if not STORE.is_dir():
        STORE.mkdir(parents=True)
        return
    layers = STORE / "root" / "vfs" / "dir"
    space = shutil.disk_usage(STORE).free / 1e9
    if layers.is_dir() and (len(list(layers.iterdir())) > LAYERS_MAX or space < SPACE_MIN_GB):
        buildah("rm", "--all")
        buildah("rmi", "--all", "--force", timeout_s=180)
    else:
        buildah("rm", "--all")


def base():
    """The name of the base image in the store."""
    tar = cache.trixie()
    with open(tar, "rb") as f:
        name = "localhost/debian:" + hashlib.file_digest(f, "sha256").hexdigest()[:16]
    if not _known(name):
        container = buildah("from", "scratch")
        buildah("add", container, tar, "/", timeout_s=180)
        buildah("commit", container, name, timeout_s=180)
        buildah("rm", container)
    return name


def _known(name):
    return any(name in (image.get("names") or []) for image in json.loads(buildah("images", "--json")))


def _inputs(below):
    """The checksum of the base, the Dockerfile and all files that .dockerignore lets through."""
    ignore = cache.ROOT / ".dockerignore"
    allowed = [line[1:] for line in ignore.read_text().splitlines() if line.startswith("!")]
    total = hashlib.sha256(below.encode())
    for top in ["deploy/images/Dockerfile", ".dockerignore", *sorted(allowed)]:
        path = cache.ROOT / top
        for file in [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file()):
            total.update(f"{file.relative_to(cache.ROOT)} {file.stat().st_mode:o} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()[:16]


def build(log):
    """Builds all images; their names by target. What buildah says goes to `log`."""
    _sweep()
    below = base()
    made = {target: f"localhost/ec2sched-{target}:{_inputs(below)}" for target in PROGRAMS}
    for target, name in made.items():
        if _known(name):
            continue
        words = ("bud", "--isolation=chroot", "--layers", "--format=docker", f"--build-arg=BASE={below}", f"--target={target}",
                 "--file=deploy/images/Dockerfile", f"--tag={name}", ".")  # fmt: skip
        with open(log, "a", encoding="utf-8") as out:
            out.write(buildah(*words, timeout_s=BUILD_TIMEOUT_S) + "\n")
    (STORE / "made-of").write_text(_inputs(""))
    return made


def is_made():
    """Nothing that goes into the images has changed since they were built."""
    mark = STORE / "made-of"
    return mark.is_file() and mark.read_text() == _inputs("")


def config(image):
    """What the image says of itself: Env, Cmd, Entrypoint, User, Healthcheck."""
    return json.loads(buildah("inspect", "--type=image", image))["Docker"]["config"]


def size_of(image):
    """Bytes of all its layers, unpacked."""
    text = next(i["size"] for i in json.loads(buildah("images", "--json")) if image in (i.get("names") or []))
    number, unit = text.split()
    return float(number) * {"kB": 1e3, "MB": 1e6, "GB": 1e9}[unit]


class Rootfs:
    """A container's files, made from an image: several programs may run in them, as replicas do that write nothing."""

    def __init__(self, image):
        self.name = buildah("from", "--pull-never", "--name", "test-" + uuid.uuid4().hex[:12], image)
        self.config = config(image)

    def files(self):
        """Its root folder, to be looked at."""
        return Path(buildah("mount", self.name))

    def remove(self):
        buildah("rm", self.name)


class Container(Process):
    """A program of an image that runs, on the network of this machine, seen from outside as a Process.

    env is the container's, on top of the image's own; user is UID:GID; volumes are HOST:PLACE[:ro].
    """

    def __init__(self, rootfs, command, *, name, cwd, env, user, volumes=()):
        self.rootfs, self.command, self.inside, self.user, self.volumes = rootfs, list(command), env, user, volumes
        super().__init__(self._words(command), cwd=cwd, name=name, env=ENV)

    def _words(self, command, more=None):
        flags = ["--isolation=chroot", f"--user={self.user}", "--network=host"]
        flags += [f"--env={k}={v}" for k, v in {**self.inside, **(more or {})}.items()] + [f"--volume={v}" for v in self.volumes]
        return _argv("run", *flags, self.rootfs.name, "--", *command)

    def exec(self, *command, timeout_s=60, env=None):
        """A second program in the same place, as `docker compose exec` does it; the caller looks at what it says."""
        return subprocess.run(self._words(command, env), env=self.env, cwd=self.cwd, text=True, capture_output=True,
                              timeout=timeout_s, stdin=subprocess.DEVNULL, check=False)  # fmt: skip

    def program(self):
        """The pid of the program itself: below buildah, which would not hand a signal on."""
        parents, found = {}, None
        for folder in Path("/proc").iterdir():
            try:
                if folder.name.isdigit():
                    parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
        below = {self.pid}
        for pid in sorted(parents):
            line = pid
            while line in parents and line not in below:
                line = parents[line]
            if line in below:
                try:
                    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
                except OSError:
                    continue
                first, *rest = self.command
                if words and words[1:] == [w.encode() for w in rest] and Path(words[0].decode()).name == Path(first).name:
                    found = pid
        return found

    def signal(self, number):
        """To the program, as an engine sends it to a container's first process."""
        pid = wait_until(self.program, f"the program of {self.name}", 5)
        os.kill(pid, number)
