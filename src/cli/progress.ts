/** One line on stderr that says how far a long command is; a terminal alone gets it. */
import type { MessageOptions } from "./output.js";

export const showsProgress = ({ quiet }: MessageOptions): boolean => process.stderr.isTTY === true && !quiet;

export const printStatus = (text: string): void => void process.stderr.write(`\r\u001b[K${text}`);

export const printProgress = (done: number, of: number, next: string): void => printStatus(`${done}/${of} ${next}`);

export function clearProgress(flags: MessageOptions): void {
  if (showsProgress(flags)) process.stderr.write("\r\u001b[K");
}

/** Least time between two lines of progress, ms. */
const PAUSE = 100;

export interface ProgressClock {
  /** @param known - points that are done, those of earlier runs included */
  show(known: number): void;
}

/** Progress with the time that the rest will take, at the rate of this run. */
export function progressClock(
  points: number,
  knownAtStart: number,
  noun = "points",
  now: () => number = () => performance.now(),
): ProgressClock {
  const started = now();
  let shown = Number.NEGATIVE_INFINITY;
  return {
    show(known) {
      const time = now();
      if (time - shown < PAUSE && known < points) return;
      shown = time;
      process.stderr.write(
        `\r\u001b[K${progressLine(known, points, known - knownAtStart, (time - started) / 1000, noun)}`,
      );
    },
  };
}

/** `120/1080 points, 11 %, 34 points/s, 0:28 left`. */
function progressLine(known: number, points: number, done: number, seconds: number, noun: string): string {
  const rate = done / Math.max(seconds, 1e-3);
  const left = rate > 0 ? `, ${duration((points - known) / rate)} left` : "";
  const percent = Math.floor((100 * known) / Math.max(points, 1));
  return `${known}/${points} ${noun}, ${percent} %, ${rate.toPrecision(2)} ${noun}/s${left}`;
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const part = (n: number): string => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${part(minutes)}:${part(whole % 60)}` : `${minutes}:${part(whole % 60)}`;
}
