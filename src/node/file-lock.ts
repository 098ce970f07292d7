/**
 * Who writes a file that grows. A process announces itself by a file of its own beside the target, and then looks who else is there: of
 * two processes at least the later one sees the other. Announcements of processes that died are removed by whoever sees them; nothing
 * else ever removes one that is not its own, so that no two processes can both believe that they took over.
 */
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { unwritableFile } from "../ir/diagnostics/command.js";
import { fileTaken, lockLost } from "../ir/diagnostics/explore.js";
import { DiagnosticError } from "../ir/diagnostics.js";
import { reasonOf } from "./files.js";

export interface FileLock {
  /** @throws DiagnosticError when another process took this one for dead */
  requireHeld(): void;
  release(): void;
}

/** A process that announced itself. */
export interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When it started, as the system counts; 0 where it does not say. */
  readonly started: number;
}

export interface LockTimes {
  /** Between two signs of life, and how long a process on another machine may give none before it counts as dead; ms. */
  readonly beat: number;
  readonly patience: number;
}

const TIMES: LockTimes = { beat: 1000, patience: 30_000 };

/** Characters of a file's name that its locks repeat: names have a longest length. */
const LOCK_NAME = 50;

/**
 * Where a process on another machine announced itself, its signs of life are waited for.
 *
 * @param onWait - told whom it waits for, and how long at most, ms
 * @throws DiagnosticError when another process writes the file
 */
export async function lockFile(
  file: string,
  onWait: (holder: Holder, patience: number) => void,
  times: LockTimes = TIMES,
): Promise<FileLock> {
  const place = lockPlace(file);
  if (place === undefined) return { requireHeld() {}, release() {} };
  const own = join(place.folder, `${place.prefix}${printHolder(thisProcess())}.${randomBytes(4).toString("hex")}.lock`);
  writeBeat(file, own, 0, "wx");
  let beats = 0;
  const timer = setInterval(() => existsSync(own) && writeBeat(file, own, ++beats, "r+"), times.beat).unref();
  const remove = (): void => rmSync(own, { force: true });
  process.on("exit", remove);
  const release = (): void => {
    clearInterval(timer);
    process.off("exit", remove);
    remove();
  };
  try {
    for (const other of othersAt(place, own)) {
      const holder = parseHolder(basename(other).slice(place.prefix.length));
      if (holder === undefined) continue;
      if (!(await isDead(holder, other, onWait, times))) throw new DiagnosticError([fileTaken(file, holder, other)]);
      rmSync(other, { force: true });
    }
  } catch (cause) {
    release();
    throw cause;
  }
  return {
    requireHeld() {
      if (!existsSync(own)) throw new DiagnosticError([lockLost(file)]);
    },
    release,
  };
}

interface LockPlace {
  readonly folder: string;
  /** What the names of all locks of the file begin with. */
  readonly prefix: string;
}

/** The same for whatever names and links lead to a file; nothing for pipes and devices, which keep nothing. */
function lockPlace(file: string): LockPlace | undefined {
  const existing = statSync(file, { throwIfNoEntry: false });
  if (existing !== undefined && !existing.isFile()) return undefined;
  const target = existing === undefined ? join(realpathSync(dirname(file)), basename(file)) : realpathSync(file);
  const name = basename(target);
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return { folder: dirname(target), prefix: `.${name.slice(0, LOCK_NAME)}.${hash}.` };
}

function writeBeat(file: string, lock: string, count: number, flag: "wx" | "r+"): void {
  try {
    writeFileSync(lock, String(count), { flag });
  } catch (cause) {
    if (flag === "wx") throw new DiagnosticError([unwritableFile(file, reasonOf(cause))]);
  }
}

const othersAt = ({ folder, prefix }: LockPlace, own: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => name.startsWith(prefix) && name.endsWith(".lock"))
    .map((name) => join(folder, name))
    .filter((lock) => lock !== own);

async function isDead(
  holder: Holder,
  lock: string,
  onWait: (holder: Holder, patience: number) => void,
  times: LockTimes,
): Promise<boolean> {
  if (holder.host === hostname()) return !isRunning(holder);
  onWait(holder, times.patience);
  const before = textOf(lock);
  for (let waited = 0; waited < times.patience; waited += times.beat / 2) {
    await pause(times.beat / 2);
    const now = textOf(lock);
    if (now === undefined) return true; // it is done
    if (now !== before) return false;
  }
  return true;
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** A process of this machine; another one that was given its number later does not count. */
function isRunning({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (cause) {
    return reasonOf(cause) === "EPERM"; // somebody else's
  }
  const now = startOf(pid);
  return now === undefined || started === 0 || now === started;
}

/** When a process started, where the system says so; −1 of one that has ended and was not waited for. */
function startOf(pid: number): number | undefined {
  const text = textOf(`/proc/${pid}/stat`);
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" "); // the name of a program may hold anything
  if (fields === undefined) return undefined;
  return fields[0] === "Z" ? -1 : Number(fields[19]);
}

const thisProcess = (): Holder => ({ pid: process.pid, host: hostname(), started: startOf(process.pid) ?? 0 });

/** `<pid>-<start>-<host>`, for names of files. */
export const printHolder = ({ pid, started, host }: Holder): string => `${pid}-${started}-${encodeURIComponent(host)}`;

function parseHolder(text: string): Holder | undefined {
  const [, pid, started, host] = /^(\d+)-(\d+)-(.*)\.[0-9a-f]+\.lock$/.exec(text) ?? [];
  return host === undefined
    ? undefined
    : { pid: Number(pid), started: Number(started), host: decodeURIComponent(host) };
}
