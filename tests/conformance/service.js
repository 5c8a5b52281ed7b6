// A service of the program on a free port, for the scripts beside this one.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

// Resolves when it listens: the process and its address.
export async function serve(program, data, variables = {}) {
  const env = { ...process.env, ...variables };
  const service = spawn(program, ["--data-dir", data, "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "ignore"], env });
  const [line] = await once(createInterface({ input: service.stdout }), "line");
  return { service, url: line.match(/http:\S+/)[0] };
}

// A token of the program itself.
export function tokenOf(program, data, role) {
  return execFileSync(program, ["--data-dir", data, "token", "--role", role], { encoding: "utf8" }).trim();
}
