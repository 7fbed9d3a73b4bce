//! libFuzzer's way into [`lode_fuzz::text`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lode_fuzz::text(data));
