"""Our Signature Version 4 equals botocore's byte for byte, on thousands of random requests of every shape that we send."""

import datetime
import hashlib
import random
import string
import subprocess
import urllib.parse

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

COUNT = 3000
UNRESERVED = string.ascii_letters + string.digits + "-._~"
AWKWARD = UNRESERVED + " /+*?=&%:;,@!'()$#[]\"\\|<>^`{}" + "äßñ€漢字🙂"


def text(rnd, alphabet, least, most):
    return "".join(rnd.choice(alphabet) for _ in range(rnd.randint(least, most)))


def quoted(rnd, least, most, safe=""):
    return urllib.parse.quote(text(rnd, AWKWARD, least, most), safe="~" + safe)


def form_body(rnd):
    pairs = [("Action", rnd.choice(["StopInstances", "DescribeInstances"])), ("Version", "2016-11-15")]
    pairs += [(f"Filter.{i + 1}.Value.1", text(rnd, AWKWARD, 0, 30)) for i in range(rnd.randint(0, 20))]
    return urllib.parse.urlencode(pairs, quote_via=urllib.parse.quote).encode()


def ours_to_services(rnd):
    """EC2, STS, SSM and DynamoDB: a POST to / (or below a configured endpoint's path)."""
    json = rnd.random() < 0.5
    service = rnd.choice(["ssm", "dynamodb"] if json else ["ec2", "sts"])
    headers = [
        (
            "Content-Type",
            "application/x-amz-json-1.1" if json else "application/x-www-form-urlencoded; charset=utf-8",
        )
    ]
    if json:
        headers.append(("X-Amz-Target", "AmazonSSM." + text(rnd, string.ascii_letters, 3, 30)))
    for i in range(rnd.randint(0, 4)):
        name = (
            rnd.choice(["X-Amz-Meta-", "x-amz-", "X-Custom-"])
            + text(rnd, string.ascii_lowercase + "-", 1, 8)
            + str(i)
        )
        value = text(rnd, UNRESERVED + '   ";:,', 0, 30)
        headers.append((name, value))
    path = "/" if rnd.random() < 0.5 else "/" + "/".join(quoted(rnd, 0, 6) for _ in range(rnd.randint(0, 4)))
    body = rnd.randbytes(rnd.randint(0, 4000)) if json else form_body(rnd)
    return dict(service=service, method="POST", path=path, query="", headers=headers, body=body, s3=False)


def plain_gets(rnd):
    """Queries, in any order, with equal names and empty values; dot segments and doubled slashes."""
    pairs = [(quoted(rnd, 1, 6), quoted(rnd, 0, 8)) for _ in range(rnd.randint(0, 12))]
    pairs += [(name, quoted(rnd, 0, 3)) for name, _ in rnd.sample(pairs, len(pairs) // 3)]
    query = "&".join(f"{n}={v}" for n, v in pairs)
    path = "/" + "/".join(rnd.choice([quoted(rnd, 1, 5), ".", "..", ""]) for _ in range(rnd.randint(0, 6)))
    return dict(service="service", method="GET", path=path, query=query, headers=[], body=b"", s3=False)


def s3(rnd):
    body = rnd.randbytes(rnd.randint(0, 100))
    path = "/" + "/".join(quoted(rnd, 1, 8) for _ in range(rnd.randint(0, 5)))
    headers = [("X-Amz-Content-SHA256", hashlib.sha256(body).hexdigest())]
    return dict(service="s3", method="GET", path=path, query="", headers=headers, body=body, s3=True)


def a_request(seed):
    rnd = random.Random(seed)
    r = rnd.choice([ours_to_services, ours_to_services, plain_gets, s3])(rnd)
    r["host"] = rnd.choice(["ec2.eu-west-1.amazonaws.com", "127.0.0.1:4566", "localhost:8000", "[::1]:8000"])
    r["region"] = rnd.choice(["eu-west-1", "us-gov-west-1", "cn-north-1"])
    r["id"] = text(rnd, string.ascii_uppercase + string.digits, 16, 20)
    r["secret"] = text(rnd, UNRESERVED + "/+=", 20, 60)
    r["token"] = text(rnd, UNRESERVED + "/+=", 1, 1500) if rnd.random() < 0.5 else ""
    r["when"] = rnd.randint(0, 4_000_000_000)
    return r


def theirs(r, monkeypatch):
    moment = datetime.datetime.fromtimestamp(r["when"], datetime.timezone.utc).replace(tzinfo=None)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: moment)
    url = f"http://{r['host']}{r['path']}" + (f"?{r['query']}" if r["query"] else "")
    request = AWSRequest(method=r["method"], url=url, data=r["body"])
    for name, value in r["headers"]:
        request.headers[name] = value
    request.headers["Host"] = r["host"]
    request.context["payload_signing_enabled"] = True
    signer = botocore.auth.S3SigV4Auth if r["s3"] else botocore.auth.SigV4Auth
    signer(Credentials(r["id"], r["secret"], r["token"] or None), r["service"], r["region"]).add_auth(request)
    return request.headers["Authorization"]


def word(value):
    data = value if isinstance(value, bytes) else str(value).encode()
    return data.hex() or "-"


def line(r):
    headers = "\n".join(f"{n}:{v}" for n, v in [*r["headers"], ("Host", r["host"])])
    words = [int(r["s3"]), r["method"], r["path"], r["query"], headers, r["body"], r["region"], r["service"]]
    return " ".join(word(w) for w in [*words, r["id"], r["secret"], r["token"], r["when"] * 1000])


@pytest.mark.timeout(120)
def test_our_signatures_are_botocores(bin_dir, monkeypatch):
    requests = [a_request(seed) for seed in range(COUNT)]
    program = bin_dir.parent / "protocol" / "protocol_sigv4"
    given = "\n".join(line(r) for r in requests) + "\n"
    done = subprocess.run([program], input=given, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    ours = done.stdout.splitlines()
    assert len(ours) == COUNT
    for seed, (r, our) in enumerate(zip(requests, ours, strict=True)):
        assert our == theirs(r, monkeypatch), f"seed {seed}: {r}"
