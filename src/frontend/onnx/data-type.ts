/** Element types of ONNX tensors, by the numbers of `TensorProto.DataType`. */

export const DATA_TYPE = {
  undefined: 0,
  float: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  double: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
  uint4: 21,
  int4: 22,
} as const;

const { uint4, int4, uint8, int8, uint16, int16, int32, int64, uint32, uint64 } = DATA_TYPE;
const INTEGERS: readonly number[] = [uint4, int4, uint8, int8, uint16, int16, int32, int64, uint32, uint64];

/** Types that quantisation uses; wider ones hold sizes and positions, too. */
const QUANTISED_BITS: ReadonlyMap<number, number> = new Map([
  [uint4, 4],
  [int4, 4],
  [uint8, 8],
  [int8, 8],
  [uint16, 16],
  [int16, 16],
]);

/** Bits per element by type, from `FLOAT` on; texts have no fixed size, and no type has the number 0. */
const BITS = [
  [undefined, 32, 8, 8, 16, 16, 32, 64, undefined, 8, 16, 64, 32, 64], // … uint64
  [64, 128, 16, 8, 8, 8, 8, 4, 4, 4, 8, 2, 2], // complex, bfloat16, floats of 8 bits, 4 bits, a scale of 8, 2 bits
].flat();

export const isElementType = (type: number): boolean => type > 0 && type < BITS.length;

/** Bits that an element takes in a file; `undefined` for texts. */
export const elementBits = (type: number): number | undefined => BITS[type];

/** Bits per element of a quantised type; `undefined` for all others. */
export const quantisedBits = (type: number): number | undefined => QUANTISED_BITS.get(type);

/** Division of integers truncates. */
export const isInteger = (type: number): boolean => INTEGERS.includes(type);
