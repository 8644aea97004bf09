"""How many calls a second the AWS simulator answers: it must never be the bottleneck.

One signed DescribeInstances for ten instances, verified each time, over eight kept connections.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

from common import Quiet, cpu_of, machine, release, table

from lib.awssim import Awssim

BOUND = 10000


def request(aws):
    """The bytes of one signed call: valid for as long as its signature is."""
    kept = {}
    client = aws.client("ec2")
    client.meta.events.register("before-send.ec2.DescribeInstances", lambda request, **_: kept.update(request=request))
    client.describe_instances(Filters=[{"Name": "tag:Role", "Values": ["Web"]}])
    sent = kept["request"]
    headers = {**{k: v.decode() if isinstance(v, bytes) else v for k, v in sent.headers.items()}, "Host": aws.url[7:]}
    body = sent.body if isinstance(sent.body, bytes) else sent.body.encode()
    return ("POST / HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n").encode() + body


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    build, rows = release(), []
    fleet = {"fleets": [{"prefix": "i-0a", "count": 10, "tags": {"Environment": "E", "Role": "Web"}}]}
    with tempfile.TemporaryDirectory() as folder, Awssim(build / "bin", folder, fleet) as aws, Quiet() as quiet:
        file = Path(folder) / "request"
        file.write_bytes(request(aws))
        for n in range(args.rounds):
            cpu = cpu_of(aws.process.pid)
            argv = [build / "bench" / "bench_load", aws.url.rsplit(":", 1)[1], file, 8, args.seconds]
            rate = int(subprocess.run([str(a) for a in argv], capture_output=True, text=True, check=True).stdout)
            used = cpu_of(aws.process.pid) - cpu
            rows.append([n + 1, rate, BOUND, f"{rate / BOUND:.2f}", f"{used / (rate * args.seconds) * 1e6:.0f}",
                         f"{rate * args.seconds / used:.0f}"])  # fmt: skip
    print(f"{machine()}\n{quiet.verdict()}\n")
    print(table(["round", "calls/s", "at least", "ratio", "CPU us a call", "calls a CPU second"], rows))
