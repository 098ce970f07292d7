/** Times that benchmarks put into ratio: none of them means anything by itself. */
import { spawnSync } from "node:child_process";
import { ENTRY, REPOSITORY } from "../tests/support/cli.js";

const ROUNDS = 5;
/** Processor time that one round takes at least, and after which no further one starts, seconds. */
const ROUND = 0.05;
const ENOUGH = 3;

/** Processor time of this process for one run, seconds: the least of several rounds, after a first one that does not count. */
export function secondsOf(work: () => unknown): number {
  work();
  let least = Number.POSITIVE_INFINITY;
  const started = process.cpuUsage();
  for (let round = 0; round < ROUNDS && passedSince(started) < ENOUGH; round++) least = Math.min(least, perRun(work));
  return least;
}

function perRun(work: () => unknown): number {
  const started = process.cpuUsage();
  for (let runs = 1; ; runs++) {
    work();
    const seconds = passedSince(started);
    if (seconds >= ROUND) return seconds / runs;
  }
}

function passedSince(started: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(started);
  return (user + system) / 1e6;
}

/** Processor time of a process, and the most memory that it ever had. */
interface Usage {
  readonly seconds: number;
  readonly bytes: number;
}

/** Loaded before everything else; it reports at the end, after whatever the process itself printed. */
const REPORT = `data:text/javascript,process.on("exit",()=>{const{userCPUTime:u,systemCPUTime:s,maxRSS:m}=process.resourceUsage();process.stderr.write("\\n"+JSON.stringify({seconds:(u+s)/1e6,bytes:m*1024}))})`;

/** @throws Error when the command fails */
function usageOf(args: readonly string[]): Usage {
  const runs = Array.from({ length: 3 }, () => {
    const { status, stderr } = spawnSync(process.execPath, ["--import", REPORT, ...args], {
      cwd: REPOSITORY,
      encoding: "utf8",
      stdio: ["ignore", "ignore", "pipe"],
    });
    if (status !== 0) throw new Error(`'${args.join(" ")}' ends with ${status}: ${stderr}`);
    return JSON.parse(stderr.trimEnd().split("\n").at(-1)!) as Usage; // written above
  });
  return {
    seconds: Math.min(...runs.map(({ seconds }) => seconds)),
    bytes: Math.min(...runs.map(({ bytes }) => bytes)),
  };
}

/** An engine that does nothing. */
export const bareEngine = (): Usage => usageOf(["--eval", "0"]);

export const kerfUsage = (args: readonly string[]): Usage => usageOf([ENTRY, ...args]);
