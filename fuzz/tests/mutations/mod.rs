//! Mutations of a corpus, drawn from a fixed seed, so that each run of a test makes the same ones.

/// An endless source of inputs.
pub(crate) struct Mutations<'a> {
    corpus: &'a [Vec<u8>],
    state: u64,
}

/// Bytes that mean something in one of the formats.
const TOKENS: [&[u8]; 24] = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b"\t",
    b":",
    b": ",
    b"\"",
    b"\\",
    b"\\u",
    b"/",
    b"%",
    b"%2e",
    b"..",
    b",",
    b";",
    b"=",
    b"-",
    b"\xc3\xa9",
    b"\xff",
    b"0",
    b"18446744073709551616",
    b"chunked",
];

const BYTES_MAX: usize = 4096;

impl<'a> Mutations<'a> {
    pub(crate) const fn of(corpus: &'a [Vec<u8>]) -> Self {
        Self { corpus, state: 0x10de }
    }

    /// An input of the corpus after one to eight changes.
    pub(crate) fn next(&mut self) -> Vec<u8> {
        let mut bytes = self.member();
        for _ in 0..=self.below(8) {
            self.change(&mut bytes);
        }
        bytes.truncate(BYTES_MAX);
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len() + 1);
        let end = (at + 1 + self.below(16)).min(bytes.len());
        match self.below(8) {
            0 | 1 => {
                let byte = self.byte();
                bytes.get_mut(at).into_iter().for_each(|old| *old = byte);
            }
            2 => {
                let bit = self.below(8);
                bytes.get_mut(at).into_iter().for_each(|old| *old ^= 1 << bit);
            }
            3 => drop(bytes.drain(at..end.max(at))),
            4 => {
                let again = bytes.get(at..end).unwrap_or_default().to_vec();
                bytes.splice(at..at, again);
            }
            5 => {
                let token = TOKENS[self.below(TOKENS.len())];
                bytes.splice(at..at, token.iter().copied());
            }
            6 => {
                let random: Vec<u8> = (0..=self.below(6)).map(|_| self.byte()).collect();
                bytes.splice(at..at, random);
            }
            _ => {
                let other = self.member();
                let from = self.below(other.len() + 1);
                bytes.splice(at.., other.get(from..).unwrap_or_default().iter().copied());
            }
        }
    }

    fn member(&mut self) -> Vec<u8> {
        let at = self.below(self.corpus.len());
        self.corpus[at].clone()
    }

    fn byte(&mut self) -> u8 {
        self.random().to_le_bytes()[0]
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.random() % bound as u64).unwrap()
    }

    /// SplitMix64.
    const fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
