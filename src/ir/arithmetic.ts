/** Arithmetic of whole numbers. */

/** Greatest common divisor of two numbers that are not negative; 0 of two zeros. */
export const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
