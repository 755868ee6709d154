"""Drives our fake LimaCharlie with LimaCharlie's own client, so that the fake can be believed.

usage: python check_with_sdk.py FAKE      FAKE: the program fake_limacharlie, built
needs: pip install limacharlie==5.10.1    (the package and its command)

Prints a line for each check; the exit code is 0 where all hold.
"""

import hashlib
import hmac
import json
import os
import pathlib
import subprocess
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

FIXTURES = pathlib.Path(__file__).resolve().parent / "fixtures"
SEED = json.loads((FIXTURES / "seed/detection.json").read_text())
SVCHOST = json.loads((FIXTURES / "limacharlie/svchost.json").read_text())
ALL_TIME = (0, 2_000_000_000)

checks = []


def check(name, holds, seen=""):
    checks.append(bool(holds))
    print(("ok    " if holds else "WRONG ") + name, "" if holds else seen, flush=True)


def fails_with(kind, call):
    """The error of a call, where it is of this kind."""
    try:
        call()
    except kind as error:
        return error
    return None


class Hook:
    """A receiver of webhooks that believes only the right signature."""

    def __init__(self, secret):
        self.received = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                is_form = "form" in self.headers["Content-Type"]
                signed = parse_qs(raw.decode())["data"][0].encode() if is_form else raw
                wanted = hmac.new(secret, signed, hashlib.sha256).hexdigest()
                good = hmac.compare_digest(wanted, self.headers["Lc-Signature"])
                if good:
                    outer.received.append(json.loads(signed)["detect_id"])
                self.send_response(200 if good else 401)
                self.end_headers()

        server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}/hook"
        threading.Thread(target=server.serve_forever, daemon=True).start()


