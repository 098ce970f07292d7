/**
 * Marks a branch that the compiler proves impossible: a new member of a union makes every switch over it fail to compile.
 *
 * @throws Error always; reaching it is a defect of Kerf
 */
export function unreachable(value: never): never {
  throw new Error(`unreachable case: ${JSON.stringify(value)}`);
}
