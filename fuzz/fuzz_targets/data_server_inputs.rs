//! libFuzzer's way into [`lode_fuzz::data_server_inputs`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lode_fuzz::data_server_inputs(data));
