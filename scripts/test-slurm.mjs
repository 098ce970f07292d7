/**
 * Job arrays on a real Slurm: `npm run test:slurm`. Starts a cluster of one node on this machine, runs the array that `kerf explore
 * --emit slurm` writes with one task killed half-way, submits it again, merges, and compares with the sweep of one machine. Everything
 * stands in a folder of its own and ends with the script. Installs Debian's `slurm-wlm` and `munge` where it may; elsewhere it skips.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { cpus, hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../", import.meta.url));
const KERF = [process.execPath, join(REPOSITORY, "dist/cli/main.js")];
const SHARDS = 4;
/** Its task is killed. */
const VICTIM = 2;
/** Time that any step of the cluster may take, ms. */
const PATIENCE = 60_000;

const folder = mkdtempSync(join(tmpdir(), "kerf-slurm-"));
const SWEEP = [
  ...["explore", join(REPOSITORY, "models/workloads/mccnn.workload.yaml"), "--arch", "meta-prototype-df"],
  ...[
    "--cost-model",
    "defines",
    "--tiles",
    "8,30,60,120,240,480,1280x4,18,36,72,180,720",
    "--overlaps",
    "recompute,fully-cached",
  ],
];

/** @type {import("node:child_process").ChildProcess[]} */
const daemons = [];
/** @param {string} text */
const say = (text) => process.stdout.write(`${text}\n`);
/** @param {number} milliseconds */
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** @returns why there is no Slurm here and none can be installed */
function missingSlurm() {
  const isThere = () => ["munged", "slurmctld", "slurmd", "sbatch"].every(isCommand);
  if (isThere()) return process.getuid?.() === 0 ? undefined : "a cluster of one's own is started by root";
  if (process.getuid?.() !== 0) return "slurm-wlm and munge are not installed, and only root may install them";
  if (!isCommand("apt-get")) return "slurm-wlm and munge are not installed, and this is not a Debian";
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (/** @type {readonly string[]} */ ...args) => spawnSync("apt-get", args, { env, encoding: "utf8" });
  apt("update", "-qq");
  const { status, stderr } = apt("install", "-y", "-qq", "--no-install-recommends", "slurm-wlm", "munge");
  return status === 0 && isThere()
    ? undefined
    : `slurm-wlm and munge cannot be installed: ${stderr.trim().split("\n").at(-1)}`;
}

/** @param {string} name */
function isCommand(name) {
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  return spawnSync("sh", ["-c", `command -v ${name}`], { env }).status === 0;
}

/** A port that nobody listens at. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

const CONF = join(folder, "slurm.conf");
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, SLURM_CONF: CONF };

/**
 * @param {string} name
 * @param {readonly string[]} args
 */
function startDaemon(name, args) {
  const daemon = spawn(name, args, { env, stdio: "ignore" });
  daemon.on("error", (error) => say(`${name}: ${error.message}`));
  daemons.push(daemon);
}

async function startCluster() {
  const at = (/** @type {string} */ name) => join(folder, name);
  const node = hostname().split(".")[0];
  writeFileSync(at("munge.key"), randomBytes(128), { mode: 0o600 });
  for (const name of ["state", "spool", "munge"]) mkdirSync(at(name), { mode: 0o755 });
  const conf = {
    ClusterName: "kerf",
    SlurmctldHost: `${node}(127.0.0.1)`,
    SlurmctldPort: await freePort(),
    SlurmdPort: await freePort(),
    ...{ SlurmUser: "root", SlurmdUser: "root" },
    ...{ AuthType: "auth/munge", AuthInfo: `socket=${at("munge/socket")}`, CredType: "cred/munge" },
    ...{ StateSaveLocation: at("state"), SlurmdSpoolDir: at("spool") },
    ...{ SlurmctldPidFile: at("slurmctld.pid"), SlurmdPidFile: at("slurmd.pid") },
    ...{ SlurmctldLogFile: at("slurmctld.log"), SlurmdLogFile: at("slurmd.log") },
    ...{ ProctrackType: "proctrack/linuxproc", TaskPlugin: "task/none", MpiDefault: "none" },
    ...{ SelectType: "select/cons_tres", SelectTypeParameters: "CR_CPU", SchedulerType: "sched/backfill" },
    CommunicationParameters: "NoInAddrAny,NoCtldInAddrAny", // the loopback address alone
    ...{ JobAcctGatherType: "jobacct_gather/none", AccountingStorageType: "accounting_storage/none" },
    ...{ SlurmdParameters: "config_overrides", ReturnToService: 2, SchedulerParameters: "batch_sched_delay=0" },
  };
  writeFileSync(
    CONF,
    [
      ...Object.entries(conf).map(([key, value]) => `${key}=${value}`),
      `NodeName=${node} NodeAddr=127.0.0.1 CPUs=${Math.min(2, cpus().length)} State=UNKNOWN`,
      `PartitionName=main Nodes=${node} Default=YES MaxTime=INFINITE State=UP`,
      "",
    ].join("\n"),
  );
  const munge = [
    "key-file=munge.key",
    "socket=munge/socket",
    "pid-file=munge/pid",
    "log-file=munge/log",
    "seed-file=munge/seed",
  ];
  startDaemon("munged", [
    "--foreground",
    "--force",
    ...munge.map((option) => `--${option.replace("=", `=${folder}/`)}`),
  ]);
  await until("the authentication service", () => existsSync(at("munge/socket")));
  startDaemon("slurmctld", ["-D"]);
  startDaemon("slurmd", ["-D"]);
  await until("the node", () => slurm("sinfo", "-h", "-o", "%T") === "idle");
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 */
function slurm(command, ...args) {
  const { status, stdout, stderr } = spawnSync(command, args, { env, cwd: folder, encoding: "utf8" });
  return status === 0 ? stdout.trim() : `failed: ${stderr.trim()}`;
}

/**
 * @param {string} what
 * @param {() => boolean} condition
 */
async function until(what, condition) {
  for (const end = Date.now() + PATIENCE; Date.now() < end; await pause(50)) if (condition()) return;
  const logs = ["slurmctld.log", "slurmd.log", "munge/log"].filter((name) => existsSync(join(folder, name)));
  for (const name of logs) say(`-- ${name}\n${readFileSync(join(folder, name), "utf8").slice(-2000)}`);
  throw new Error(`waited in vain for ${what}`);
}

/** @param {readonly string[]} args */
const kerf = (...args) =>
  execFileSync(KERF[0] ?? "", [KERF[1] ?? "", ...args, "--quiet"], { cwd: folder, encoding: "utf8" });
/** @param {string} name */
const textOf = (name) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : "");
/** @param {string} name */
const lines = (name) => textOf(name).split("\n").slice(0, -1);
/** @param {number} shard */
const shardFile = (shard) => `sweep.${shard}-of-${SHARDS}.ndjson`;

