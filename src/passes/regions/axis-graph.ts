/** What the regions of a stack along one axis depend on (EM §1): extents, who reads what through which map, what leaves the stack. */
import type { AxisMap } from "../../ir/axis-map.js";
import type { Interval } from "../../ir/interval.js";

/** One operand of a layer of the stack that reads a tensor. A layer that reads it twice is two readers. */
export interface AxisReader {
  /** Tensor that the reading layer computes. */
  readonly output: string;
  /** How the layer indexes the tensor along this axis; `all`: it needs the whole axis, whatever it computes. */
  readonly map: AxisMap | "all";
  /** Size of the map's tap loop; 1 for maps without one. */
  readonly taps: number;
}

/** One tensor of a stack along one axis: computed by a layer of the stack, or one of its inputs. */
export interface AxisTensor {
  readonly id: string;
  readonly extent: number;
  /** Part that is also owed outside the stack. The stack's output is owed whole, whatever stands here. */
  readonly leaves?: Interval | undefined;
  /** Tiles are alike only if their regions begin at the same place modulo this. Absent: 1. */
  readonly period?: number;
  /** Whether overlap along this axis is kept; otherwise it is computed, or fetched, again. */
  readonly isKept: boolean;
  readonly readers: readonly AxisReader[];
}

/** One axis of a stack. */
export interface AxisGraph {
  /** Producers before consumers. */
  readonly tensors: readonly AxisTensor[];
  /** Tensor that is cut into tiles. */
  readonly output: string;
}
