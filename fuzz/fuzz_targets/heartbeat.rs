//! libFuzzer's way into [`lode_fuzz::heartbeat`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lode_fuzz::heartbeat(data));
