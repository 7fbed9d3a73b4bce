//! libFuzzer's way into [`lode_fuzz::locate_query`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lode_fuzz::locate_query(data));
