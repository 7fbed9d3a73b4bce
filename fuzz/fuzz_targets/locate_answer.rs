//! libFuzzer's way into [`lode_fuzz::locate_answer`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lode_fuzz::locate_answer(data));
