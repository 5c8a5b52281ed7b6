#!/usr/bin/env python3
"""The service over several processes and replicas: what a read costs, and whom.

Starts a throw-away PostgreSQL with standbys that stream from it, seeds it, and serves it by one or two processes that read from none, one or
two of the standbys. Each answers the page of `run.py` without a cache of answers, to 16 connections in all, while a writer makes 20 mutations a
second. It prints the median of the rounds: answers a second, the processor time of an answer in the service, in the primary and in a replica,
and the latencies.

    cargo build --release -p rec-api && tests/peers/scale.py [--recommendations 20000] [--rounds 3] [--seconds 4]

Needs what `run.py` needs but npm. Run by hand on two quiet cores, where more processes add no power: what counts is who spends it.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import run
from run import CONNECTIONS, OURS, ROOT, STARTED, Peer, Postgres, free_port, latency, of_service, start, wait_for

# How many processes serve, and from how many replicas they read.
SETTINGS = [(1, 0), (2, 0), (1, 1), (2, 1), (2, 2)]
WRITES_A_SECOND = 20

CREATE = """mutation($input: CreateThemeInput!) { createTheme(input: $input) { userErrors { code } } }"""


class Standby(Postgres):
    """A hot standby of a server, which streams from it."""

    def __init__(self, primary, folder, number):
        self.bin, self.port, self.user = primary.bin, free_port(), primary.user
        self.folder = folder / f"standby{number}"
        self.folder.mkdir()
        if self.user:
            os.chown(self.folder, self.user["user"], self.user["group"])
        data = self.folder / "data"
        self.run("pg_basebackup", "-h", "127.0.0.1", "-p", str(primary.port), "-U", "postgres", "-X", "stream", "--checkpoint=fast",
                 "--write-recovery-conf", "--no-sync", "-D", data)
        command = [self.bin / "postgres", "-D", data, "-p", str(self.port), "-k", self.folder, "-c", "listen_addresses=127.0.0.1",
                   "-c", "hot_standby_feedback=on"]
        self.server = subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=self.folder, **self.user)
        STARTED.append(self.server)
        wait_for(self.port)
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/rec"


def ticks(process):
    """The processor time of a process, of its children, and of those of them that have ended, in seconds."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    fields = [Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split() for one in [process, *children]]
    own = sum(int(stat[11]) + int(stat[12]) for stat in fields)
    return (own + int(fields[0][13]) + int(fields[0][14])) / os.sysconf("SC_CLK_TCK")


def serving(primary, standbys, folder, processes, replicas):
    urls = ",".join(standby.url for standby in standbys[:replicas])
    peers = []
    for number in range(processes):
        port = free_port()
        environment = {"REC_LISTEN": f"127.0.0.1:{port}", "REC_RATE_POINTS": "0", "REC_RESPONSE_CACHE_BYTES": "0", "REC_DATABASE_READ_URL": urls}
        process = start([ROOT / "target/release/rec"], port, Path("/dev/null"), env={**of_service(primary, folder), **environment})
        peers.append(Peer(f"process{'ab'[number]}", process, f"http://127.0.0.1:{port}/graphql", OURS,
                          lambda data: data["recommendations"]["nodes"], folder))
    return peers


def write(peer, token, stop, failures):
    """Makes mutations until it is told to stop, or one fails."""
    number = 0
    while not stop.wait(1 / WRITES_A_SECOND):
        number += 1
        code = f"W{time.monotonic_ns()}"
        variables = {"input": {"code": code, "kind": "SUBJECT", "name": [{"locale": "EN", "text": code}]}}
        body = json.dumps({"query": CREATE, "variables": variables}).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        answer = json.load(urllib.request.urlopen(urllib.request.Request(peer.url, body, headers)))
        if answer.get("errors") or answer["data"]["createTheme"]["userErrors"]:
            failures.append(answer)
            return


def load(peer, connections, seconds):
    command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--latency", "-s", peer.script, peer.url]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in said:
        sys.exit(said)
    count = int(said.split(" requests in ")[0].split()[-1])
    return count, latency(said, "50%"), latency(said, "99%")


def measure(peers, primary, standbys, token, seconds):
    """Answers a second, the microseconds of an answer in the service, the primary and a replica, and the latencies."""
    everyone = [[peer.process.pid for peer in peers], [primary.server.pid], [standby.server.pid for standby in standbys]]
    before = [sum(map(ticks, group)) for group in everyone]
    stop, failures = threading.Event(), []
    writer = threading.Thread(target=write, args=(peers[0], token, stop, failures))
    writer.start()
    with ThreadPoolExecutor() as pool:
        loads = list(pool.map(lambda peer: load(peer, CONNECTIONS // len(peers), seconds), peers))
    stop.set()
    writer.join()
    if failures:
        sys.exit(f"a mutation: {failures}")
    count = sum(one[0] for one in loads)
    spent = [(sum(map(ticks, group)) - earlier) * 1e6 / count for group, earlier in zip(everyone, before)]
    return count / seconds, *spent, statistics.mean(one[1] for one in loads), max(one[2] for one in loads)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--recommendations", type=int, default=20_000)
    options.add_argument("--rounds", type=int, default=3, help="after one that warms up")
    options.add_argument("--seconds", type=int, default=4)
    options = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="rec-scale-") as folder:
        folder = Path(folder)
        folder.chmod(0o755)
        try:
            primary = Postgres(folder)
            primary.server = STARTED[0]
            program = ROOT / "target/release/rec"
            seed = [program, "seed", "scale", "--recommendations", str(options.recommendations)]
            subprocess.run(seed, check=True, env=of_service(primary, folder), capture_output=True)
            token = [program, "token", "--role", "secretariat"]
            token = subprocess.run(token, check=True, env=of_service(primary, folder), capture_output=True, text=True).stdout.strip()
            standbys = [Standby(primary, folder, number) for number in range(2)]
            print(f"| processes, replicas | answers a second | µs in the service | in the primary | in replicas | median | p99 |\n{'|---' * 7}|")
            for processes, replicas in SETTINGS:
                peers = serving(primary, standbys, folder, processes, replicas)
                time.sleep(3)
                rounds = [measure(peers, primary, standbys[:replicas], token, options.seconds) for _ in range(options.rounds + 1)][1:]
                rate, service, of_primary, of_replicas, middle, late = (statistics.median(column) for column in zip(*rounds))
                print(f"| {processes}, {replicas} | {rate:,.0f} | {service:.0f} | {of_primary:.0f} | {of_replicas:.0f} | {middle:.1f} ms | {late:.1f} ms |",
                      flush=True)
                for peer in peers:
                    peer.process.kill()
                    peer.process.wait()
                    STARTED.remove(peer.process)
        finally:
            for process in reversed(STARTED):
                process.send_signal(signal.SIGINT if process.args[0].name == "postgres" else signal.SIGKILL)
                process.wait()


if __name__ == "__main__":
    main()
