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
} as const;

const { uint8, int8, uint16, int16, int32, int64, uint32, uint64 } = DATA_TYPE;
const INTEGERS: readonly number[] = [uint8, int8, uint16, int16, int32, int64, uint32, uint64];

/** Division of integers truncates. */
export const isInteger = (type: number): boolean => INTEGERS.includes(type);
