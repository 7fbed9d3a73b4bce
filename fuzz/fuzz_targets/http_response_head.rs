//! libFuzzer's way into [`lode_fuzz::http_response_head`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lode_fuzz::http_response_head(data));