class Fake:
    """The program, and its `/__ctl`."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
        self.ready = json.loads(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.ready['port']}"

    def control(self, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + "/__ctl", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as reply:
            return json.load(reply)

    def paths(self, part):
        return [call["path"] for call in self.control()["log"] if part in call["path"]]


def sign_in(fake, org, client):
    from limacharlie.client import Client
    from limacharlie.errors import AuthenticationError, RateLimitError

    check("the token is fetched and works", org.who_am_i()["ident"] == "fake-key")
    first = client._jwt
    wrong = Client(oid=fake.ready["oid"], api_key="wrong")
    error = fails_with(AuthenticationError, lambda: wrong.request("GET", "who"))
    check("a wrong key is refused", error and "unknown api key" in str(error), error)
    fake.control({"expire": 1})
    check("a token that ended is renewed once", org.who_am_i() and client._jwt != first)
    fake.control({"fail": [401, 401]})
    check("a second refusal is told", fails_with(AuthenticationError, org.who_am_i))
    fake.control({"fail": [429]})
    error = fails_with(RateLimitError, org.who_am_i)
    check("too many calls, with the time to wait", error and error.retry_after == 1, error)
    fake.control({"fail": [504]})
    check("a gateway's timeout is tried again", org.who_am_i()["ident"] == "fake-key")
    check("the hosts need no token", org.get_urls()["search"] == fake.url)


def detections(fake, org):
    found = list(org.get_detections(*ALL_TIME))
    check("all detections over pages of two", len(found) == 4 and SEED in found, len(found))
    pages = fake.paths("/detections?")
    check("the first cursor is a dash, the next the server's", "cursor=-&" in pages[0] and len(pages) == 2, pages)
    at = SEED["ts"] // 1000
    ids = [one["detect_id"] for one in org.get_detections(at - 5, at + 5)]
    check("a window counts in seconds", ids == [SEED["detect_id"]], ids)
    check("milliseconds find nothing", list(org.get_detections(SEED["ts"] - 5000, SEED["ts"] + 5000)) == [])
    check("by category", len(list(org.get_detections(*ALL_TIME, category=SVCHOST["cat"]))) == 1)
    check("at most three", len(list(org.get_detections(*ALL_TIME, limit=3))) == 3)
    check("one comes in a wrapper", org.get_detection_by_id(SEED["detect_id"])["event"] == SEED)
    fake.control({"empty_pages": True, "repeats": True})
    again = {one["detect_id"] for one in org.get_detections(*ALL_TIME)}
    check("empty pages and repeats lose nothing", len(again) == 4, again)
    fake.control({"empty_pages": False, "repeats": False})


def sensors(fake, org, client):
    from limacharlie.sdk.sensor import Sensor

    sid = fake.ready["sid"]
    sensor = Sensor(org, sid)
    check("what is known of a sensor", sensor.hostname == SEED["routing"]["hostname"] and sensor.is_online())
    sensor.add_tag("for-good")
    sensor.add_tag(["one", "two"], ttl=3600)
    tags = fake.control()["tags"][sid]
    check("tags for good and for a time", tags["for-good"] is None and tags["two"] == "3600", tags)
    sensor.remove_tag("one")
    check("a tag is removed", "one" not in sensor.get_tags() and "two" in sensor.get_tags())
    check("sensors by tag", sid in org.find_sensors_by_tag("for-good") and "for-good" in org.get_all_tags())
    sensor.isolate()
    check("isolated", sensor.is_isolated())
    sensor.rejoin()
    check("back in the network", not sensor.is_isolated())
    both = client.request("GET", sid + "/isolation")
    check("isolation as wanted and as it is", both == {"is_isolated": False, "should_isolate": False}, both)
    sensor.task(["os_processes", "history_dump"], inv_id="case-459")
    tasks = fake.control()["tasks"]
    check("tasks with their investigation", tasks == [[sid, task, "case-459"] for task in ("os_processes", "history_dump")], tasks)
    check("sensors, and which are online", len(list(org.list_sensors())) == 2 and sid in org.get_online_sensors([sid]))


def events(org):
    from limacharlie.sdk.insight import Insight
    from limacharlie.sdk.search import Search
    from limacharlie.sdk.sensor import Sensor

    sensor = Sensor(org, SVCHOST["routing"]["sid"])
    at = SVCHOST["routing"]["event_time"] // 1000
    found = list(sensor.get_events(at - 120, at + 120))
    check("what happened within two minutes", len(found) == 4, len(found))
    newest = list(sensor.get_events(*ALL_TIME, event_type="NETWORK_CONNECTIONS", is_forward=False))
    times = [one["routing"]["event_time"] for one in newest]
    check("by type, newest first", len(times) == 2 and times[0] > times[1], times)
    this = SVCHOST["routing"]["this"]
    check("the event of an atom", sensor.get_event_by_atom(this)["event"]["routing"]["event_id"] == SVCHOST["routing"]["event_id"])
    children = [one["event"]["FILE_PATH"] for one in sensor.get_children_events(this)]
    check("what a process started", children == ["C:\\Windows\\System32\\rundll32.exe"], children)
    check("whether there is anything", len(sensor.get_overview(*ALL_TIME)) == 5)
    check("nothing on another day", list(sensor.get_events(at - 900_000, at - 800_000)) == [])
    found = list(Search(org).execute(f"* | {sensor.sid} | *", at - 120, at + 120))
    rows = [row for part in found for row in part["rows"]]
    check("search in LCQL", found[0]["type"] == "events" and len(rows) == 4, len(rows))
    check("an indicator in the organisation", Insight(org).search_ioc("ip", "203.0.113.9")["last_7_days"] == 0)


def rules(fake, org):
    from limacharlie.errors import ApiError
    from limacharlie.sdk.fp_rules import FPRules
    from limacharlie.sdk.hive import Hive, HiveRecord, is_record_not_found

    condition = {"op": "and", "rules": [{"op": "is", "path": "cat", "value": SEED["cat"]}]}
    record = HiveRecord("dell sre/expand", data=condition, enabled=True, expiry=1_800_000_000_000, comment="why", tags=["fusion-soc"])
    Hive(org, "fp").set(record)
    fp = FPRules(org)
    about = fp.get("dell sre/expand")["usr_mtd"]
    check("a rule with a slash in its name", fp.list()["dell sre/expand"]["data"] == condition)
    check("what is said about it", about["enabled"] is True and about["expiry"] == 1_800_000_000_000, about)
    fp.create("bare", condition)
    check("a rule about which nothing is said does nothing", fp.get("bare")["usr_mtd"]["enabled"] is False)
    fp.delete("dell sre/expand")
    error = fails_with(ApiError, lambda: fp.get("dell sre/expand"))
    check("a missing rule is status 400", error and error.status_code == 400 and is_record_not_found(error), error)
    org.add_output("fusion", "webhook", "detect", dest_host="https://soc.example/x", secret_key="k")
    check("an output", org.get_outputs()["fusion"]["module"] == "webhook")
    org.delete_output("fusion")
    check("an output is removed", fake.control()["outputs"] == {})


def commands(fake):
    program = os.path.join(os.path.dirname(sys.executable), "limacharlie")
    sid, at = fake.ready["sid"], SEED["ts"] // 1000

    def run(*words):
        return subprocess.run([program, "--output", "json", *words], capture_output=True, text=True, check=False)

    done = run("detection", "list", "--start", str(at - 5), "--end", str(at + 5))
    check("command: detections", done.returncode == 0 and json.loads(done.stdout)[0]["detect_id"] == SEED["detect_id"], done.stderr)
    done = run("tag", "add", "--sid", sid, "--tag", "by-command")
    check("command: a tag", done.returncode == 0 and "by-command" in fake.control()["tags"][sid], done.stderr)
    at = SVCHOST["routing"]["event_time"] // 1000
    done = run("event", "list", "--sid", SVCHOST["routing"]["sid"], "--start", str(at - 120), "--end", str(at + 120))
    check("command: events", done.returncode == 0 and len(json.loads(done.stdout)) == 4, done.stderr)


def webhooks(fake):
    hook = Hook(b"123")
    for mode in ("json", "form"):
        answers = fake.control({"emit": {"url": hook.url, "secret": "123", "mode": mode}})
        check(f"signed webhooks as {mode}", answers == {"emitted": [200] * 4}, answers)
    check("all detections arrived", SEED["detect_id"] in hook.received and len(hook.received) == 8)
    answers = fake.control({"emit": {"url": hook.url, "secret": "124"}})
    check("another secret is refused", answers == {"emitted": [401] * 4}, answers)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    fake = Fake(sys.argv[1])
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        os.environ.pop(name, None)
    # The package reads these when it is imported.
    os.environ.update(LC_API_URL=fake.url, LC_JWT_URL=fake.url + "/jwt", LC_OID=fake.ready["oid"])
    os.environ.update(LC_API_KEY=fake.ready["api_key"], LC_EPHEMERAL_CREDS="1", LC_NO_JWT_CACHE="1")
    from limacharlie.client import Client
    from limacharlie.sdk.organization import Organization

    try:
        client = Client(oid=fake.ready["oid"], api_key=fake.ready["api_key"])
        org = Organization(client)
        sign_in(fake, org, client)
        detections(fake, org)
        sensors(fake, org, client)
        events(org)
        rules(fake, org)
        commands(fake)
        webhooks(fake)
    finally:
        fake.process.terminate()
    print(f"{sum(checks)} of {len(checks)} checks hold")
    sys.exit(0 if all(checks) else 1)


if __name__ == "__main__":
    main()
