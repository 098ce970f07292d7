/** One line on stderr that says how far a long command is; a terminal alone gets it. */
import type { MessageOptions } from "./output.js";

export const showsProgress = ({ quiet }: MessageOptions): boolean => process.stderr.isTTY === true && !quiet;

export const printProgress = (done: number, of: number, next: string): void =>
  void process.stderr.write(`\r\u001b[K${done}/${of} ${next}`);

export function clearProgress(flags: MessageOptions): void {
  if (showsProgress(flags)) process.stderr.write("\r\u001b[K");
}
