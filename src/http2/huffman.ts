// Decodes the Huffman code of HPACK: RFC 7541 section 5.2 and Appendix B.

/**
 * The length of each byte's code in bits, as a digit of base 36. The code is canonical: codes of the same length
 * follow each other in the order of their bytes, after all shorter ones.
 */
const LENGTHS =
  'dnsssssssoussussssssssusssssssss' +
  '6aacd68baa8b8666555666666678f6ca' +
  'd67777777777777777777777878djde6' +
  'f56565666577666567655677777fbeds' +
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnno' +
  'mlkmmnnlnmmolmnnllmlnmnnkmmmnmmn' +
  'qqkjmnmpqqqrrqopjlqrrqrollqqsrrr' +
  'koklmllnmmppooqnqrqqrrrrrsrrrrrq'
const SHORTEST = 5
const LONGEST = 30

/** The bytes in the order of their codes. */
const BYTES: number[] = []
/** By length of a code: the first code, the end of the codes, and the place of the first one's byte. */
const ENDS: number[] = []
const OFFSETS: number[] = []

for (let length = 0, code = 0; length <= LONGEST; length += 1, code *= 2) {
  OFFSETS[length] = BYTES.length - code
  for (let byte = 0; byte < LENGTHS.length; byte += 1) {
    if (Number.parseInt(LENGTHS.charAt(byte), 36) !== length) continue
    BYTES.push(byte)
    code += 1
  }
  ENDS[length] = code
}

/** The text of these bytes, each as a character; `undefined`: they are no such code. */
export function decodeHuffman(coded: Buffer): string | undefined {
  const text = Buffer.allocUnsafe(Math.ceil((coded.length * 8) / SHORTEST))
  let size = 0
  let code = 0
  let length = 0
  for (const byte of coded) {
    for (let shift = 7; shift >= 0; shift -= 1) {
      code = code * 2 + ((byte >> shift) & 1)
      length += 1
      if (code < (ENDS[length] ?? 0)) {
        text[size] = BYTES[code + (OFFSETS[length] ?? 0)] ?? 0
        size += 1
        code = 0
        length = 0
      } else if (length === LONGEST) return undefined
    }
  }
  // The rest are the first bits of a code of ones, and less than a byte.
  const isPadded = length < 8 && code === 2 ** length - 1
  return isPadded ? text.toString('latin1', 0, size) : undefined
}
