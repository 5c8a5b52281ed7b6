#!/usr/bin/env python3
"""The service beside its peers, on one PostgreSQL with the same rows.

Each peer answers the same page: the 20 newest recommendations that everyone may read, with the body, the meeting and its organisers. The
script starts a throw-away PostgreSQL, seeds it, starts each peer on this machine, makes sure that all answer the same rows, and measures in
turns, with 16 connections. It prints the median of the rounds, and the ratio to one JSON statement under pgbench.

    cargo build --release -p rec-api && tests/peers/run.py [--recommendations 20000] [--rounds 3] [--seconds 4]

PostGraphile sorts organisers by nothing, since their position has no index of its own. Needs PostgreSQL's server programs with pgbench, wrk,
and npm, on x86-64. Run by hand on two quiet cores; not a part of CI.
"""

import argparse
import json
import os
import pwd
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONNECTIONS = 16
POSTGRAPHILE = "5.1.5"
NODE = "22.23.3"
GRAFBASE = "0.69.1"

# What a client of one database writes by hand: one statement, of which PostgreSQL makes the JSON.
STATEMENT = """
SELECT json_build_object('nodes', json_agg(json_build_object(
    'label', r.label, 'title', r.title,
    'body', (SELECT json_build_object('code', b.code) FROM body b WHERE b.id = r.body_id AND b.audience = 0),
    'meeting', (SELECT json_build_object('title', m.title, 'startsOn', m.starts_on, 'organizers', (
            SELECT coalesce(json_agg(json_build_object('organization', json_build_object('acronym', o.acronym, 'name', o.name)) ORDER BY p.position, p.id), '[]')
            FROM meeting_organizer p JOIN organization o ON o.id = p.organization_id AND o.audience = 0
            WHERE p.meeting_id = m.id AND p.audience = 0))
        FROM meeting m WHERE m.id = r.meeting_id AND m.audience = 0)
) ORDER BY r.created_at DESC, r.id DESC))
FROM (SELECT * FROM recommendation WHERE audience = 0 ORDER BY created_at DESC, id DESC LIMIT 20) r;
"""

OURS = """{ recommendations(first: 20, orderBy: [{ field: CREATED_AT, direction: DESC }]) {
    nodes { label title body { code } meeting { title startsOn organizers { organization { acronym name } } } } } }"""

OF_POSTGRAPHILE = """{ allRecommendations(first: 20, orderBy: [CREATED_AT_DESC, PRIMARY_KEY_DESC], condition: { audience: 0 }) {
    nodes { label title bodyByBodyId { code } meetingByMeetingId { title startsOn
        meetingOrganizersByMeetingId { nodes { organizationByOrganizationId { acronym name } } } } } } }"""

OF_GRAFBASE = """{ recommendationCollection(first: 20, filter: { audience: { eq: 0 } }, orderBy: [{ createdAt: DESC }, { id: DESC }]) {
    edges { node { label title body { code } meeting { title startsOn
        meetingOrganizers(first: 20, orderBy: [{ position: ASC }, { id: ASC }]) { edges { node { organization { acronym name } } } } } } } } }"""


# Every process that was started, the server first.
STARTED = []


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def programs():
    """The directory of PostgreSQL's server programs."""
    found = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    return next((path for path in found if (path / "pgbench").exists()), None) or sys.exit("PostgreSQL with pgbench was not found")


