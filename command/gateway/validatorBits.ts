/** Bit i for validator i: how SubmitEnvelope says who else is handed the same bytes. */
export function validatorBits(validators: readonly number[]): number {
  return validators.reduce((bits, validator) => bits | (1 << validator), 0);
}
