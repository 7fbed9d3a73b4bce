//! libFuzzer's way into [`lode_fuzz::chunked_body`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lode_fuzz::chunked_body(data));