/** @param {readonly string[]} options */
function submit(...options) {
  const answer = slurm("sbatch", "--parsable", `--export=ALL,KERF=${KERF.join(" ")}`, ...options, "sweep.sh");
  if (!/^\d+/.test(answer)) throw new Error(`sbatch: ${answer}`);
  return answer;
}

/** Process of the victim's `kerf`: the one in our folder with this shard on its command line. */
function victimProcess() {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const found = pids.find((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      return words.includes(`${VICTIM}/${SHARDS}`) && readlinkSync(`/proc/${pid}/cwd`) === folder;
    } catch {
      return false; // it ended meanwhile
    }
  });
  return found === undefined ? undefined : Number(found);
}

/** @param {boolean} condition @param {string} what */
function require(condition, what) {
  if (!condition) throw new Error(what);
  say(`  ${what}`);
}

async function test() {
  kerf(...SWEEP, "--shards", String(SHARDS), "--emit", "slurm", "--out", "sweep.sh");
  const first = submit();
  const size = () => lines(shardFile(VICTIM)).length;
  await until("the victim's first results", () => size() >= 3);
  const pid = victimProcess();
  if (pid === undefined) throw new Error("the task was done before it could be killed");
  process.kill(pid, "SIGKILL");
  const kept = size();
  await until("the array", () => slurm("squeue", "-h", "-j", first) === "" || slurm("squeue", "-h").trim() === "");
  const before = lines(shardFile(VICTIM));
  const points = Number(/A sweep of (\d+) points/.exec(textOf("sweep.sh"))?.[1]);
  require(before.length >= kept &&
    before.length < points / SHARDS, `task ${VICTIM} was killed after ${before.length} of ${points / SHARDS} points`);
  const merge = ["--merge", ...Array.from({ length: SHARDS }, (_, n) => shardFile(n + 1)), "--out", "merged.ndjson"];
  const refused = spawnSync(KERF[0] ?? "", [KERF[1] ?? "", "explore", ...merge], { cwd: folder, encoding: "utf8" });
  require(refused.status === 2 &&
    refused.stderr.includes(`shard ${VICTIM}/${SHARDS} is incomplete`), "merging names the incomplete shard");
  const second = submit();
  await until(
    "the second array",
    () => slurm("squeue", "-h", "-j", second) === "" || slurm("squeue", "-h").trim() === "",
  );
  const after = lines(shardFile(VICTIM));
  require(before.every((line, index) => line === after[index]), "the second run kept every finished line");
  kerf("explore", ...merge);
  kerf(...SWEEP, "--jobs", "2", "--out", "whole.ndjson");
  const whole = lines("whole.ndjson").sort();
  require(lines("merged.ndjson").sort().join("\n") ===
    whole.join("\n"), `merged and single-machine results are equal, all ${whole.length} lines`);
}

/** Ends what this script started, the controller last. */
async function stopCluster() {
  for (const daemon of daemons.toReversed()) {
    const closed = new Promise((resolve) => daemon.once("close", resolve));
    if (daemon.exitCode !== null || daemon.pid === undefined) continue;
    daemon.kill("SIGTERM");
    await Promise.race([closed, pause(5000).then(() => daemon.kill("SIGKILL"))]);
  }
}

const started = Date.now();
const reason = missingSlurm();
let failed = 0;
if (reason !== undefined) say(`skipped: ${reason}`);
else {
  try {
    await startCluster();
    say(`a cluster of one node, ${slurm("sinfo", "--version")}`);
    await test();
  } catch (error) {
    failed = 1;
    say(`failed: ${error instanceof Error ? error.message : error}`);
    for (let shard = 1; shard <= SHARDS; shard++) say(textOf(`sweep.${shard}-of-${SHARDS}.log`).slice(-500));
  } finally {
    await stopCluster();
  }
}
rmSync(folder, { recursive: true, force: true });
say(`${((Date.now() - started) / 1000).toFixed(0)} s`);
say(`${reason === undefined ? 1 - failed : 0} passed, ${failed} failed, ${reason === undefined ? 0 : 1} skipped`);
process.exitCode = failed;
