#!/usr/bin/env python3
"""Checks an installation from outside: an agent and a warehouse that run somewhere.

    python3 smoke.py http://127.0.0.1:8081 http://127.0.0.1:8080 [--write]

Nothing is kept of what it sends: it asks, it is refused, and it sends one result that opts out of telemetry. With --write
it also sends one real result, which the installation keeps and counts like any other. Needs Python 3.11 and nothing else.
Ends with 0 if every check passed.
"""

import argparse
import http.client
import json
import socket
import sys
import time
import urllib.parse

ANSWER_TIMEOUT_S = 10
# A connection that sends nothing must be closed within 10 s; one more is for the network.
CLOSE_TIMEOUT_S = 11
TELEMETRY = "/api/telemetry"

RESULT = {
    "telemetry_enabled": True,
    "timestamp": "2026-01-01T00:00:00.000Z",
    "results": {
        "test_type": "single",
        "grades": {"overall": "B", "download": "A", "upload": "B", "bidirectional": "C"},
        "metrics": {
            "baseline_latency_ms": 25.3,
            "download_latency_increase_ms": 45.2,
            "upload_latency_increase_ms": 67.8,
            "bidirectional_latency_increase_ms": 89.1,
            "download_throughput_mbps": 95.3,
            "upload_throughput_mbps": 12.7,
        },
    },
}


class Server:
    """One of the two programs."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SystemExit(f"{url!r} is no URL of a server")
        self.url = url
        self.secure = parts.scheme == "https"
        self.host = parts.hostname
        self.port = parts.port or (443 if self.secure else 80)

    def ask(self, method, path, body=None, headers=None):
        """Status, headers and body of one answer."""
        kind = http.client.HTTPSConnection if self.secure else http.client.HTTPConnection
        connection = kind(self.host, self.port, timeout=ANSWER_TIMEOUT_S)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def post_json(self, path, value):
        """Posts a value as JSON."""
        return self.ask("POST", path, json.dumps(value), {"Content-Type": "application/json"})


class Failed(Exception):
    """A check did not hold."""


def require(condition, message):
    """Fails the running check with this message unless the condition holds."""
    if not condition:
        raise Failed(message)


def require_problem(answer, status):
    """The answer is a problem document (RFC 9457) with this status that says what was wrong."""
    got, headers, body = answer
    require(got == status, f"status {got} instead of {status}: {body[:200]!r}")
    kind = headers.get_content_type()
    require(kind == "application/problem+json", f"content type {kind} instead of application/problem+json")
    problem = json.loads(body)
    require(problem.get("status") == status, f"the problem document says status {problem.get('status')}")
    require(problem.get("title"), "the problem document has no title")


def is_healthy(server):
    status, _, body = server.ask("GET", "/api/health")
    require(status == 200, f"status {status}: {body[:200]!r}")


def refuses_bad_bodies(server):
    as_json = {"Content-Type": "application/json"}
    require_problem(server.ask("POST", TELEMETRY, "{not json", as_json), 400)
    require_problem(server.ask("POST", TELEMETRY, json.dumps(RESULT), {"Content-Type": "text/csv"}), 415)
    require_problem(server.ask("POST", TELEMETRY, " " * (65 * 1024), as_json), 413)


def points_old_forwarders_to_the_agent(server):
    require_problem(server.post_json(TELEMETRY, RESULT | {"source_server": "old", "client_ip": "192.0.2.1"}), 422)


def honours_an_opt_out(server):
    status, _, body = server.post_json(TELEMETRY, RESULT | {"telemetry_enabled": False})
    require(status == 200, f"status {status}: {body[:200]!r}")


def closes_half_open_connections(server):
    with socket.create_connection((server.host, server.port), timeout=ANSWER_TIMEOUT_S) as connection:
        connection.sendall(b"POST /api/telemetry HTTP/1.1\r\nHost: smoke\r\n")
        connection.settimeout(CLOSE_TIMEOUT_S)
        began = time.monotonic()
        try:
            while connection.recv(4096):
                pass
        except TimeoutError as error:
            raise Failed(f"still open after {time.monotonic() - began:.0f} s") from error
        except ConnectionResetError:
            pass


def keeps_a_result_once(server):
    # The time makes the body new; the second sending is a client's retry and gets the first answer again.
    result = RESULT | {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    status, _, first = server.post_json(TELEMETRY, result)
    require(status == 200, f"status {status}: {first[:200]!r}")
    answer = json.loads(first)
    require(answer.get("success") is True, f"no success: {first[:200]!r}")
    require(answer.get("test_id"), f"no test_id: {first[:200]!r}")
    _, _, second = server.post_json(TELEMETRY, result)
    require(json.loads(second).get("test_id") == answer["test_id"], f"a retry counts twice: {second[:200]!r}")


def publishes_rankings(server):
    status, headers, body = server.ask("GET", "/api/v1/rankings")
    require(status == 200, f"status {status}: {body[:200]!r}")
    json.loads(body)
    etag = headers.get("ETag")
    require(etag, "no ETag")
    again, _, _ = server.ask("GET", "/api/v1/rankings", headers={"If-None-Match": etag})
    require(again == 304, f"status {again} instead of 304 for an unchanged ranking")


def looks_up_no_address_in_a_url(server):
    status, _, _ = server.ask("GET", "/api/asn_lookup?ip=192.0.2.1")
    require(status == 405, f"status {status} instead of 405: an address must not stand in a URL")


def refuses_unsigned_batches(server):
    require_problem(server.post_json("/api/v1/batches", {}), 401)


def checks(agent, warehouse, write):
    """Every check as name, function and server."""
    for name, server in (("agent", agent), ("warehouse", warehouse)):
        yield f"{name} is healthy", is_healthy, server
        yield f"{name} refuses bad bodies with a problem document", refuses_bad_bodies, server
        yield f"{name} points old forwarders to the agent", points_old_forwarders_to_the_agent, server
        yield f"{name} honours an opt-out", honours_an_opt_out, server
        yield f"{name} closes half-open connections", closes_half_open_connections, server
        if write:
            yield f"{name} keeps a result once", keeps_a_result_once, server
    yield "warehouse publishes rankings with an ETag", publishes_rankings, warehouse
    yield "warehouse looks up no address in a URL", looks_up_no_address_in_a_url, warehouse
    yield "warehouse refuses unsigned batches", refuses_unsigned_batches, warehouse


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("agent", type=Server, help="URL of the agent")
    parser.add_argument("warehouse", type=Server, help="URL of the warehouse")
    parser.add_argument("--write", action="store_true", help="also send one real result to each")
    given = parser.parse_args()
    failed = 0
    for name, check, server in checks(given.agent, given.warehouse, given.write):
        try:
            check(server)
            print(f"ok      {name}")
        except (Failed, OSError, http.client.HTTPException, ValueError) as error:
            failed += 1
            print(f"FAILED  {name}: {error}")
    print("every check passed" if failed == 0 else f"{failed} checks failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