class Postgres:
    """A throw-away server. It refuses to run as root, and runs as `postgres` there."""

    def __init__(self, folder):
        self.bin, self.port, self.folder = programs(), free_port(), folder / "postgres"
        self.folder.mkdir()
        self.user = {}
        if os.getuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self.user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        data = self.folder / "data"
        self.run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        command = [self.bin / "postgres", "-D", data, "-p", str(self.port), "-k", self.folder, "-c", "listen_addresses=127.0.0.1"]
        STARTED.append(subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd=self.folder, **self.user))
        wait_for(self.port)
        self.run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "rec")
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/rec"

    def run(self, name, *arguments):
        command = [self.bin / name, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd=self.folder, **self.user).stdout

    def rows(self):
        return json.loads(self.run("psql", self.url, "-Atc", STATEMENT))["nodes"]

    def pgbench(self, seconds):
        """Statements a second, and the latency."""
        script = self.folder / "statement.sql"
        script.write_text(STATEMENT)
        logs = self.folder / f"log{time.monotonic_ns()}"
        self.run("pgbench", "-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", "1", "-T", str(seconds), "-f", script,
                 "-l", "--log-prefix", logs, self.url)
        took = [int(line.split()[2]) / 1000 for log in self.folder.glob(f"{logs.name}*") for line in log.read_text().splitlines()]
        took.sort()
        return len(took) / seconds, took[len(took) // 2], took[len(took) * 99 // 100]


def wait_for(port, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
    sys.exit(f"nothing listens on port {port}")


def start(command, port, log, **options):
    with log.open("w") as said:
        STARTED.append(subprocess.Popen(command, stdout=said, stderr=said, **options))
    wait_for(port)
    return STARTED[-1]


def memory(process):
    """The resident memory of a process, in MB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


class Peer:
    """Someone who answers over HTTP."""

    def __init__(self, name, process, url, query, rows, folder, headers=()):
        self.name, self.process, self.url, self.query, self.read, self.headers = name, process, url, query, rows, dict(headers)
        self.script = folder / f"{re.sub('[^a-z]', '', name.lower())}.lua"
        lines = [f"wrk.headers[{json.dumps(key)}] = {json.dumps(value)}" for key, value in self.headers.items()]
        if self.query:
            lines += ['wrk.method = "POST"', 'wrk.headers["Content-Type"] = "application/json"', f"wrk.body = {json.dumps(self.body())}"]
        self.script.write_text("\n".join(lines))

    def body(self):
        return json.dumps({"query": " ".join(self.query.split())})

    def rows(self):
        request = urllib.request.Request(self.url, self.body().encode(), {"Content-Type": "application/json"})
        try:
            answer = json.load(urllib.request.urlopen(request))
        except urllib.error.HTTPError as refused:
            answer = json.load(refused)
        if "errors" in answer:
            logs = [log.read_text()[-2000:] for log in self.script.parent.glob("*/log")]
            sys.exit("\n".join([f"{self.name}: {answer['errors']}", *logs]))
        return self.read(answer["data"])

    def measure(self, seconds):
        command = ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s", "--latency", "-s", self.script, self.url]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        if "Non-2xx" in said:
            sys.exit(f"{self.name}: {said}")
        rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])
        return rate, latency(said, "50%"), latency(said, "99%")


def compared(rows):
    """What all peers say alike: texts in one language are ours alone, and PostGraphile sorts by what has an index only."""
    def without_texts(value):
        if isinstance(value, dict):
            return {key: without_texts(part) for key, part in value.items() if key not in ("title", "name")}
        return sorted(map(without_texts, value), key=str) if isinstance(value, list) else value

    return [without_texts(row) for row in rows]


def latency(said, part):
    number, unit = re.search(rf"{part}\s+([\d.]+)(us|ms|s|m)\b", said).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[unit]


def of_service(postgres, folder):
    """The environment of the service: nothing of this shell's configuration of it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REC_")}
    return {**kept, "REC_DATABASE_URL": postgres.url, "REC_DATA_DIR": str(folder / "rec")}


def ours(postgres, folder, name, environment):
    port = free_port()
    environment = {"REC_LISTEN": f"127.0.0.1:{port}", "REC_RATE_POINTS": "0", **environment}
    process = start([ROOT / "target/release/rec"], port, Path("/dev/null"), env={**of_service(postgres, folder), **environment})
    return Peer(name, process, f"http://127.0.0.1:{port}/graphql", OURS, lambda data: data["recommendations"]["nodes"], folder)


def revalidated(peer, folder):
    """The same page by GET, by a client that has it."""
    url = f"{peer.url}?query={urllib.parse.quote(' '.join(OURS.split()))}"
    etag = urllib.request.urlopen(url).headers["ETag"]
    try:
        urllib.request.urlopen(urllib.request.Request(url, headers={"If-None-Match": etag}))
        sys.exit("a client that has the answer is sent it again")
    except urllib.error.HTTPError as answer:
        if answer.code != 304:
            raise
    return Peer("ours, to a client that has it (304)", peer.process, url, None, peer.read, folder, [("If-None-Match", etag)])


def postgraphile(postgres, folder):
    home, port = folder / "postgraphile", free_port()
    home.mkdir()
    subprocess.run(["npm", "install", "--silent", "--no-fund", "--no-audit", f"postgraphile@{POSTGRAPHILE}", f"node@{NODE}"], check=True, cwd=home)
    (home / "graphile.config.mjs").write_text(
        'import { PostGraphileAmberPreset } from "postgraphile/presets/amber";\n'
        'import { makePgService } from "postgraphile/adaptors/pg";\n'
        "export default { extends: [PostGraphileAmberPreset], grafserv: { websockets: false },\n"
        f"  pgServices: [makePgService({{ connectionString: '{postgres.url}', schemas: ['public'], poolConfig: {{ max: {CONNECTIONS} }} }})] }};\n"
    )
    path = f"{home / 'node_modules/.bin'}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "NODE_ENV": "production", "GRAPHILE_ENV": "production"}
    command = ["node_modules/.bin/postgraphile", "-n", "127.0.0.1", "-p", str(port)]
    process = start(command, port, home / "log", cwd=home, env=environment)

    def rows(data):
        return [{"label": node["label"], "body": node["bodyByBodyId"], "meeting": {
            "startsOn": node["meetingByMeetingId"]["startsOn"],
            "organizers": [{"organization": one["organizationByOrganizationId"]}
                           for one in node["meetingByMeetingId"]["meetingOrganizersByMeetingId"]["nodes"]],
        }} for node in data["allRecommendations"]["nodes"]]

    return Peer(f"PostGraphile {POSTGRAPHILE}", process, f"http://127.0.0.1:{port}/graphql", OF_POSTGRAPHILE, rows, folder)


def grafbase(postgres, folder):
    home, port = folder / "grafbase", free_port()
    (home / "grafbase").mkdir(parents=True)
    package = f"@grafbase/cli-x86_64-unknown-linux-musl@{GRAFBASE}"
    subprocess.run(["npm", "install", "--silent", "--no-fund", "--no-audit", "--force", package], check=True, cwd=home)
    (home / "grafbase/schema.graphql").write_text(
        f'extend schema @postgres(name: "Rec", url: "{postgres.url}", namespace: false)\nextend schema @auth(rules: [{{ allow: public }}])\n'
    )
    program = home / "node_modules/@grafbase/cli-x86_64-unknown-linux-musl/grafbase"
    environment = {**os.environ, "HOME": str(home), "DO_NOT_TRACK": "1"}
    process = start([program, "start", "--listen-address", f"127.0.0.1:{port}"], port, home / "log", cwd=home, env=environment)

    def rows(data):
        edges = data["recommendationCollection"]["edges"]
        return [{"label": node["label"], "body": node["body"], "meeting": {
            "startsOn": node["meeting"]["startsOn"],
            "organizers": [{"organization": one["node"]["organization"]} for one in node["meeting"]["meetingOrganizers"]["edges"]],
        }} for node in (edge["node"] for edge in edges)]

    return Peer(f"Grafbase {GRAFBASE}", process, f"http://127.0.0.1:{port}/graphql", OF_GRAFBASE, rows, folder)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--recommendations", type=int, default=20_000)
    options.add_argument("--rounds", type=int, default=3, help="after one that warms up")
    options.add_argument("--seconds", type=int, default=4)
    options.add_argument("--without", nargs="*", default=[], choices=["postgraphile", "grafbase"])
    options = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="rec-peers-") as folder:
        folder = Path(folder)
        folder.chmod(0o755)
        try:
            postgres, peers = Postgres(folder), []
            seed = ["seed", "scale", "--recommendations", str(options.recommendations)]
            seed = [ROOT / "target/release/rec", *seed]
            subprocess.run(seed, check=True, env=of_service(postgres, folder), capture_output=True)
            # Grafbase takes a key over two columns for a relation to one row.
            postgres.run("psql", postgres.url, "-qc", "ALTER TABLE meeting_organizer DROP CONSTRAINT meeting_organizer_meeting_id_organization_id_key")
            postgres.run("psql", postgres.url, "-qc", "CREATE INDEX ON meeting_organizer (meeting_id, organization_id)")
            postgres.run("psql", postgres.url, "-qc", "VACUUM ANALYZE")
            peers.append(ours(postgres, folder, "ours, executed each time", {"REC_RESPONSE_CACHE_BYTES": "0"}))
            peers.append(ours(postgres, folder, "ours, from its cache", {}))
            for peer in (postgraphile, grafbase):
                if peer.__name__ not in options.without:
                    peers.append(peer(postgres, folder))
            expected = postgres.rows()
            for peer in peers:
                rows = peer.rows()
                if compared(rows) != compared(expected):
                    sys.exit(f"{peer.name} answers otherwise: {rows[:2]} and not {expected[:2]}")
            peers.append(revalidated(peers[1], folder))
            measure(postgres, peers, options)
        finally:
            for process in reversed(STARTED):
                process.send_signal(signal.SIGINT if process is STARTED[0] else signal.SIGKILL)
                process.wait()


def measure(postgres, peers, options):
    taken = {"one JSON statement, pgbench": [], **{peer.name: [] for peer in peers}}
    for number in range(options.rounds + 1):
        round_of = {"one JSON statement, pgbench": postgres.pgbench(options.seconds)}
        round_of.update({peer.name: peer.measure(options.seconds) for peer in peers})
        if number:  # The first one warms up.
            for name, figures in round_of.items():
                taken[name].append(figures)
    statement = [rate for rate, _, _ in taken["one JSON statement, pgbench"]]
    print(f"| page of 20, nested, {options.recommendations:,} recommendations, {CONNECTIONS} connections | a second | to the statement "
          "| median | p99 | memory |\n|---|---|---|---|---|---|")
    resident = {peer.name: f"{memory(peer.process):.0f} MB" for peer in peers}
    for name, figures in taken.items():
        rate, middle, late = (statistics.median(column) for column in zip(*figures))
        ratio = statistics.median(rate / by for (rate, _, _), by in zip(figures, statement))
        print(f"| {name} | {rate:,.0f} | {ratio:.2f} | {middle:.1f} ms | {late:.1f} ms | {resident.get(name, '')} |")


if __name__ == "__main__":
    main()
