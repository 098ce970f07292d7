/** What operators do to one axis of a map, said without the compiler's own maps: a second opinion on what is needed and how much is run. */

/** Indices from `lo` to before `hi`. */
export interface Span {
  readonly lo: number;
  readonly hi: number;
}

export const sizeOf = ({ lo, hi }: Span): number => hi - lo;

/** One axis of an operator's output. */
export interface AxisStep {
  readonly extent: number;
  /** Per input: the least interval of it with all that an interval of the output is computed from. */
  readonly needs: readonly ((output: Span) => Span | undefined)[];
  /** Loop iterations along the axis that an interval of the output takes. */
  readonly iterations: (output: Span) => number;
}

export interface Window {
  readonly taps: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
}

const hullOf = (indices: readonly number[]): Span | undefined =>
  indices.length === 0 ? undefined : { lo: Math.min(...indices), hi: Math.max(...indices) + 1 };

const range = (count: number, from = 0): readonly number[] => Array.from({ length: count }, (_, i) => from + i);
const indicesOf = (span: Span): readonly number[] => range(sizeOf(span), span.lo);

export function windowStep(from: number, { taps, stride, dilation, before, after }: Window): AxisStep {
  const reach = (taps - 1) * dilation + 1;
  /** Between its taps a dilated window asks for all. */
  const need = (output: Span) => {
    const spanned = indicesOf(output).flatMap((o) => range(reach, stride * o - before));
    return boxed(spanned, from);
  };
  return {
    extent: Math.floor((from + before + after - reach) / stride) + 1,
    needs: [need],
    iterations: (output) => sizeOf(output) * taps,
  };
}

/** The box of some indices; those in padding are left out. */
function boxed(indices: readonly number[], extent: number): Span | undefined {
  return hullOf(indices.filter((index) => index >= 0 && index < extent));
}

/** Input `i` and tap `f` write output `stride·i + dilation·f − before`; `after` outputs are cut off at the end. */
export function transposedStep(from: number, { taps, stride, dilation, before, after }: Window): AxisStep {
  const pairs = (output: Span) =>
    range(from).flatMap((i) =>
      range(taps).flatMap((f) => {
        const at = stride * i + dilation * f - before;
        return at >= output.lo && at < output.hi ? [i] : [];
      }),
    );
  /** Of taps that no multiple of the stride meets, the box is asked for as if they were met. */
  const need = (output: Span) => {
    const reach = (taps - 1) * dilation;
    const lo = Math.max(0, Math.ceil((output.lo + before - reach) / stride));
    const hi = Math.min(from, Math.floor((output.hi - 1 + before) / stride) + 1);
    return lo < hi ? { lo, hi } : undefined;
  };
  return {
    extent: (from - 1) * stride + (taps - 1) * dilation + 1 - before - after,
    needs: [need],
    iterations: (output) => pairs(output).length,
  };
}

/** Element by element, as many inputs as are asked for. */
export const equalStep = (extent: number, inputs = 1): AxisStep => ({
  extent,
  needs: range(inputs).map(() => (output: Span) => output),
  iterations: sizeOf,
});

/** Inputs one after the other. */
export function concatStep(extents: readonly number[]): AxisStep {
  const starts = extents.map((_, i) => extents.slice(0, i).reduce((a, b) => a + b, 0));
  const part = (i: number) => (output: Span) =>
    boxed(
      indicesOf(output).map((o) => o - starts[i]!),
      extents[i]!,
    );
  return { extent: extents.reduce((a, b) => a + b, 0), needs: extents.map((_, i) => part(i)), iterations: sizeOf };
}

export const resizeStep = (from: number, to: number): AxisStep => ({
  extent: to,
  needs: [(output) => hullOf(indicesOf(output).map((o) => Math.floor((o * from) / to)))],
  iterations: sizeOf,
});

export const sliceStep = (offset: number, step: number, extent: number): AxisStep => ({
  extent,
  needs: [(output) => hullOf(indicesOf(output).map((o) => offset + step * o))],
  iterations: sizeOf,
});

export const padStep = (from: number, before: number, after: number): AxisStep => ({
  extent: from + before + after,
  needs: [
    (output) =>
      boxed(
        indicesOf(output).map((o) => o - before),
        from,
      ),
  ],
  iterations: sizeOf,
});

/** Every output is a sum over the whole axis. */
export const sumStep = (from: number, extent: number): AxisStep => ({
  extent,
  needs: [() => ({ lo: 0, hi: from })],
  iterations: (output) => sizeOf(output) * from,
});
