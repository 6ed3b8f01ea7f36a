"""An agent alone in a network namespace, with everything that goes over its wires written down.

Run it inside a new network namespace (`unshare --net`) with a JSON object of paths on standard input. Loopback is there, and one
more interface with a default route, at whose other end nobody is: what an agent would tell anybody else goes there. The
agent gets results of clients whose addresses are given, uploads to a warehouse on loopback, and reports to a webhook whose
name must be looked up. On standard output: every flow of frames by its ends, every name that was asked for, and the frames
in which one of the texts stands. A program for `tests/tests/e2e/privacy/network.rs`.
"""

from __future__ import annotations

import base64
import http.client
import json
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import Counter

EVERY_PROTOCOL = 3
OUTSIDE = "192.0.2.1"
RESOLVER = "192.0.2.53"
PATIENCE_S = 20


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def build_network() -> None:
    ip("link", "set", "lo", "up")
    ip("link", "add", "outside", "type", "veth", "peer", "name", "nobody")
    for name in ("outside", "nobody"):
        # No neighbour discovery: what is left is what programs send.
        with open(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "w") as setting:
            setting.write("1")
    ip("addr", "add", f"{OUTSIDE}/24", "dev", "outside")
    for name in ("outside", "nobody"):
        ip("link", "set", name, "up")
    ip("neigh", "add", "192.0.2.254", "lladdr", "02:00:00:00:00:01", "dev", "outside")
    ip("neigh", "add", RESOLVER, "lladdr", "02:00:00:00:00:01", "dev", "outside")
    ip("route", "add", "default", "via", "192.0.2.254")


class Recorder(threading.Thread):
    """Every frame on every interface of the namespace."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERY_PROTOCOL))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 << 20)
        self.frames: list[tuple[str, bytes]] = []

    def run(self) -> None:
        while True:
            frame, (interface, _, kind, *_) = self.socket.recvfrom(1 << 17)
            # Loopback shows each frame twice; the one that goes out is enough.
            if kind == socket.PACKET_OUTGOING:
                self.frames.append((interface, frame))


def ends(frame: bytes) -> tuple[str, str, int, str, int, bytes]:
    """Protocol, source, port, destination, port and payload of a frame."""
    (kind,) = struct.unpack("!H", frame[12:14])
    if kind != 0x0800:
        return (f"ethertype {kind:#06x}", "", 0, "", 0, frame[14:])
    header = frame[14:]
    length = (header[0] & 15) * 4
    source, target = socket.inet_ntoa(header[12:16]), socket.inet_ntoa(header[16:20])
    rest = header[length:]
    if header[9] == 6:
        ports = struct.unpack("!HH", rest[:4])
        return ("tcp", source, ports[0], target, ports[1], rest[(rest[12] >> 4) * 4 :])
    if header[9] == 17:
        ports = struct.unpack("!HH", rest[:4])
        return ("udp", source, ports[0], target, ports[1], rest[8:])
    return (f"protocol {header[9]}", source, 0, target, 0, rest)


def asked_name(query: bytes) -> str:
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode(errors="replace"))
        at += 1 + query[at]
    return ".".join(labels)


def wait_for(what: str, is_there) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            if is_there():
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise SystemExit(f"waited in vain: {what}")


def get(port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path)
    return connection.getresponse().read()


def post(port: int, client: str, number: int) -> int:
    metrics = {
        "baseline_latency_ms": 20, "download_latency_increase_ms": 10, "upload_latency_increase_ms": 30,
        "download_throughput_mbps": 100 + number, "upload_throughput_mbps": 20, "note": client,
    }
    body = json.dumps({"results": {"test_type": "single", "grades": {"overall": "B"}, "metrics": metrics}, "note": client})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Content-Type": "application/json", "X-Forwarded-For": client, "User-Agent": client, "Referer": client}
    connection.request("POST", "/api/telemetry", body, headers)
    return connection.getresponse().status


def main() -> None:
    told = json.load(sys.stdin)
    build_network()
    # Names are asked for at an address to which only the other interface leads.
    with open(told["resolv_conf"], "w") as file:
        file.write(f"nameserver {RESOLVER}\noptions timeout:1 attempts:1\n")
    subprocess.run(["mount", "--bind", told["resolv_conf"], "/etc/resolv.conf"], check=True)
    recorder = Recorder()
    recorder.start()
    warehouse = subprocess.Popen([told["warehouse"], "--config", told["warehouse_config"], "serve"], stderr=open(told["warehouse_log"], "w"))
    agent = None
    try:
        wait_for("the warehouse", lambda: b"status" in get(told["warehouse_port"], "/api/health"))
        agent = subprocess.Popen([told["agent"], "--config", told["agent_config"], "run"], stderr=open(told["agent_log"], "w"))
        wait_for("the agent", lambda: b"status" in get(told["agent_port"], "/api/health"))
        for number in range(told["results"]):
            for client in told["clients"]:
                status = post(told["agent_port"], client, number)
                if status != 200:
                    raise SystemExit(f"a result got {status}")
        is_settled = lambda: json.loads(get(told["agent_port"], "/api/health"))["upload"]["settled_batches"] > 0  # noqa: E731
        wait_for("a batch is settled", is_settled)
        wait_for("the webhook's name is asked for", lambda: any(ends(frame)[4] == 53 for _, frame in list(recorder.frames)))
        # A planted datagram shows that what goes elsewhere is seen.
        if told.get("plant"):
            planted = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            planted.sendto(told["clients"][0].encode(), ("198.51.100.77", 4242))
            time.sleep(0.2)
    finally:
        for program in (agent, warehouse):
            if program is not None:
                program.terminate()
                program.wait(timeout=PATIENCE_S)
    time.sleep(0.2)
    flows: Counter[tuple[str, str, int]] = Counter()
    names: Counter[str] = Counter()
    telling: list[str] = []
    own = {told["agent_port"], told["agent_metrics_port"]}
    for interface, frame in recorder.frames:
        protocol, source, source_port, target, target_port, payload = ends(frame)
        # Of a connection, the end that listens names the flow.
        served = source_port in own or source_port == told["warehouse_port"]
        flow = (protocol, source if served else target, source_port if served else target_port)
        flows[f"{interface} {flow[0]} {flow[1]}:{flow[2]}"] += 1
        if target_port == 53:
            names[asked_name(payload)] += 1
        if flow[2] not in own and any(text.encode() in payload for text in told["texts"]):
            telling.append(f"{interface} {flow} {base64.b64encode(payload[:200]).decode()}")
    print(json.dumps({"flows": flows, "names": names, "telling": telling}))


if __name__ == "__main__":
    main()
