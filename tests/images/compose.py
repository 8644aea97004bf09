"""docker-compose.yml as an engine reads it: variables put in, what each service is, and a service as a program that runs.

Two things differ from an engine: all programs share this machine's loopback, so the addresses that services have in their own
networks are moved to free ports of 127.0.0.1 (`moved`), wherever they stand in commands, variables and health checks; and Kafka and
Redis are those of the tests, with the settings that the file gives them.
"""

import re
from pathlib import Path

import yaml

from lib.images import Container, Rootfs
from lib.process import free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
UNITS_S = {"ms": 0.001, "s": 1, "m": 60}


def dotenv():
    lines = (ROOT / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m)", text).groups()
    return int(number) * UNITS_S[unit]


def fill(text, variables):
    """${NAME}, ${NAME:-default}, ${NAME-default}, $$."""

    def put(m):
        if m[0] == "$$":
            return "$"
        name, empty_too, default = m["name"], m["colon"], m["default"]
        if default is None:
            return variables.get(name, "")
        value = variables.get(name)
        return default if value is None or (empty_too and not value) else value

    return re.sub(r"\$\$|\$\{(?P<name>\w+)(?:(?P<colon>:)?-(?P<default>[^}]*))?\}", put, text)


def filled(value, variables):
    if isinstance(value, dict):
        return {k: filled(v, variables) for k, v in value.items()}
    if isinstance(value, list):
        return [filled(v, variables) for v in value]
    return fill(value, variables) if isinstance(value, str) else value


class Compose:
    def __init__(self, variables=None):
        """`variables`: the shell's; they go before .env's."""
        self.variables = {**dotenv(), **(variables or {})}
        self.services = filled(yaml.safe_load(FILE.read_text()), self.variables)["services"]

    def active(self, *profiles):
        """The services of a plain `up`, or of `--profile … up`."""
        on = profiles or tuple(self.variables.get("COMPOSE_PROFILES", "").split(","))
        return {n: s for n, s in self.services.items() if not s.get("profiles") or set(s["profiles"]) & set(on)}

    def environment(self, name):
        """A variable without a value is passed on if it is set, and absent otherwise."""
        found = {}
        for key, value in (self.services[name].get("environment") or {}).items():
            if value is not None:
                found[key] = str(value)
            elif key in self.variables:
                found[key] = self.variables[key]
        return found


class Fleet:
    """Services of the file that run from their images. `moved`: what to put in place of an address."""

    def __init__(self, compose, images, folder, moved):
        self.compose, self.images, self.folder, self.moved = compose, images, Path(folder), moved
        self.rootfs, self.running, self.state = {}, [], {}

    def move(self, text):
        for old, new in self.moved.items():
            text = text.replace(old, new)
        return text

    def _rootfs(self, service):
        image = self.images[service["build"]["target"]]
        if image not in self.rootfs:
            self.rootfs[image] = Rootfs(image)
        return self.rootfs[image]

    def _volumes(self, service):
        """Named ones are folders here, open to whom the image opens the place; others are the host's."""
        for word in service.get("volumes", []):
            source, rest = word.split(":", 1)
            if not source.startswith("/"):
                folder = self.state.setdefault(source, self.folder / source)
                folder.mkdir(exist_ok=True)
                folder.chmod(0o1777)
                source = str(folder)
            yield f"{source}:{rest}"

    def container(self, name, replica=1):
        """A replica of the service; not started."""
        service = self.compose.services[name]
        rootfs = self._rootfs(service)
        own = dict(word.split("=", 1) for word in rootfs.config["Env"])
        env = {**own, **self.compose.environment(name)}
        if "EC2SCHED_ADMIN_LISTEN" in env:  # on a network of its own each replica has the image's port
            assert env["EC2SCHED_ADMIN_LISTEN"].startswith("0.0.0.0:")
            env["EC2SCHED_ADMIN_LISTEN"] = f"127.0.0.1:{free_port()}"
        env = {k: self.move(v) for k, v in env.items() if k != "PATH"}
        command = [self.move(w) for w in [*(rootfs.config.get("Entrypoint") or []), *service["command"]]]
        one = Container(rootfs, command, name=f"{name}-{replica}", cwd=self.folder, env=env, user=service["user"],
                        volumes=list(self._volumes(service)))  # fmt: skip
        one.service = service
        self.running.append(one)
        return one

    def start(self, name, replica=1):
        return self.container(name, replica).start()

    def healthy(self, container):
        """What the service's health check says, asked as an engine asks it."""
        kind, *words = container.service["healthcheck"]["test"]
        assert kind == "CMD"
        limit_s = seconds(container.service["healthcheck"]["timeout"])
        return container.exec(*[self.move(w) for w in words], timeout_s=limit_s + 10).returncode == 0

    def until_healthy(self, container):
        def look():
            assert container.is_running(), container.tail()
            return self.healthy(container)

        wait_until(look, f"{container.name} to be healthy", 60)
        return container

    def job(self, name):
        """Runs a service that ends to its end."""
        one = self.start(name)
        code = one.wait(60)
        assert code == 0, one.log()
        return one

    def ready(self, container, timeout_s=30):
        port = container.inside["EC2SCHED_ADMIN_LISTEN"].rsplit(":", 1)[1]
        container.wait_for_http(f"http://127.0.0.1:{port}/readyz", timeout_s=timeout_s)
        return container

    def close(self):
        for one in self.running:
            one.kill()
        for rootfs in self.rootfs.values():
            rootfs.remove()
